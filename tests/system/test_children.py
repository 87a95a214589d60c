"""Children of this machine: real programs, real signals, real descriptors."""

import asyncio
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import pytest

from netstrata.contract import set_running
from netstrata.contract.shapes_children import ChildOptions
from netstrata.ports import Command
from netstrata.system.children import RealChildren
from netstrata.system.output import StandardOutput
from netstrata.values import Unavailable

T = TypeVar("T")

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start programs as somebody else")


class Statement:
    """A statement that keeps what is said in its name."""

    title = "main.0 run"

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.heard = asyncio.Event()

    def lost(self, reason: Unavailable) -> None:
        """Nothing here is ever lost."""
        raise AssertionError(reason)

    def note(self, line: str) -> None:
        """Keep a line."""
        self.lines.append(line)
        self.heard.set()

    async def wait_for(self, line: str) -> None:
        """Wait until a line has been said."""
        while line not in self.lines:
            self.heard.clear()
            await self.heard.wait()


def shell(script: str, **options: Any) -> Command:
    return Command([b"/bin/sh", b"-c", script.encode()], ChildOptions(**options))


def live(act: Callable[[RealChildren, Statement], Coroutine[Any, Any, T]], **kinds: Any) -> T:
    """Run a piece of a test inside a loop, as a statement of a daemon."""

    async def within() -> T:
        statement = Statement()
        set_running(statement)
        children = RealChildren(StandardOutput(), **kinds)
        return await asyncio.wait_for(act(children, statement), 20)

    return asyncio.run(within())


def descriptors() -> set[str]:
    """Say what our descriptors above 2 are."""
    with os.scandir("/proc/self/fd") as entries:
        return {os.readlink(entry.path) for entry in entries if int(entry.name) > 2}


async def wait_until_open(before: set[str]) -> None:
    """Wait until as much is open as before: the end of a pipe is told to nobody but its reader."""
    while descriptors() != before:  # noqa: ASYNC110
        await asyncio.sleep(0.001)


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that everybody may write to, which pytest's own are not."""
    with TemporaryDirectory(prefix="children") as name:
        path = Path(name)
        path.chmod(0o777)
        yield path


def test_a_status_is_what_the_program_exited_with() -> None:
    async def act(children: RealChildren, _: Statement) -> list[int]:
        return [
            await children.run(shell(script), terminate_on_cancel=False)
            for script in ("exit 0", "exit 1", "exit 255", "kill -TERM $$", "kill -KILL $$")
        ]

    assert live(act) == [0, 1, 255, -1, -1]


def test_a_program_that_cannot_be_executed_ends_as_if_by_a_signal_and_says_why(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("no program\n")

    async def act(children: RealChildren, statement: Statement) -> list[str]:
        for path in (b"/does/not/exist", b"", b"true", bytes(plain), b"/"):
            assert await children.run(Command([path]), terminate_on_cancel=False) == -1
        return statement.lines

    assert live(act) == [
        "/does/not/exist could not be executed: No such file or directory",
        '"" could not be executed: Permission denied',
        "true could not be executed: No such file or directory",
        f"{plain} could not be executed: Permission denied",
        "/ could not be executed: Permission denied",
    ]


def test_an_unknown_user_is_a_failure_to_start() -> None:
    async def act(children: RealChildren, _: Statement) -> int:
        return await children.run(shell("true", username="no-such-user-here"), terminate_on_cancel=False)

    with pytest.raises(Unavailable, match=r"cannot start /bin/sh: there is no user no-such-user-here"):
        live(act)


def test_too_few_free_descriptors_are_a_failure_to_start_and_leak_none() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def act(children: RealChildren, _: Statement) -> list[str]:
        taken: list[int] = []
        results: list[str] = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
        try:
            with suppress(OSError):
                while True:
                    taken.append(os.eventfd(0))
            while not results or results[-1] != "3":
                try:
                    results.append(str(await children.run(shell("exit 3"), terminate_on_cancel=False)))
                except Unavailable as error:
                    results.append(error.reason)
                    os.close(taken.pop())
        finally:
            for descriptor in taken:
                os.close(descriptor)
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        return results

    before = descriptors()
    results = live(act)

    assert len(results) <= 8
    assert results == ["Too many open files"] * (len(results) - 1) + ["3"]
    assert descriptors() == before


@pytest.mark.parametrize("username", [None, pytest.param("nobody", marks=as_root)])
def test_signals_are_default_and_unblocked_whatever_we_inherited(username: str | None, place: Path) -> None:
    out = place / "out"
    before = signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    script = f"grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\t' >{out}"

    async def act(children: RealChildren, _: Statement) -> int:
        return await children.run(shell(script, username=username), terminate_on_cancel=False)

    try:
        status = live(act)
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGQUIT, before)

    assert status == 0
    assert out.read_text() == "SigBlk:0000000000000000\nSigIgn:0000000000000000\n"
    assert signal.SIGUSR1 in blocked


@pytest.mark.parametrize("username", [None, pytest.param("nobody", marks=as_root)])
@pytest.mark.parametrize("hears", [True, False])
def test_nothing_but_the_three_streams_is_inherited(hears: bool, username: str | None, place: Path) -> None:
    out = place / "out"
    ours, _its = pair = os.pipe()
    os.set_inheritable(ours, True)
    script = f"for n in 0 1 2; do readlink /proc/$$/fd/$n; done >{out}; ls -m /proc/self/fd >>{out}"

    async def act(children: RealChildren, _: Statement) -> int:
        return await children.run(shell(script, username=username), terminate_on_cancel=False)

    status = live(act, hears=hears)
    for descriptor in pair:
        os.close(descriptor)

    null, _stdout, stderr, numbers = out.read_text().splitlines()
    assert status == 0
    assert null == "/dev/null"
    assert stderr.startswith("pipe:") if hears else stderr == "/dev/null"
    assert numbers == "0, 1, 2, 3"  # 3 is ls's own


@as_root
def test_a_user_has_its_ids_and_groups_and_our_environment() -> None:
    async def act(children: RealChildren, statement: Statement) -> list[str]:
        asked = shell('id -u; id -g; id -G; echo "$HOME"', username="nobody")
        assert await children.run(asked, terminate_on_cancel=False) == 0
        return statement.lines

    assert live(act) == ["65534", "65534", "65534", os.environ.get("HOME", "")]


@as_root
@pytest.mark.parametrize(("path", "verdict"), [(b"true", "No such file"), (b"", "Permission"), (b"/gone", "No such")])
def test_a_user_does_not_bring_a_search_in_path(path: bytes, verdict: str) -> None:
    async def act(children: RealChildren, statement: Statement) -> list[str]:
        asked = Command([path], ChildOptions(username="nobody"))
        assert await children.run(asked, terminate_on_cancel=False) == -1
        return statement.lines

    (line,) = live(act)
    assert f"could not be executed: {verdict}" in line


@pytest.mark.parametrize("username", [None, pytest.param("nobody", marks=as_root)])
@pytest.mark.parametrize("do_setsid", [True, False])
def test_a_child_leads_its_group_and_its_session_only_if_asked(do_setsid: bool, username: str | None) -> None:
    script = "read pid comm state parent group session rest </proc/self/stat; echo $((pid - group)) $((pid - session))"

    async def act(children: RealChildren, statement: Statement) -> list[str]:
        asked = shell(script, do_setsid=do_setsid, username=username)
        assert await children.run(asked, terminate_on_cancel=False) == 0
        return statement.lines[0].split()

    group, session = live(act)
    assert group == "0"
    assert (session == "0") is do_setsid


def test_a_thousand_children_leave_no_zombie_and_no_descriptor() -> None:
    async def act(children: RealChildren, _: Statement) -> list[int]:
        before = descriptors()
        statuses: list[int] = []
        for _batch in range(20):
            runs = (children.run(Command([b"/bin/true"]), terminate_on_cancel=False) for _one in range(50))
            statuses.extend(await asyncio.gather(*runs))
        assert descriptors() == before
        return statuses

    assert live(act) == [0] * 1000
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_being_cancelled_waits_for_the_end_and_signals_nobody(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)

    async def act(children: RealChildren, statement: Statement) -> list[str]:
        script = f"trap 'echo got TERM' TERM; echo ready; read word <{gate}; echo $word"
        task = asyncio.create_task(children.run(shell(script), terminate_on_cancel=False))
        await statement.wait_for("ready")
        task.cancel()
        await asyncio.wait([task], timeout=0.05)
        assert not task.done()
        task.cancel()
        await asyncio.to_thread(gate.write_text, "done\n")
        await asyncio.wait([task])
        assert task.cancelled()
        return statement.lines

    assert live(act) == ["ready", "done"]


def test_being_cancelled_terminates_if_asked_and_waits() -> None:
    async def act(children: RealChildren, statement: Statement) -> list[str]:
        script = "trap 'echo got TERM; exit 3' TERM; echo ready; while :; do sleep 0.01; done"
        task = asyncio.create_task(children.run(shell(script), terminate_on_cancel=True))
        await statement.wait_for("ready")
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        return statement.lines

    assert live(act) == ["ready", "got TERM", "/bin/sh exited with status 3"]


def test_a_group_that_ignores_sigterm_is_killed_after_the_bound() -> None:
    async def act(children: RealChildren, statement: Statement) -> list[str]:
        before = descriptors()
        # The grandchild keeps the pipe open, so its end shows as the end of the pipe.
        script = "trap '' TERM; sleep 1000 & echo ready; wait; while :; do sleep 1; done"
        task = asyncio.create_task(children.run(shell(script), terminate_on_cancel=True))
        await statement.wait_for("ready")
        task.cancel()
        await asyncio.wait([task])
        await wait_until_open(before)
        return statement.lines

    assert live(act, kill_after_s=0.1) == [
        "ready",
        "/bin/sh has not ended 0.1 s after SIGTERM: SIGKILL to it and its group",
        "/bin/sh was ended by signal 9 (SIGKILL)",
    ]


def test_output_is_heard_in_lines_before_the_end_is_told() -> None:
    async def act(children: RealChildren, statement: Statement) -> list[str]:
        script = r"printf 'one\ntwo\r\n\nthree' >&2; printf ' and \377\303\274'; exit 4"
        assert await children.run(shell(script), terminate_on_cancel=False) == 4
        return statement.lines

    assert live(act) == ["one", "two", r"three and \xffü", "/bin/sh exited with status 4"]


def test_a_line_that_does_not_end_is_shown_while_the_child_still_runs() -> None:
    async def act(children: RealChildren, statement: Statement) -> list[str]:
        script = "trap 'exit 0' TERM; printf 'password: '; while :; do sleep 0.01; done"
        task = asyncio.create_task(children.run(shell(script), terminate_on_cancel=True))
        await statement.wait_for("password: ")
        task.cancel()
        await asyncio.wait([task])
        return statement.lines

    assert live(act) == ["password: "]


def test_a_long_line_is_shown_in_pieces() -> None:
    async def act(children: RealChildren, statement: Statement) -> list[int]:
        script = "head -c 10000 /dev/zero | tr '\\0' x; echo; echo end"
        assert await children.run(shell(script), terminate_on_cancel=False) == 0
        return [len(line) for line in statement.lines]

    assert live(act) == [4096, 4096, 1808, 3]


@pytest.mark.parametrize("filter_", ["tr '\\0' x", "tr '\\0' '\\n'", "cat"])
def test_a_hundred_megabytes_of_output_are_not_kept(filter_: str) -> None:
    script = f"""
import asyncio
from netstrata.ports import Command
from netstrata.system.children import RealChildren
from netstrata.system.output import StandardOutput
async def main():
    children = RealChildren(StandardOutput())
    command = Command([b"/bin/sh", b"-c", rb"head -c 100000000 /dev/zero | {filter_}"])
    assert await children.run(command, terminate_on_cancel=False) == 0
asyncio.run(main())
# Not ru_maxrss: that one is inherited from the test process.
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM:")))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=50)

    assert int(done.stdout) < 60_000  # kB


def test_a_grandchild_that_keeps_the_pipe_delays_nothing_and_is_still_heard(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)

    async def act(children: RealChildren, statement: Statement) -> list[str]:
        before = descriptors()
        script = f"(read word <{gate}; echo $word) & echo leaving; exit 5"
        assert await children.run(shell(script), terminate_on_cancel=False) == 5
        await asyncio.to_thread(gate.write_text, "late\n")
        await statement.wait_for("late")
        await wait_until_open(before)
        return statement.lines

    assert live(act) == ["leaving", "/bin/sh exited with status 5", "late"]


def test_a_failed_command_is_refused_in_its_own_last_words() -> None:
    async def act(children: RealChildren, _: Statement) -> None:
        async with children.held_command([b"/bin/sh", b"-c", b"echo no such table >&2; exit 2"], []):
            raise AssertionError("it is up")

    with pytest.raises(Unavailable) as refused:
        live(act)
    assert str(refused.value) == "cannot run /bin/sh: exited with status 2: no such table"


def test_a_command_cancelled_while_it_runs_is_outlasted_and_undone(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    os.mkfifo(gate)

    async def act(children: RealChildren, statement: Statement) -> list[str]:
        do = [b"/bin/sh", b"-c", f"trap 'echo TERM' TERM; echo ready; exit $(cat {gate})".encode()]

        async def hold() -> None:
            async with children.held_command(do, [b"/bin/echo", b"undone"]):
                raise AssertionError("it is up")

        for status in ("0", "1"):
            task = asyncio.create_task(hold())
            await statement.wait_for("ready")
            task.cancel()
            await asyncio.to_thread(gate.write_text, status)
            await asyncio.wait([task])
            assert task.cancelled()
            statement.lines.append(f"gone after status {status}")
            statement.lines.remove("ready")
        return statement.lines

    assert live(act) == [
        "undone",
        "gone after status 0",
        "/bin/sh exited with status 1: ready: there is nothing to undo",
        "gone after status 1",
    ]


@pytest.mark.parametrize(
    ("undo", "line"),
    [
        ([b"/bin/false"], "/bin/false exited with status 1; ignoring"),
        ([b"/gone"], "/gone could not be executed: No such file or directory; ignoring"),
    ],
)
def test_an_undo_that_fails_is_noted_and_leaving_goes_on(undo: list[bytes], line: str) -> None:
    async def act(children: RealChildren, statement: Statement) -> list[str]:
        async with children.held_command([], undo):
            statement.note("up")
        return statement.lines

    assert live(act) == ["up", line]


def test_what_is_kept_alive_is_started_again_after_each_end(tmp_path: Path) -> None:
    async def act(children: RealChildren, statement: Statement) -> list[str]:
        script = f"echo x >>{tmp_path}/runs; [ $(wc -l <{tmp_path}/runs) -lt 3 ] || {{ echo third; exec sleep 1000; }}"
        async with children.held_alive(shell(script), 10):
            await statement.wait_for("third")
        return statement.lines

    again = "/bin/sh exited with status 0; starting it again in 0.01 s"
    assert live(act) == [again, again, "third"]


def test_keeping_alive_what_cannot_be_started_goes_on_trying() -> None:
    async def act(children: RealChildren, statement: Statement) -> list[str]:
        missing = children.held_alive(Command([b"/gone"]), 10)
        nobody = children.held_alive(shell("true", username="no-such-user-here"), 10)
        async with missing, nobody, children.held_alive(None, 10):
            while len(statement.lines) < 5:
                statement.heard.clear()
                await statement.heard.wait()
        return sorted(set(statement.lines))

    assert live(act) == [
        "/gone could not be executed: No such file or directory; starting it again in 0.01 s",
        "cannot start /bin/sh: there is no user no-such-user-here; starting it again in 0.01 s",
        "the command is not a list of strings without NUL, the first the program's path: never started",
    ]


def test_leaving_what_waits_to_be_started_again_takes_no_time() -> None:
    async def act(children: RealChildren, statement: Statement) -> float:
        async with children.held_alive(Command([b"/bin/true"]), 60_000):
            await statement.wait_for("/bin/true exited with status 0; starting it again in 60 s")
            left = time.monotonic()
        return time.monotonic() - left

    assert live(act) < 1


def test_leaving_what_is_kept_alive_ends_it_before_it_is_left(tmp_path: Path) -> None:
    async def act(children: RealChildren, statement: Statement) -> list[str]:
        script = "trap 'sleep 0.1; echo stopped; exit 0' TERM; echo ready; while :; do sleep 0.01; done"
        async with children.held_alive(shell(script), 10):
            await statement.wait_for("ready")
        statement.note("left")
        return statement.lines

    assert live(act) == ["ready", "stopped", "left"]


def test_what_we_printed_comes_before_what_a_child_prints_after_it() -> None:
    script = """
import asyncio
from netstrata.contract.shapes_children import ChildOptions
from netstrata.ports import Command
from netstrata.system.children import RealChildren
from netstrata.system.output import StandardOutput
async def main():
    output = StandardOutput()
    children = RealChildren(output)
    output.write(b"first\\n")
    await children.run(Command([b"/bin/echo", b"second"], ChildOptions(keep_stdout=True)), terminate_on_cancel=False)
    output.write(b"third\\n")
    output.flush()
asyncio.run(main())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, timeout=50)

    assert done.stdout == b"first\nsecond\nthird\n"
