"""A daemon whose output nobody reads: it goes on, answers, ends in time, and undoes everything."""

import os
import pty
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.clock import Clock

RUN = [sys.executable, "-m", "netstrata", "run", "--control", "none", "--stop-time", "5"]
NCD = [sys.executable, "-m", "netstrata.cli.ncd", "--loglevel", "debug"]
STOP = b"\x13"  # Ctrl-S
CHATTY = """
process main { run({"/usr/bin/touch", "FOLDER/up"}, {"/bin/rm", "FOLDER/up"}); }
process log { backtrack_point() p; sleep("0"); p->go(); }
process text { backtrack_point() p; println("TEXT"); sleep("1"); p->go(); }
process child { daemon({"/bin/sh", "-c", "while echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; do :; done"}); }
process beats { backtrack_point() p; run({"/bin/sh", "-c", "echo >> FOLDER/beats"}, {}); sleep("20"); p->go(); }
"""
BEATS = 100  # within so many of them, much more than 64 KiB is printed and logged


def a_pipe() -> tuple[int, int]:
    return os.pipe()


def a_socket() -> tuple[int, int]:
    ours, its = socket.socketpair()
    return ours.detach(), its.detach()


def a_stopped_terminal() -> tuple[int, int]:
    ours, its = pty.openpty()
    os.write(ours, STOP)
    while select.select([], [its], [], 0)[1]:
        pass
    return ours, its


KINDS = {"pipe": a_pipe, "socket": a_socket, "terminal": a_stopped_terminal}


@pytest.fixture(params=sorted(KINDS))
def stuck(request: pytest.FixtureRequest) -> Iterator[int]:
    """Yield a descriptor that nobody reads."""
    make: Callable[[], tuple[int, int]] = KINDS[request.param]
    ours, its = make()
    yield its
    os.close(ours)
    os.close(its)


def written(folder: Path, text: str) -> str:
    program = folder / "program.ncd"
    program.write_text(text.replace("FOLDER", str(folder)).replace("TEXT", "t" * 1000))
    return str(program)


def wait_until(what: Callable[[], bool], child: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + 60
    while not what():
        assert child.poll() is None
        assert time.monotonic() < end
        select.select([], [], [], 0.01)


@pytest.fixture
def start() -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Yield what starts a daemon; it is gone at the end of the test."""
    children: list[subprocess.Popen[bytes]] = []

    def popen(words: list[str], stdout: int, stderr: int) -> "subprocess.Popen[bytes]":
        children.append(subprocess.Popen(words, stdout=stdout, stderr=stderr))
        return children[-1]

    yield popen
    for child in children:
        child.kill()
        child.wait()


@pytest.mark.parametrize("words", [[*RUN, "--control", "none"], [*RUN, "--control", "none", "--quiet"], NCD])
def test_a_daemon_goes_on_and_ends_in_time_when_nobody_reads_what_it_says(
    tmp_path: Path, stuck: int, words: list[str], start: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    program = written(tmp_path, CHATTY if words is not NCD else CHATTY.replace("daemon(", "var("))
    child = start([*words, program], stdout=stuck, stderr=stuck)
    beats = tmp_path / "beats"
    wait_until(lambda: beats.exists() and beats.stat().st_size > BEATS, child)
    assert (tmp_path / "up").exists()

    clock = Clock()
    child.send_signal(signal.SIGTERM)

    assert child.wait(60) == (1 if words is NCD else 0)
    assert clock.seconds < 10
    assert not (tmp_path / "up").exists()


@pytest.mark.parametrize("words", [RUN, NCD])
def test_a_program_that_only_prints_waits_for_its_reader_and_hears_a_signal(tmp_path: Path, words: list[str]) -> None:
    program = written(tmp_path, 'process main { rprintln("undone"); backtrack_point() p; println("TEXT"); p->go(); }')
    control = ["--control", "none"] if words is RUN else []
    with subprocess.Popen([*words, *control, program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        assert child.stdout.read(10_000_000).count(b"t" * 1000 + b"\n") in (9_990, 9_991)

        child.send_signal(signal.SIGTERM)
        last = child.stdout.read()

    assert last.endswith(b"undone\n")


@pytest.mark.parametrize("words", [RUN, NCD])
def test_a_slow_reader_gets_all_that_a_program_printed_before_it_ended(tmp_path: Path, words: list[str]) -> None:
    numbers = " ".join(f'println("line ", "{number}");' for number in range(2000))
    program = written(tmp_path, f"template t {{ {numbers} }} process main {{ {_calls(10)} }}")
    control = ["--control", "none"] if words is RUN else []
    with subprocess.Popen([*words, *control, program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        lines = 0
        while piece := child.stdout.readline():
            assert piece == b"line %d\n" % (lines % 2000)
            lines += 1

    assert (lines, child.returncode) == (20_000, 7)


def _calls(count: int) -> str:
    return 'call("t", {}); ' * count + 'exit("7");'
