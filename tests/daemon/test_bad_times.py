"""Changes of the program when it is a bad time for them, or with what is no good: a clear answer, nothing half done."""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.daemon.daemons import Started

from netstrata.cli.client import Connection
from netstrata.control.errors import Refusal
from netstrata.daemon.live.room import OF_TEXT, SPARE
from netstrata.testing.child import wait_until

PROGRAM = """
process lan { println("+lan"); rprintln("-lan"); provide("LAN"); }
process vpn { depend("LAN"); println("+vpn"); rprintln("-vpn"); call("greet", {"x"}); }
template greet { println("+", _arg0); rprintln("-", _arg0); }
template idle { println("+idle"); }
"""
ANY = 'process x { println("+x"); }'
NEVER = "10000000"  # milliseconds, which no test waits for


def printed(daemon: Started) -> list[str]:
    return [line for line in daemon.log.read_text().splitlines() if line.startswith(("+", "-"))]


def shows(daemon: Started, *wanted: str) -> None:
    wait_until(f"{wanted}", lambda: printed(daemon)[-len(wanted) :] == list(wanted))


def rewrite(folder: Path, text: str) -> None:
    (folder / "program.ncd").write_text(text)


def netstrata(daemon: Started, *words: str, text: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "netstrata", *words, "--control", daemon.path]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)


def states(daemon: Started) -> dict[str, str]:
    return {one["process"]: one["state"] for one in daemon.connect().call("Status")["processes"]}


def why_busy(daemon: Started, verb: str = "Reload", **given: Any) -> str:
    """Ask for something that is refused because something else is done; return what is said."""
    with pytest.raises(Refusal, match="Busy") as refused:
        daemon.connect().call(verb, **given)
    return str(refused.value.parameters["text"])


# Reload while the program comes up.


@pytest.mark.parametrize("waits", [f'sleep("{NEVER}");', 'depend("NOBODY");'])
def test_a_reload_while_it_comes_up_changes_what_is_there_and_what_comes(tmp_path: Path, waits: str) -> None:
    text = f'process main {{ println("+1"); rprintln("-1"); {waits} println("+2"); rprintln("-2"); }}'
    with Started(tmp_path, text, "--quiet") as daemon:
        shows(daemon, "+1")

        rewrite(tmp_path, text.replace('"+2"', '"+22"'))  # what has not begun
        assert daemon.connect().call("Reload") == {"changed": True, "steps": []}
        assert printed(daemon) == ["+1"]
        rewrite(tmp_path, text.replace('"+2"', '"+22"').replace(waits, ""))  # what is waited for

        daemon.connect().call("Reload")

        shows(daemon, "+1", "+22")
        assert states(daemon) == {"main": "complete"}


# Reload while something goes down.


def slow(gate: Path) -> str:
    """Return a program that takes until a file is there to be undone."""
    wait = f'run({{"/bin/sh", "-c", "until test -e {gate}; do sleep 0.02; done"}}, {{}});'
    return f"""
process main {{ println("+1"); rprintln("-1"); imperative("<none>", {{}}, "slow", {{}}, "{NEVER}"); println("+2"); }}
process other {{ println("+other"); rprintln("-other"); }}
template slow {{ println("-slow"); {wait} }}
"""


def test_a_reload_while_a_process_goes_down_waits_for_that_and_then_changes_it(tmp_path: Path) -> None:
    text = slow(tmp_path / "gate")
    with Started(tmp_path, text, "--quiet") as daemon:
        wait_until("all", lambda: len(printed(daemon)) == 3)
        daemon.connect().call("Restart", process="main")
        shows(daemon, "-slow")
        rewrite(tmp_path, text.replace("+1", "+11").replace("+other", "+others"))
        answers: list[dict[str, Any]] = []
        thread = threading.Thread(target=lambda: answers.append(daemon.connect().call("Reload")))
        thread.start()
        wait_until("what hangs keeps nobody waiting for ever", lambda: "+others" in printed(daemon))
        assert "is being changed" in why_busy(daemon)
        assert "+11" not in printed(daemon)

        (tmp_path / "gate").touch()

        thread.join(60)
        assert answers[0]["changed"]
        wait_until("the new one", lambda: printed(daemon)[-2:] == ["+11", "+2"])
        assert printed(daemon).count("-slow") == printed(daemon).count("-1") == 1
        assert states(daemon) == {"main": "complete", "other": "complete"}


def test_a_reload_while_the_daemon_ends_is_refused_and_it_ends(tmp_path: Path) -> None:
    text = slow(tmp_path / "gate")
    with Started(tmp_path, text, "--quiet") as daemon:
        wait_until("all", lambda: len(printed(daemon)) == 3)
        waiting = daemon.connect()
        daemon.child.send_signal(signal.SIGTERM)
        shows(daemon, "-slow")

        for verb, given in (("Reload", {}), ("Load", {"text": ANY}), ("Stop", {"process": "other"})):
            assert why_busy(daemon, verb, **given) == "is being undone, as the daemon ends"

        rewrite(tmp_path, text)
        (tmp_path / "gate").touch()
        assert daemon.child.wait(60) == 0
        assert printed(daemon)[-1] == "-1"
        waiting.close()


# Reload while a statement waits to be tried again.


def test_a_reload_while_it_waits_to_try_again_tries_what_differs_at_once_and_nothing_else(tmp_path: Path) -> None:
    text = """process a { println("+a"); rprintln("-a"); num_divide("4", "0") x; println("+x", x); }
              process b { println("+b"); rprintln("-b"); num_divide("4", "0") y; println("+y", y); }
              process c { println("+c"); rprintln("-c"); num_divide("4", "0") z; println("+z", z); }"""
    with Started(tmp_path, text, "--quiet", "--retry-time", NEVER) as daemon:
        wait_until("all fail", lambda: list(states(daemon).values()) == ["failed"] * 3)
        before = printed(daemon)

        rewrite(tmp_path, text.replace('"0") x', '"2") x').replace("process c", "process d"))
        daemon.connect().call("Reload")

        wait_until("what was mended", lambda: "+x2" in printed(daemon))
        wait_until("what has another name", lambda: states(daemon) == {"a": "complete", "b": "failed", "d": "failed"})
        assert sorted(printed(daemon)[len(before) :]) == ["+c", "+x2", "-c"]
        assert daemon.connect().call("Retry")["processes"] == ["b", "d"]


# While another one waits to be confirmed.

CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("Reload", {}),
    ("Reload", {"confirm": 5}),
    ("Load", {"text": ANY}),
    ("Replace", {"process": "vpn", "text": 'process vpn { println("+other"); }'}),
    ("Unload", {"process": "vpn"}),
    ("Stop", {"process": "vpn"}),
    ("Start", {"process": "vpn"}),
    ("Spawn", {"template": "idle", "arguments": [], "name": "y"}),
]


def test_while_a_program_waits_to_be_confirmed_it_is_said_what_comes_first(tmp_path: Path) -> None:
    with Started(tmp_path, PROGRAM, "--quiet") as daemon:
        wait_until("all", lambda: len(printed(daemon)) == 3)
        rewrite(tmp_path, PROGRAM.replace("+lan", "+new"))
        daemon.connect().call("Reload", confirm=1000)
        before, awaited = printed(daemon), daemon.connect().call("Program")["awaited"]["previous"]
        rewrite(tmp_path, PROGRAM.replace("+lan", "+newer"))

        for verb, given in CHANGES:
            said = why_busy(daemon, verb, **given)
            assert said.endswith("s more to be confirmed: `netstrata confirm` or `netstrata revert` comes first")

        assert netstrata(daemon, "plan").returncode == 10  # which changes nothing
        assert netstrata(daemon, "reload").returncode == 1
        assert (printed(daemon), daemon.connect().call("Program")["awaited"]["previous"]) == (before, awaited)
        daemon.connect().call("Confirm")
        daemon.connect().call("Reload")
        wait_until("the newer one", lambda: "+newer" in printed(daemon))


# A program that does not fit in memory.


def size_of(daemon: Started) -> int:
    """Return how much address space a daemon has, in bytes; source: proc_pid_statm(5)."""
    return int(Path(f"/proc/{daemon.child.pid}/statm").read_text().split()[0]) * resource.getpagesize()


@contextlib.contextmanager
def short_of_memory(daemon: Started, left: int) -> Iterator[None]:
    """Have the kernel give a daemon only so much more memory."""
    before = resource.prlimit(daemon.child.pid, resource.RLIMIT_AS)
    resource.prlimit(daemon.child.pid, resource.RLIMIT_AS, (size_of(daemon) + left, before[1]))
    try:
        yield
    finally:
        resource.prlimit(daemon.child.pid, resource.RLIMIT_AS, before)


def large(processes: int) -> str:
    return "".join(f'process p{number} {{ var("{number}") x; println("+", x); }}\n' for number in range(processes))


@pytest.mark.parametrize(
    ("verb", "megabytes"),
    [*(("Reload", left) for left in (0, 4, 16, 32, 64)), *(("Load", left) for left in (4, 16, 32, 64))],
)
def test_a_program_that_does_not_fit_in_memory_is_refused_and_nothing_is_changed(
    tmp_path: Path, verb: str, megabytes: int
) -> None:
    """CPython 3.11.7: with 24 to 32 MiB more than it had, the daemon did not survive a text of 450 kB that was loaded.

    It began, and met MemoryError in asyncio, or SIGSEGV where asyncio told of that.  With nothing left at all a call
    that brings its text cannot even be heard, and loses its connection.
    """
    with Started(tmp_path, PROGRAM, "--quiet") as daemon:
        wait_until("all", lambda: len(printed(daemon)) == 3)
        before = daemon.connect().call("Program")
        rewrite(tmp_path, PROGRAM + large(20_000))
        given = {"text": large(15_000)} if verb == "Load" else {}

        with short_of_memory(daemon, megabytes << 20), pytest.raises(Refusal) as refused:
            daemon.connect().call(verb, **given)

        assert refused.value.name == "Unavailable"
        assert "memory" in refused.value.parameters["text"]
        assert daemon.connect().call("Program") == before
        assert sorted(printed(daemon)) == ["+lan", "+vpn", "+x"]
        rewrite(tmp_path, PROGRAM + 'process more { println("+more"); }')
        daemon.connect().call("Reload")
        wait_until("a smaller one", lambda: "+more" in printed(daemon))


TEXTS = {
    "processes": large(5_000),
    "statements": "process all {\n" + "".join(f'  println("+{number}");\n' for number in range(10_000)) + "}\n",
    "blocks": "".join(f'process i{number} {{ If ("true") {{ println("+"); }}; }}\n' for number in range(3_000)),
    "values": "process v { var({" + ", ".join('"a"' for _ in range(20_000)) + "}) x; }\n",
}


@pytest.mark.parametrize("kind", TEXTS)
def test_a_program_takes_no_more_memory_than_is_asked_for_before(tmp_path: Path, kind: str) -> None:
    """CPython 3.11.7: 20 to 130 bytes for each byte of these texts, 3 kB for each statement that runs."""
    with Started(tmp_path, PROGRAM, "--quiet") as daemon:
        wait_until("all", lambda: len(printed(daemon)) == 3)
        before = most_resident(daemon)
        rewrite(tmp_path, PROGRAM + TEXTS[kind])

        Connection(daemon.path, 200).call("Reload")

        assert 0 < most_resident(daemon) - before < SPARE + OF_TEXT * len(TEXTS[kind])


def most_resident(daemon: Started) -> int:
    """Return the most memory that a daemon has had, in bytes; source: proc_pid_status(5)."""
    text = Path(f"/proc/{daemon.child.pid}/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) << 10


# Two clients at once.


def test_of_many_clients_at_once_each_is_done_or_refused_as_a_whole(tmp_path: Path) -> None:
    with Started(tmp_path, PROGRAM, "--quiet") as daemon:
        wait_until("all", lambda: len(printed(daemon)) == 3)
        done: dict[int, str] = {}
        barrier = threading.Barrier(20)

        def load(number: int) -> None:
            connection = daemon.connect()
            barrier.wait()
            try:
                connection.call("Load", text=f'process q{number} {{ println("+q{number}"); }}')
                done[number] = ""
            except Refusal as refusal:
                done[number] = refusal.name

        threads = [threading.Thread(target=load, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        assert set(done.values()) <= {"", "Busy"}
        loaded = {f"q{number}" for number, refused in done.items() if not refused}
        assert len(loaded) > 0
        assert states(daemon).keys() == {"lan", "vpn", *loaded}
        assert {one["process"] for one in daemon.connect().call("Program")["changes"]} == loaded
        numbers = [one["number"] for one in daemon.connect().call("Program")["versions"]]
        assert numbers == list(range(1, 2 + len(loaded)))


# What exists, and what others stand on.


@pytest.mark.parametrize("name", ["lan", "greet", "loaded", "stopped"])
def test_a_name_that_is_there_in_any_way_cannot_be_loaded(tmp_path: Path, name: str) -> None:
    with Started(tmp_path, PROGRAM + 'process stopped { println("s"); }', "--quiet") as daemon:
        wait_until("all", lambda: len(printed(daemon)) == 3)
        daemon.connect().call("Load", text='process loaded { println("l"); }')
        daemon.connect().call("Stop", process="stopped")
        before = daemon.connect().call("Program")

        text = f'process new {{ println("n"); }}\ntemplate {name} {{ println("t"); }}'
        ran = netstrata(daemon, "load", "-", text=text)

        assert ran.returncode == 1
        assert f"there is a process or template `{name}` already" in ran.stderr
        assert "<stdin>:2:10" in ran.stderr
        assert daemon.connect().call("Program") == before
        assert "new" not in states(daemon)


def test_a_template_that_somebody_runs_is_unloaded_only_by_force_and_one_that_nobody_runs_is(tmp_path: Path) -> None:
    with Started(tmp_path, PROGRAM, "--quiet") as daemon:
        wait_until("all", lambda: len(printed(daemon)) == 3)
        before = printed(daemon)

        ran = netstrata(daemon, "unload", "greet")

        assert ran.returncode == 1
        assert "vpn stands on greet" in ran.stderr
        assert netstrata(daemon, "unload", "idle").returncode == 0
        assert printed(daemon) == before
        assert netstrata(daemon, "unload", "greet", "--force").returncode == 0
        wait_until("it is gone", lambda: states(daemon) == {"lan": "complete", "vpn": "failed"})
        assert printed(daemon)[len(before) :] == ["-x"]


# What cannot be read, or kept.


def test_what_cannot_be_kept_is_not_begun(tmp_path: Path) -> None:
    with Started(tmp_path, PROGRAM, "--quiet") as daemon:
        wait_until("all", lambda: len(printed(daemon)) == 3)
        before = printed(daemon)
        (tmp_path / "state").write_text("no folder") if not (tmp_path / "state").exists() else None
        rewrite(tmp_path, PROGRAM.replace("+lan", "+new"))

        for words in (("reload", "--confirm", "5"), ("stop", "vpn", "--persist")):
            ran = netstrata(daemon, *words)
            assert (ran.returncode, "the program cannot be kept on disk" in ran.stderr) == (1, True), ran.stderr

        assert printed(daemon) == before
        assert "awaited" not in daemon.connect().call("Program")
        assert netstrata(daemon, "reload").returncode == 0  # needs no disk
        wait_until("the new one", lambda: "+new" in printed(daemon))


def test_a_file_that_is_not_there_any_more_is_named_by_the_command(tmp_path: Path) -> None:
    with Started(tmp_path, PROGRAM, "--quiet") as daemon:
        for words in (("load", f"{tmp_path}/gone.ncd"), ("replace", "vpn", f"{tmp_path}/gone.ncd")):
            ran = netstrata(daemon, *words)

            assert ran.returncode == 1
            assert ran.stderr == f"error: {tmp_path}/gone.ncd: No such file or directory\n"
        assert daemon.connect().call("Program")["changes"] == []
        assert os.listdir(tmp_path)
