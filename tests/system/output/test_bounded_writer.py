"""Writing without waiting for a reader: pipes, terminals, sockets, and pipes of another user."""

import os
import pty
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from netstrata.system.output.bounded_writer import BoundedWriter

LINES = [b"line %d\n" % number for number in range(20_000)]
STOP, START = b"\x13", b"\x11"  # Ctrl-S, Ctrl-Q


def a_pipe() -> tuple[int, int]:
    return os.pipe()


def a_socket() -> tuple[int, int]:
    ours, its = socket.socketpair()
    return ours.detach(), its.detach()


def a_terminal() -> tuple[int, int]:
    ours, its = pty.openpty()
    subprocess.run(["stty", "-opost"], stdin=its, check=True)
    return ours, its


KINDS = {"pipe": a_pipe, "socket": a_socket, "terminal": a_terminal}


@pytest.fixture(params=sorted(KINDS))
def ends(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """Yield a reader's end, and that which is written to."""
    make: Callable[[], tuple[int, int]] = KINDS[request.param]
    ours, its = make()
    yield ours, its
    os.close(ours)
    os.close(its)


def read_all(ours: int, writer: BoundedWriter) -> bytes:
    """Read for as long as something comes; the writer goes on whenever there is room."""
    data = b""
    writer.drain()
    while select.select([ours], [], [], 0.5)[0]:
        data += os.read(ours, 1 << 16)
        writer.drain()
    return data


def test_an_unread_descriptor_holds_nobody_up_and_its_reader_gets_everything_later(ends: tuple[int, int]) -> None:
    ours, its = ends
    writer = BoundedWriter(its)

    for line in LINES:
        writer.write(line)

    assert read_all(ours, writer) == b"".join(LINES)
    writer.close()


def test_what_is_left_out_is_counted_and_told_at_its_place(ends: tuple[int, int]) -> None:
    ours, its = ends
    writer = BoundedWriter(its, 100_000)
    for line in LINES:
        writer.write(line)

    data = read_all(ours, writer)
    writer.write(b"after\n")
    data += read_all(ours, writer)

    before, after = data.split(b"(")
    told = re.fullmatch(rb"([\d,]+) lines left out, ([\d,]+) bytes: nobody read them in time\)\nafter\n", after)
    assert told is not None
    lines, size = (int(number.replace(b",", b"")) for number in told.groups())
    assert before == b"".join(LINES[: len(LINES) - lines])
    assert size == len(b"".join(LINES)) - len(before)
    assert 0 < lines < len(LINES)
    writer.close()


def test_whoever_shares_the_descriptor_finds_it_as_it_was(ends: tuple[int, int]) -> None:
    _ours, its = ends
    writer = BoundedWriter(its)

    for line in LINES:
        writer.write(line)

    assert os.get_blocking(its)
    writer.close()


def test_a_terminal_that_was_stopped_goes_on_where_it_stood() -> None:
    ours, its = a_terminal()
    writer = BoundedWriter(its)
    os.write(ours, STOP)
    while select.select([], [its], [], 0)[1]:
        pass
    for line in LINES:
        writer.write(line)
    assert not select.select([ours], [], [], 0)[0]

    os.write(ours, START)
    select.select([], [its], [], 60)
    data = read_all(ours, writer)

    assert data == b"".join(LINES)
    writer.close()


def test_a_pipe_of_another_user_holds_nobody_up_either() -> None:
    """Linux 6.18 refuses to open it once more (EACCES)."""
    code = """
import os, sys
from netstrata.system.output.bounded_writer import BoundedWriter
os.setuid(65534)
writer = BoundedWriter(1)
for number in range(20_000):
    writer.write(b"line %d\\n" % number)
sys.stderr.write("written\\n")
sys.stdin.read()
writer.finish(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None

        assert child.stderr.readline() == b"written\n"

        child.stdin.close()
        assert child.stdout.read() == b"".join(LINES)


def test_a_reader_that_does_not_come_back_is_waited_for_no_longer_than_was_said() -> None:
    ours, its = os.pipe()
    writer = BoundedWriter(its)
    for line in LINES:
        writer.write(line)
    began = time.monotonic()

    writer.finish(0.2)

    assert 0.2 <= time.monotonic() - began < 30
    writer.close()
    os.close(ours)
    os.close(its)


def test_lines_of_two_descriptors_with_one_reader_stay_in_order() -> None:
    code = """
from netstrata.system.output.bounded_writer import standard_writers
output, errors = standard_writers()
for number in range(0, 20_000, 2):
    output.write(b"line %d\\n" % number)
    errors.write(b"line %d\\n" % (number + 1))
output.finish(60)
errors.finish(60)
"""
    done = subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=True
    )

    assert done.stdout == b"".join(LINES)
