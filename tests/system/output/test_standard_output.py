"""Standard output in blocks."""

import os
from pathlib import Path

from netstrata.system.output.bounded_writer import BoundedWriter
from netstrata.system.output.standard_output import BLOCK, StandardOutput


def test_little_is_held_back_until_it_is_flushed(tmp_path: Path) -> None:
    path = tmp_path / "out"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    output = StandardOutput(BoundedWriter(descriptor))

    output.write(b"one\n")
    held = path.read_bytes()
    output.flush()
    os.close(descriptor)

    assert held == b""
    assert path.read_bytes() == b"one\n"


def test_a_full_block_is_written_at_once(tmp_path: Path) -> None:
    path = tmp_path / "out"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT)
    output = StandardOutput(BoundedWriter(descriptor))

    for _ in range(BLOCK):
        output.write(b"x")
    os.close(descriptor)

    assert path.read_bytes() == b"x" * BLOCK


def test_a_terminal_gets_each_line() -> None:
    master, terminal = os.openpty()
    output = StandardOutput(BoundedWriter(terminal))

    output.write(b"half")
    output.write(b" a line\n")
    text = os.read(master, 100)
    os.close(terminal)
    os.close(master)

    assert text == b"half a line\r\n"


def test_a_reader_that_is_gone_loses_text_and_raises_nothing() -> None:
    ours, its = os.pipe()
    os.close(ours)
    writer = BoundedWriter(its)
    output = StandardOutput(writer)

    output.write(b"x" * BLOCK)
    output.write(b"more")
    output.flush()
    os.close(its)

    assert isinstance(writer.lost, BrokenPipeError)


def test_a_full_disk_loses_text_and_raises_nothing() -> None:
    descriptor = os.open("/dev/full", os.O_WRONLY)
    writer = BoundedWriter(descriptor)
    output = StandardOutput(writer)

    output.write(b"x")
    output.flush()
    os.close(descriptor)

    assert writer.lost is not None
    assert writer.lost.strerror == "No space left on device"


def test_a_slow_reader_behind_a_non_blocking_pipe_gets_everything() -> None:
    ours, its = os.pipe()
    os.set_blocking(its, False)
    child = os.fork()
    if child == 0:  # the reader: only system calls between here and _exit
        os.close(its)
        size = 0
        while piece := os.read(ours, 1000):
            size += len(piece)
        os._exit(size == 1_000_000)
    os.close(ours)
    writer = BoundedWriter(its)
    output = StandardOutput(writer)

    output.write(b"x" * 1_000_000)
    writer.finish(None)
    writer.close()
    os.close(its)

    assert writer.lost is None
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
