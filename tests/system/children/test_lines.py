"""What children say."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from netstrata.system.children import ChildrenPort
from netstrata.testing.heard import Heard, shell, with_children


def descriptors() -> set[str]:
    """Say what our descriptors above 2 are."""
    with os.scandir("/proc/self/fd") as entries:
        return {os.readlink(entry.path) for entry in entries if int(entry.name) > 2}


async def wait_until_open(before: set[str]) -> None:
    """Wait until as much is open as before: the end of a pipe is told to nobody but its reader."""
    while descriptors() != before:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


def test_output_is_heard_in_lines_before_the_end_is_told() -> None:
    async def act(children: ChildrenPort, statement: Heard) -> list[str]:
        script = r"printf 'one\ntwo\r\n\nthree' >&2; printf ' and \377\303\274'; exit 4"
        assert await children.run(shell(script), terminate_on_cancel=False) == 4
        return statement.lines

    assert with_children(act) == ["one", "two", r"three and \xffü", "/bin/sh exited with status 4"]


def test_a_line_that_does_not_end_is_shown_while_the_child_still_runs() -> None:
    async def act(children: ChildrenPort, statement: Heard) -> list[str]:
        script = "trap 'exit 0' TERM; printf 'password: '; while :; do sleep 0.01; done"
        task = asyncio.create_task(children.run(shell(script), terminate_on_cancel=True))
        await statement.wait_for("password: ")
        task.cancel()
        await asyncio.wait([task])
        return statement.lines

    assert with_children(act) == ["password: "]


def test_a_long_line_is_shown_in_pieces() -> None:
    async def act(children: ChildrenPort, statement: Heard) -> list[int]:
        script = "head -c 10000 /dev/zero | tr '\\0' x; echo; echo end"
        assert await children.run(shell(script), terminate_on_cancel=False) == 0
        return [len(line) for line in statement.lines]

    assert with_children(act) == [4096, 4096, 1808, 3]


def test_what_is_no_utf8_is_shown_by_its_bytes() -> None:
    async def act(children: ChildrenPort, statement: Heard) -> list[str]:
        assert await children.run(shell(r"printf 'a\377b\r\nc\000d\n\n'"), terminate_on_cancel=False) == 0
        return statement.lines

    assert with_children(act) == ["a\\xffb", "c\0d"]


@pytest.mark.parametrize("filter_", ["tr '\\0' x", "tr '\\0' '\\n'", "cat"])
def test_a_hundred_megabytes_of_output_are_not_kept(filter_: str) -> None:
    script = f"""
import asyncio
from netstrata.ports import Command
from netstrata.system.children import ChildrenPort, RealChildren
from netstrata.system.output.standard_output import StandardOutput
async def main():
    children = ChildrenPort(RealChildren(StandardOutput()))
    command = Command([b"/bin/sh", b"-c", rb"head -c 100000000 /dev/zero | {filter_}"])
    assert await children.run(command, terminate_on_cancel=False) == 0
asyncio.run(main())
print(next(line.split()[1] for line in open('/proc/self/status') if line.startswith('VmHWM')))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=200)

    assert int(done.stdout) < 60_000  # kB


def test_a_grandchild_that_keeps_the_pipe_delays_nothing_and_is_still_heard(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)

    async def act(children: ChildrenPort, statement: Heard) -> list[str]:
        before = descriptors()
        script = f"(read word <{gate}; echo $word) & echo leaving; exit 5"
        assert await children.run(shell(script), terminate_on_cancel=False) == 5
        await asyncio.to_thread(gate.write_text, "late\n")
        await statement.wait_for("late")
        await wait_until_open(before)
        return statement.lines

    assert with_children(act) == ["leaving", "/bin/sh exited with status 5", "late"]


def test_what_we_printed_comes_before_what_a_child_prints_after_it() -> None:
    script = """
import asyncio
from netstrata.contract.shapes.children import ChildOptions
from netstrata.ports import Command
from netstrata.system.children import ChildrenPort, RealChildren
from netstrata.system.output.standard_output import StandardOutput
async def main():
    output = StandardOutput()
    children = ChildrenPort(RealChildren(output))
    output.write(b"first\\n")
    await children.run(Command([b"/bin/echo", b"second"], ChildOptions(keep_stdout=True)), terminate_on_cancel=False)
    output.write(b"third\\n")
    output.flush()
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=200)

    assert done.stdout == b"first\nsecond\nthird\n"
