"""`run --watch`: a daemon that reads its program again when the files have changed, however they were written."""

import fcntl
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.daemon.daemons import Started

from netstrata.control.errors import Refusal
from netstrata.testing.child import wait_until

HALF = 'process one { println("+1"); rprintln("-1"); }\n'
OLD = HALF + 'process two { println("+2"); rprintln("-2"); }\n'
NEW = OLD.replace("+2", "+22")


def printed(daemon: Started) -> list[str]:
    return [line for line in daemon.log.read_text().splitlines() if line[:1] in "+-"]


def changed(daemon: Started) -> list[str]:
    """Return what was printed after the program has begun."""
    return printed(daemon)[2:]


def ready(daemon: Started) -> None:
    wait_until("the program", lambda: len(printed(daemon)) == 2)


def told(daemon: Started) -> list[str]:
    return [event["text"] for event in daemon.connect().call("Watch", kind="control")["events"]]


def problem(daemon: Started) -> str:
    found: str = daemon.connect().call("Program").get("problem", "")
    return found


def status(daemon: Started) -> str:
    words = [sys.executable, "-m", "netstrata", "status", "--control", daemon.path]
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout


def renamed_over(path: Path, text: str) -> None:
    (path.parent / "new").write_text(text)
    os.rename(path.parent / "new", path)


def truncated(path: Path, text: str) -> None:
    path.write_text(text)


def written_in_pieces(path: Path, text: str) -> None:
    with path.open("w") as file:
        for letter in text:
            file.write(letter)
            file.flush()


def backed_up(path: Path, text: str) -> None:
    """Write as vim 9.0 does with `set backup backupcopy=no`: the old file is renamed, a new one made."""
    os.rename(path, f"{path}~")
    path.write_text(text)


def by_another_name(path: Path, text: str) -> None:
    """Write it where no folder on its path sees it."""
    other = path.parent.parent / "other"
    os.link(path, other)
    other.write_text(text)


def folder_replaced(path: Path, text: str) -> None:
    new = path.parent.parent / "new"
    new.mkdir()
    (new / path.name).write_text(text)
    os.rename(path.parent, path.parent.parent / "old")
    os.rename(new, path.parent)


def folder_removed(path: Path, text: str) -> None:
    shutil.rmtree(path.parent)
    path.parent.mkdir()
    path.write_text(text)


WAYS = [renamed_over, truncated, written_in_pieces, backed_up, by_another_name, folder_replaced, folder_removed]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """The file of a program that includes another one, in a folder of its own."""
    folder = tmp_path / "etc" / "netstrata"
    folder.mkdir(parents=True)
    (folder / "included.ncd").write_text(OLD)
    return folder / "included.ncd"


def including(program: Path) -> str:
    return f'include "{program}"\n'


@pytest.mark.parametrize("write", WAYS)
def test_a_file_is_read_again_however_it_was_written(
    tmp_path: Path, program: Path, write: Callable[[Path, str], None]
) -> None:
    with Started(tmp_path, including(program), "--quiet", "--watch") as daemon:
        ready(daemon)

        write(program, NEW)

        wait_until("the new one", lambda: changed(daemon) == ["-2", "+22"])
        write_again = renamed_over if write is by_another_name else truncated
        write_again(program, OLD)
        wait_until("the old one", lambda: changed(daemon) == ["-2", "+22", "-2", "+2"])
        assert told(daemon) == ["asked for reload (the file changed)"] * 2


def test_a_link_that_is_switched_is_followed(tmp_path: Path) -> None:
    """As Kubernetes mounts a ConfigMap: file -> ..data/file, ..data -> ..2024, and a rename replaces the latter."""
    for version, text in (("..1", OLD), ("..2", NEW)):
        (tmp_path / version).mkdir()
        (tmp_path / version / "file.ncd").write_text(text)
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "file.ncd").symlink_to("..data/file.ncd")
    with Started(tmp_path, 'include "file.ncd"\n', "--quiet", "--watch") as daemon:
        ready(daemon)
        (tmp_path / "..new").symlink_to(tmp_path / "..2")  # another time as an absolute one

        os.rename(tmp_path / "..new", tmp_path / "..data")

        wait_until("the new one", lambda: changed(daemon) == ["-2", "+22"])
        # What the link has led to before is nobody's business any more; what it leads to now is.
        (tmp_path / "..1" / "file.ncd").write_text("process {")
        (tmp_path / "..2" / "file.ncd").write_text(OLD)
        wait_until("the old one", lambda: changed(daemon) == ["-2", "+22", "-2", "+2"])
        assert told(daemon) == ["asked for reload (the file changed)"] * 2


def test_a_file_that_somebody_has_open_for_writing_is_not_read(tmp_path: Path) -> None:
    with Started(tmp_path, OLD, "--quiet", "--watch") as daemon:
        ready(daemon)
        program = tmp_path / "program.ncd"

        with program.open("w") as file:
            file.write(HALF)  # is a program, too
            file.flush()
            wait_until("it is seen", lambda: problem(daemon) != "")
            assert problem(daemon) == f"{program} is being written; it is read when who writes it has closed it"
            assert status(daemon).splitlines()[0] == problem(daemon)
            file.write('process three { println("+3"); }\n')

        wait_until("the whole of it", lambda: changed(daemon) == ["-2", "+3"])
        assert problem(daemon) == ""
        assert told(daemon) == ["asked for reload (the file changed)"]


def test_a_file_that_can_be_read_later_without_any_event_is_looked_at_again(tmp_path: Path, program: Path) -> None:
    """Linux 6.18, ext4: a file that was closed may still count as open for writing after the event that says so, for
    as long as the disk takes.  A lease to write is alike, as long as one likes: nothing tells that it is given back."""
    with Started(tmp_path, including(program), "--quiet", "--watch") as daemon:
        ready(daemon)
        renamed_over(program, NEW)
        with program.open() as leased:
            fcntl.fcntl(leased, fcntl.F_SETSIG, signal.SIGURG)  # to whom is told that somebody wants to read it
            fcntl.fcntl(leased, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            wait_until("it is seen", lambda: "is being written" in problem(daemon))
            assert changed(daemon) == []

            fcntl.fcntl(leased, fcntl.F_SETLEASE, fcntl.F_UNLCK)

            wait_until("the new one", lambda: changed(daemon) == ["-2", "+22"])
        assert told(daemon) == ["asked for reload (the file changed)"]


def test_a_new_file_that_is_included_is_not_read_while_it_is_written(tmp_path: Path) -> None:
    with Started(tmp_path, OLD, "--quiet", "--watch") as daemon:
        ready(daemon)
        with (tmp_path / "more.ncd").open("w") as file:
            (tmp_path / "program.ncd").write_text('include "more.ncd"\n')
            wait_until("it is seen", lambda: "more.ncd is being written" in problem(daemon))
            assert changed(daemon) == []
            file.write(NEW)

        wait_until("the whole of it", lambda: changed(daemon) == ["-2", "+22"])
        assert told(daemon) == ["asked for reload (the file changed)"]


def test_a_file_that_vanishes_is_told_and_read_when_it_comes_back(tmp_path: Path, program: Path) -> None:
    with Started(tmp_path, including(program), "--quiet", "--watch") as daemon:
        ready(daemon)

        shutil.rmtree(program.parent.parent)

        wait_until("it is told", lambda: "cannot read" in problem(daemon))
        assert f"{program}: No such file or directory" in problem(daemon)
        assert f"{tmp_path}/program.ncd:1:9" in problem(daemon)
        program.parent.mkdir(parents=True)
        program.write_text(NEW)
        wait_until("the new one", lambda: changed(daemon) == ["-2", "+22"])
        assert problem(daemon) == ""


def test_what_is_refused_changes_nothing_and_is_told_once(tmp_path: Path, program: Path) -> None:
    with Started(tmp_path, including(program), "--quiet", "--watch") as daemon:
        ready(daemon)

        program.write_text(OLD + "process {\n")

        wait_until("it is told", lambda: problem(daemon) != "")
        assert re.search(rf"expected .*\n +--> {program}:3:9", daemon.log.read_text())
        lines = status(daemon).splitlines()
        assert lines[0] == "the program's file has changed, and is refused; all stays as it is:"
        assert f" --> {program}:3:9" in lines
        # The same once more is nothing new, nor is what runs.
        (tmp_path / "program.ncd").write_text(including(program))
        renamed_over(program, OLD + "process {\n")
        os.utime(program)
        with program.open("a"):
            wait_until("it has looked", lambda: "is being written" in problem(daemon))
        wait_until("it has looked again", lambda: "is refused" in problem(daemon))
        program.write_text(OLD + "process x\n")
        wait_until("another problem", lambda: daemon.log.read_text().count("and is refused") == 2)
        program.write_text(OLD)
        wait_until("it is over", lambda: problem(daemon) == "")
        assert "refused" not in status(daemon)
        assert changed(daemon) == []
        assert len(told(daemon)) == 2


def test_history_says_that_the_file_has_changed_and_what_was_gone_back_from_is_not_read_again(tmp_path: Path) -> None:
    with Started(tmp_path, OLD, "--quiet", "--watch") as daemon:
        ready(daemon)
        program = tmp_path / "program.ncd"
        program.write_text(NEW)
        wait_until("the new one", lambda: changed(daemon) == ["-2", "+22"])
        wait_until("it is kept", lambda: len(versions(daemon)) == 2)
        assert (versions(daemon)[-1]["who"], versions(daemon)[-1]["why"]) == ("the file changed", "reload")
        wait_until("the change to be over", lambda: reverts(daemon))

        os.utime(program)
        with program.open("a"):
            wait_until("it has looked", lambda: "is being written" in problem(daemon))
        wait_until("it has looked again", lambda: problem(daemon) == "")

        assert changed(daemon) == ["-2", "+22", "-2", "+2"]
        program.write_text(NEW.replace("22", "222"))
        wait_until("another one", lambda: changed(daemon)[4:] == ["-2", "+222"])


def reverts(daemon: Started) -> bool:
    try:
        daemon.connect().call("Revert")
    except Refusal as refusal:
        if refusal.name == "Busy":
            return False
        raise
    return True


def versions(daemon: Started) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = daemon.connect().call("Program")["versions"]
    return found


@pytest.mark.parametrize("kept", [True, False])
def test_a_file_that_changes_while_a_program_waits_to_be_confirmed_waits_too(tmp_path: Path, kept: bool) -> None:
    with Started(tmp_path, OLD, "--quiet", "--watch") as daemon:
        ready(daemon)
        program = tmp_path / "program.ncd"
        daemon.connect().call("Replace", process="one", text='process one { println("+11"); }', confirm=1000)
        program.write_text(NEW)
        wait_until("it is told", lambda: "waits to be confirmed" in problem(daemon))
        assert changed(daemon) == ["-1", "+11"]

        daemon.connect().call("Confirm" if kept else "Revert")

        if kept:
            wait_until("the new one", lambda: changed(daemon)[2:] == ["-2", "+22"])
            assert problem(daemon) == ""
        else:
            wait_until("it is told", lambda: "`netstrata reload` reads it" in problem(daemon))
            assert changed(daemon)[2:] == ["+1"]
            daemon.connect().call("Reload")
            assert changed(daemon)[3:] == ["-2", "+22"]
            assert problem(daemon) == ""


def test_files_that_somebody_else_has_read_meanwhile_are_watched(tmp_path: Path, program: Path) -> None:
    with Started(tmp_path, OLD, "--quiet", "--watch") as daemon:
        ready(daemon)
        with (tmp_path / "program.ncd").open("w") as file:  # which keeps all but who asks from reading it
            file.write(including(program))
            file.flush()
            daemon.connect().call("Reload")
        wait_until("its files are watched", lambda: watched(daemon) > 3)

        program.write_text(NEW)

        wait_until("the new one", lambda: changed(daemon) == ["-2", "+22"])


def queues(daemon: Started) -> list[str]:
    """Return what /proc tells of the inotify queues of a daemon; one that is made anew meanwhile is none."""
    found = []
    for one in Path(f"/proc/{daemon.child.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            if "inotify" in os.readlink(one):
                found.append(Path(str(one).replace("/fd/", "/fdinfo/")).read_text())
    return found


def watched(daemon: Started) -> int:
    """Return how many names and files it watches."""
    return sum(text.count("inotify wd") for text in queues(daemon))


def test_nothing_is_watched_unless_it_is_asked_for_and_nothing_is_left_open(tmp_path: Path) -> None:
    with Started(tmp_path, OLD, "--quiet") as daemon:
        ready(daemon)
        assert queues(daemon) == []
    with Started(tmp_path, OLD, "--quiet", "--watch") as daemon:
        ready(daemon)
        wait_until("it watches", lambda: watched(daemon) > 1)
        for number in range(3, 6):
            (tmp_path / "program.ncd").write_text(OLD.replace("+2", f"+{number}"))
            wait_until("it", lambda number=number: printed(daemon)[-1] == f"+{number}")  # type: ignore[misc]
        wait_until("only one", lambda: len(queues(daemon)) == 1)


def test_a_file_that_changes_while_no_daemon_watches_is_looked_at_first(tmp_path: Path) -> None:
    with Started(tmp_path, OLD, "--quiet", "--watch") as daemon:
        ready(daemon)
        daemon.connect().call("Replace", process="one", text='process one { println("+11"); }', confirm=1000)
        daemon.child.send_signal(signal.SIGKILL)

    with Started(tmp_path, NEW, "--quiet", "--watch") as daemon:
        wait_until("it is told", lambda: "waits to be confirmed" in problem(daemon))
        assert sorted(printed(daemon)) == ["+11", "+2"]
        daemon.connect().call("Confirm")
        wait_until("the new one", lambda: changed(daemon) == ["-2", "+22"])


def test_a_daemon_without_a_socket_watches_too(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "netstrata", "run", "--quiet", "--watch", "--control", "none"]
    program, log = tmp_path / "program.ncd", tmp_path / "log"
    program.write_text(OLD)
    with log.open("wb") as file:
        child = subprocess.Popen([*words, "--state", str(tmp_path / "state"), str(program)], stdout=file, stderr=file)
    try:
        wait_until("the program", lambda: log.read_text().count("+") == 2)
        program.write_text(NEW)
        wait_until("the new one", lambda: "+22" in log.read_text())
    finally:
        child.send_signal(signal.SIGTERM)
        assert child.wait(60) == 0
    assert sorted(log.read_text().split()[-2:]) == ["-1", "-2"]


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    with Started(tmp_path, OLD, "--quiet", "--watch") as daemon:
        ready(daemon)
        os.unlink(tmp_path / "program.ncd")

        os.mkfifo(tmp_path / "program.ncd")

        wait_until("it is told", lambda: "it is no regular file" in problem(daemon))
        os.unlink(tmp_path / "program.ncd")
        (tmp_path / "program.ncd").write_text(NEW)
        wait_until("the new one", lambda: changed(daemon) == ["-2", "+22"])
