"""Entries for the journal, as a socket of our own hears them."""

import array
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.logs.log_format import LogFormat
from netstrata.daemon.logs.systemd_journal import SystemdJournal, is_standard_error
from netstrata.engine.environment import Retry
from netstrata.testing.play import Play


class Listener:
    """What journald is to those who log."""

    def __init__(self, path: Path) -> None:
        self.path = str(path)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(self.path)

    def entries(self) -> list[dict[str, bytes]]:
        """Return the entries that have come."""
        found: list[dict[str, bytes]] = []
        while True:
            try:
                data, rights, _, _ = self._socket.recvmsg(1 << 20, 256)
            except BlockingIOError:
                return found
            found.append(read(_contents(rights) if rights else data))

    def close(self) -> None:
        """Hear nothing more."""
        self._socket.close()


def _contents(rights: list[tuple[int, int, bytes]]) -> bytes:
    [file] = array.array("i", rights[0][2])
    with os.fdopen(file, "rb") as opened:
        opened.seek(0)
        with pytest.raises(PermissionError):  # sealed: nobody changes it any more
            os.ftruncate(opened.fileno(), 0)
        return opened.read()


def read(data: bytes) -> dict[str, bytes]:
    """Read an entry as the protocol is described."""
    found: dict[str, bytes] = {}
    while data:
        line, _, data = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            size = int.from_bytes(data[:8], "little")
            value = data[8 : 8 + size]
            assert data[8 + size : 9 + size] == b"\n"
            data = data[9 + size :]
        found[name.decode()] = value
    return found


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[Listener]:
    """Return a listener."""
    listener = Listener(tmp_path / "socket")
    yield listener
    listener.close()


def told(path: str, text: str, transitions: bool = True) -> tuple[Play, EventLog]:
    """Play a program for a journal."""
    stream = EventLog(Retry(5000))
    stream.subscribe(SystemdJournal(LogFormat(lambda line: None, transitions), path).on_event)
    return Play(text, observer=stream), stream


def test_an_entry_says_what_happened_where_and_how_much_it_matters(listener: Listener) -> None:
    told(listener.path, 'process wan {\n  var("x") v;\n}')

    [up] = listener.entries()

    assert up == {
        "MESSAGE": b"wan.1 var play.ncd:2:3 down -> up value=x",
        "SYSLOG_IDENTIFIER": b"netstrata",
        "PRIORITY": b"6",
        "NETSTRATA_KIND": b"transition",
        "NETSTRATA_SEQ": b"4",
        "NETSTRATA_PROCESS": b"wan",
        "NETSTRATA_STATEMENT": b"1",
        "NETSTRATA_NAME": b"var",
        "NETSTRATA_LAYER": b"0",
        "NETSTRATA_FROM": b"down",
        "NETSTRATA_TO": b"up",
        "CODE_FILE": b"play.ncd",
        "CODE_LINE": b"2",
    }


def test_a_failure_is_an_error_of_several_lines(listener: Listener) -> None:
    told(listener.path, 'process wan { sleep("soon"); }', transitions=False)

    [entry] = listener.entries()

    assert (entry["PRIORITY"], entry["NETSTRATA_KIND"]) == (b"3", b"error")
    assert entry["MESSAGE"].startswith(b"error: expected a time")
    assert entry["MESSAGE"].count(b"\n") >= 4


def test_a_childs_line_has_the_childs_name_and_id(listener: Listener) -> None:
    play, stream = told(listener.path, 'process wan { sleep("5"); }', transitions=False)
    statement = play.engine.roots["wan"].statements[0]
    assert statement is not None

    stream.heard(statement, "openvpn", 77, "TLS=ok")

    [entry] = listener.entries()
    assert entry["MESSAGE"] == b"wan.1 sleep: openvpn[77]: TLS=ok"
    assert (entry["NETSTRATA_CHILD"], entry["NETSTRATA_PID"]) == (b"openvpn", b"77")


def test_what_is_too_long_for_a_datagram_goes_as_a_sealed_file(listener: Listener) -> None:
    play, stream = told(listener.path, 'process wan { sleep("5"); }', transitions=False)
    statement = play.engine.roots["wan"].statements[0]
    assert statement is not None
    long = "x" * 5_000_000

    stream.heard(statement, "openvpn", 77, long)

    [entry] = listener.entries()
    assert entry["MESSAGE"].endswith(long.encode())


def test_what_a_full_journal_does_not_take_is_counted_and_told_with_the_next_entry(listener: Listener) -> None:
    _, stream = told(listener.path, 'process wan { sleep("5"); }', transitions=False)
    for _ in range(2000):
        stream.control("asks")
    taken = listener.entries()

    stream.control("asks again")

    [entry] = listener.entries()
    assert int(entry["NETSTRATA_LOST"]) == 2000 - len(taken) > 0
    stream.control("and again")
    assert "NETSTRATA_LOST" not in listener.entries()[0]


def test_without_a_journal_everything_goes_on(tmp_path: Path) -> None:
    play, stream = told(str(tmp_path / "nothing"), 'process wan { println("up"); }')

    assert play.output == "up\n"
    listener = Listener(tmp_path / "nothing")
    stream.control("asks")
    [entry] = listener.entries()
    assert int(entry["NETSTRATA_LOST"]) > 0
    listener.close()


def test_standard_error_goes_to_the_journal_if_the_manager_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    status = os.fstat(2)
    monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino}")
    assert is_standard_error()
    monkeypatch.setenv("JOURNAL_STREAM", f"{status.st_dev}:{status.st_ino + 1}")
    assert not is_standard_error()
