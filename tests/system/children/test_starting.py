"""Children of this machine: how they start and how they end."""

import asyncio
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from netstrata.contract.shapes.children import ChildOptions
from netstrata.ports import Command
from netstrata.system.children import RealChildren
from netstrata.testing.heard import Heard, shell, with_children
from netstrata.values import Unavailable

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can start programs as somebody else")


def descriptors() -> set[str]:
    """Say what our descriptors above 2 are."""
    with os.scandir("/proc/self/fd") as entries:
        return {os.readlink(entry.path) for entry in entries if int(entry.name) > 2}


@pytest.fixture
def place() -> Iterator[Path]:
    """A directory that everybody may write to, which pytest's own are not."""
    with TemporaryDirectory(prefix="children") as name:
        path = Path(name)
        path.chmod(0o777)
        yield path


def test_a_status_is_what_the_program_exited_with() -> None:
    async def act(children: RealChildren, _: Heard) -> list[int]:
        return [
            await children.run(shell(script), terminate_on_cancel=False)
            for script in ("exit 0", "exit 1", "exit 255", "kill -TERM $$", "kill -KILL $$")
        ]

    assert with_children(act) == [0, 1, 255, -1, -1]


def test_a_program_that_cannot_be_executed_ends_as_if_by_a_signal_and_says_why(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("no program\n")

    async def act(children: RealChildren, statement: Heard) -> list[str]:
        for path in (b"/does/not/exist", b"", b"true", bytes(plain), b"/"):
            assert await children.run(Command([path]), terminate_on_cancel=False) == -1
        return statement.lines

    assert with_children(act) == [
        "/does/not/exist could not be executed: No such file or directory",
        '"" could not be executed: Permission denied',
        "true could not be executed: No such file or directory",
        f"{plain} could not be executed: Permission denied",
        "/ could not be executed: Permission denied",
    ]


def test_an_unknown_user_is_a_failure_to_start() -> None:
    async def act(children: RealChildren, _: Heard) -> int:
        return await children.run(shell("true", ChildOptions(username="no-such-user-here")), terminate_on_cancel=False)

    with pytest.raises(Unavailable, match=r"cannot start /bin/sh: there is no user no-such-user-here"):
        with_children(act)


def test_too_few_free_descriptors_are_a_failure_to_start_and_leak_none() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)

    async def act(children: RealChildren, _: Heard) -> list[str]:
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
    results = with_children(act)

    assert len(results) <= 8
    assert results == ["Too many open files"] * (len(results) - 1) + ["3"]
    assert descriptors() == before


@pytest.mark.parametrize("username", [None, pytest.param("nobody", marks=as_root)])
def test_signals_are_default_and_unblocked_whatever_we_inherited(username: str | None, place: Path) -> None:
    out = place / "out"
    before = signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
    script = f"grep -E '^Sig(Blk|Ign)' /proc/self/status | tr -d '\\t' >{out}"

    async def act(children: RealChildren, _: Heard) -> int:
        return await children.run(shell(script, ChildOptions(username=username)), terminate_on_cancel=False)

    try:
        status = with_children(act)
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGQUIT, before)

    assert status == 0
    assert out.read_text() == "SigBlk:0000000000000000\nSigIgn:0000000000000000\n"
    assert signal.SIGUSR1 in blocked


@pytest.mark.parametrize("username", [None, pytest.param("nobody", marks=as_root)])
@pytest.mark.parametrize("logs", [True, False])
def test_nothing_but_the_three_streams_is_inherited(logs: bool, username: str | None, place: Path) -> None:
    out = place / "out"
    ours, _its = pair = os.pipe()
    os.set_inheritable(ours, True)
    script = f"for n in 0 1 2; do readlink /proc/$$/fd/$n; done >{out}; ls -m /proc/self/fd >>{out}"

    async def act(children: RealChildren, _: Heard) -> int:
        return await children.run(shell(script, ChildOptions(username=username)), terminate_on_cancel=False)

    status = with_children(act, logs=logs)
    for descriptor in pair:
        os.close(descriptor)

    null, _stdout, stderr, numbers = out.read_text().splitlines()
    assert status == 0
    assert null == "/dev/null"
    assert stderr.startswith("pipe:") if logs else stderr == "/dev/null"
    assert numbers == "0, 1, 2, 3"  # 3 is ls's own


@as_root
def test_a_user_has_its_ids_and_groups_and_our_environment() -> None:
    async def act(children: RealChildren, statement: Heard) -> list[str]:
        asked = shell('id -u; id -g; id -G; echo "HOME $HOME"', ChildOptions(username="nobody"))
        assert await children.run(asked, terminate_on_cancel=False) == 0
        return statement.lines

    assert with_children(act) == ["65534", "65534", "65534", f"HOME {os.environ.get('HOME', '')}"]


@as_root
@pytest.mark.parametrize(("path", "verdict"), [(b"true", "No such file"), (b"", "Permission"), (b"/gone", "No such")])
def test_a_user_does_not_bring_a_search_in_path(path: bytes, verdict: str) -> None:
    async def act(children: RealChildren, statement: Heard) -> list[str]:
        asked = Command([path], ChildOptions(username="nobody"))
        assert await children.run(asked, terminate_on_cancel=False) == -1
        return statement.lines

    (line,) = with_children(act)
    assert f"could not be executed: {verdict}" in line


@pytest.mark.parametrize("username", [None, pytest.param("nobody", marks=as_root)])
@pytest.mark.parametrize("do_setsid", [True, False])
def test_a_child_leads_its_group_and_its_session_only_if_asked(do_setsid: bool, username: str | None) -> None:
    script = "read pid comm state parent group session rest </proc/self/stat; echo $((pid - group)) $((pid - session))"

    async def act(children: RealChildren, statement: Heard) -> list[str]:
        asked = shell(script, ChildOptions(do_setsid=do_setsid, username=username))
        assert await children.run(asked, terminate_on_cancel=False) == 0
        return statement.lines[0].split()

    group, session = with_children(act)
    assert group == "0"
    assert (session == "0") is do_setsid


def test_a_thousand_children_leave_no_zombie_and_no_descriptor() -> None:
    async def act(children: RealChildren, _: Heard) -> list[int]:
        before = descriptors()
        statuses: list[int] = []
        for _batch in range(20):
            runs = (children.run(Command([b"/bin/true"]), terminate_on_cancel=False) for _one in range(50))
            statuses.extend(await asyncio.gather(*runs))
        assert descriptors() == before
        return statuses

    others = children_of_ours()
    assert with_children(act) == [0] * 1000
    assert children_of_ours() <= others


def children_of_ours() -> set[int]:
    """Return the ids of our children, those that are dead and that nobody has waited for, too."""
    tasks = Path("/proc/self/task").iterdir()
    return {int(word) for task in tasks for word in (task / "children").read_text().split()}
