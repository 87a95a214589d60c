"""Messages for the system's log."""

import os
import re
import socket
from pathlib import Path

from netstrata.daemon.logs.ncd_format import ERROR, INFO
from netstrata.daemon.logs.syslog import Syslog


def listening(path: Path, kind: socket.SocketKind) -> socket.socket:
    found = socket.socket(socket.AF_UNIX, kind)
    found.bind(str(path))
    found.settimeout(60)
    return found


def test_a_message_is_as_the_c_library_writes_it(tmp_path: Path) -> None:
    """Python's syslog over glibc 2.36 sent `<30>Nov 28 20:11:47 ncd[9916]: hello`."""
    log = listening(tmp_path / "log", socket.SOCK_DGRAM)

    Syslog("ncd", "daemon", str(tmp_path / "log")).write(INFO, b"INFO(ncd): hello")

    message = log.recv(1000)
    assert re.fullmatch(rb"<30>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d ncd\[(\d+)\]: INFO\(ncd\): hello", message)
    assert b"[%d]" % os.getpid() in message


def test_a_log_that_takes_streams_gets_messages_with_ends(tmp_path: Path) -> None:
    log = listening(tmp_path / "log", socket.SOCK_STREAM)
    log.listen()
    syslog = Syslog("ncd", "local7", str(tmp_path / "log"))

    syslog.write(ERROR, b"one")
    syslog.write(ERROR, b"two")

    connection = log.accept()[0]
    messages = connection.recv(1000).split(b"\0")
    assert [message.partition(b"]: ")[2] for message in messages] == [b"one", b"two", b""]
    assert messages[0].startswith(b"<187>")


def test_a_log_that_takes_nothing_holds_nobody_up_and_is_told_how_much_it_missed(tmp_path: Path) -> None:
    log = listening(tmp_path / "log", socket.SOCK_DGRAM)
    syslog = Syslog("ncd", "daemon", str(tmp_path / "log"))

    for number in range(10_000):
        syslog.write(INFO, b"line %d" % number)
    log.setblocking(False)
    taken = received(log)
    syslog.write(INFO, b"after")

    assert taken == [b"line %d" % number for number in range(len(taken))]
    assert received(log) == [
        b"(%d messages lost: the system's log did not take them)" % (10_000 - len(taken)),
        b"after",
    ]


def test_a_log_that_was_started_anew_is_found_again(tmp_path: Path) -> None:
    first = listening(tmp_path / "log", socket.SOCK_DGRAM)
    syslog = Syslog("ncd", "daemon", str(tmp_path / "log"))
    syslog.write(INFO, b"one")
    first.close()
    os.unlink(tmp_path / "log")
    syslog.write(INFO, b"nobody hears")
    second = listening(tmp_path / "log", socket.SOCK_DGRAM)

    syslog.write(INFO, b"two")

    second.setblocking(False)
    assert received(second) == [b"(1 messages lost: the system's log did not take them)", b"two"]


def received(log: socket.socket) -> list[bytes]:
    """Return the texts that have arrived."""
    found = []
    while True:
        try:
            found.append(log.recv(1000).partition(b"]: ")[2])
        except BlockingIOError:
            return found
