"""A daemon as a process: signals, exit codes, endless programs."""

import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

NCD = [sys.executable, "-m", "netstrata.cli.ncd", "--loglevel", "none"]
RUN = [sys.executable, "-m", "netstrata", "run", "--quiet", "--control", "none"]


def started(words: list[str], program: Path) -> "subprocess.Popen[bytes]":
    """Start a daemon, and wait until its program has created the file `ready` beside it."""
    child = subprocess.Popen([*words, str(program)], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    ready = program.parent / "ready"
    end = time.monotonic() + 60
    while not ready.exists():
        assert child.poll() is None
        assert time.monotonic() < end
        select.select([], [], [], 0.01)
    return child


def written(folder: Path, text: str) -> Path:
    """Write a program whose word READY stands for a statement that creates the file `ready`."""
    program = folder / "program.ncd"
    touch = f'runonce({{"/usr/bin/touch", "{folder}/ready"}})'
    program.write_text(text.replace("READY()", touch))
    return program


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_undoes_everything_and_ends_with_the_code_of_signals(tmp_path: Path, number: int) -> None:
    program = written(tmp_path, 'process main { rprintln("one"); rprintln("two"); READY(); }')
    child = started([*NCD, "--signal-exit-code", "7"], program)

    child.send_signal(number)
    out, _ = child.communicate(timeout=60)

    assert (child.returncode, out) == (7, b"two\none\n")


def test_the_log_of_ncd_to_a_pipe_is_there_when_nothing_is_to_be_done(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "netstrata.cli.ncd", "--logger", "stdout", "--loglevel", "notice"]
    child = started(words, written(tmp_path, 'process main { println("said"); READY(); }'))
    assert child.stdout is not None
    read = b""
    while b"said\n" not in read:
        assert select.select([child.stdout], [], [], 60)[0]
        read += os.read(child.stdout.fileno(), 4096)

    child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=60)

    assert b"NOTICE(ncd): entering event loop\nsaid\n" in read
    assert b"termination requested" in out


def test_run_ends_with_0_on_sigterm(tmp_path: Path) -> None:
    child = started(RUN, written(tmp_path, 'process main { rprintln("undone"); READY(); }'))

    child.send_signal(signal.SIGTERM)
    out, err = child.communicate(timeout=60)

    assert (child.returncode, out) == (0, b"undone\n")
    assert b"asked to end" in err


@pytest.mark.parametrize("waiting", ["", 'sleep("0");'])
def test_a_program_that_never_waits_still_hears_a_signal(tmp_path: Path, waiting: str) -> None:
    text = f'process main {{ rprintln("undone"); READY(); backtrack_point() p; {waiting} p->go(); }}'
    child = started(NCD, written(tmp_path, text))

    child.send_signal(signal.SIGTERM)
    out, _ = child.communicate(timeout=60)

    assert (child.returncode, out) == (1, b"undone\n")


def test_a_signal_while_a_pure_program_is_worked_off_is_heard(tmp_path: Path) -> None:
    program = tmp_path / "loop.ncd"
    program.write_text('process main { print("x"); backtrack_point() p; p->go(); }')
    child = subprocess.Popen([*NCD, str(program)], stdout=subprocess.PIPE)
    status = Path(f"/proc/{child.pid}/status")
    end = time.monotonic() + 60
    while not _catches(status.read_text(), signal.SIGTERM):
        assert time.monotonic() < end
        select.select([], [], [], 0.01)

    child.send_signal(signal.SIGTERM)
    child.communicate(timeout=60)

    assert child.returncode == 1


def _catches(status: str, number: int) -> bool:
    """Say whether a process has a handler for a signal."""
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (number - 1) & 1)


def test_output_to_a_reader_that_is_gone_does_not_end_the_daemon(tmp_path: Path) -> None:
    program = tmp_path / "talks.ncd"
    program.write_text('process main { println("one"); sleep("20"); println("two"); sleep("20"); exit("5"); }')
    reader, writer = os.pipe()
    os.close(reader)

    child = subprocess.Popen([*RUN, str(program)], stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    _, err = child.communicate(timeout=60)

    assert child.returncode == 5
    assert b"Traceback" not in err


def test_an_empty_program_waits_for_a_signal(tmp_path: Path) -> None:
    program = tmp_path / "empty.ncd"
    program.write_text("")
    child = subprocess.Popen([*NCD, str(program)])
    status = Path(f"/proc/{child.pid}/status")
    end = time.monotonic() + 60
    while not _catches(status.read_text(), signal.SIGTERM):
        assert time.monotonic() < end
        select.select([], [], [], 0.01)

    child.send_signal(signal.SIGTERM)

    assert child.wait(timeout=60) == 1
