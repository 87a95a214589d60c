"""A daemon that is killed while it reads what is to be confirmed: the next one runs what ran."""

import os
import signal
import threading
from pathlib import Path

import pytest
from tests.daemon.daemons import Started

from netstrata.cli.client import Connection
from netstrata.control.errors import NoDaemon, Refusal
from netstrata.testing.child import wait_until

OLD = 'process one { println("+old"); }\n'
NEW = 'include "more.ncd"\nprocess one { println("+new"); }\n'


def printed(daemon: Started) -> list[str]:
    return [line for line in daemon.log.read_text().splitlines() if line[:1] in "+-"]


def state(folder: Path) -> str:
    return next((folder / "state").rglob("state")).read_text()


def test_the_program_that_was_being_read_does_not_run_until_somebody_asks_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "more.ncd")  # takes for ever to be read
    with Started(tmp_path, OLD, "--quiet") as daemon:
        wait_until("the old one", lambda: printed(daemon) == ["+old"])
        (tmp_path / "program.ncd").write_text(NEW)
        connection = daemon.connect()
        thread = threading.Thread(target=reload_in_vain, args=(connection,))
        thread.start()
        wait_until("the old one on disk", lambda: bool(list((tmp_path / "state").rglob("state"))))
        daemon.child.send_signal(signal.SIGKILL)
        thread.join(60)

    with Started(tmp_path, NEW, "--quiet") as daemon:
        wait_until("the old one", lambda: printed(daemon) == ["+old"])
        assert "was never confirmed" in daemon.log.read_text()
        os.unlink(tmp_path / "more.ncd")
        (tmp_path / "more.ncd").write_text('process two { println("+more"); }\n')
        daemon.connect().call("Reload")
        wait_until("the new one", lambda: sorted(printed(daemon)) == ["+more", "+new", "+old"])


def reload_in_vain(connection: Connection) -> None:
    with pytest.raises(NoDaemon):
        connection.call("Reload", confirm=60)


def test_a_refused_program_or_one_whose_client_is_gone_leaves_the_next_daemon_what_its_file_says(
    tmp_path: Path,
) -> None:
    with Started(tmp_path, OLD, "--quiet") as daemon:
        wait_until("the old one", lambda: printed(daemon) == ["+old"])
        (tmp_path / "program.ncd").write_text("process {")
        with pytest.raises(Refusal, match="Refused"):
            daemon.connect().call("Reload", confirm=60)
        wait_until("nothing on disk", lambda: '"pinned": null' in state(tmp_path))
        (tmp_path / "program.ncd").write_text(OLD)
        wait_until("a daemon that is not busy", lambda: is_free(daemon))

        os.mkfifo(tmp_path / "more.ncd")
        (tmp_path / "program.ncd").write_text(NEW)
        connection = daemon.connect()
        thread = threading.Thread(target=reload_in_vain, args=(connection,))
        thread.start()
        wait_until("the old one on disk", lambda: '"pinned": null' not in state(tmp_path))
        connection.close()
        thread.join(60)
        wait_until("nothing on disk", lambda: '"pinned": null' in state(tmp_path))
        (tmp_path / "program.ncd").write_text(OLD)
        wait_until("a daemon that is not busy", lambda: is_free(daemon))


def is_free(daemon: Started) -> bool:
    try:
        return daemon.connect().call("Plan")["changed"] is False
    except Refusal:
        return False
