"""Files, directories and links that are held: what they find comes back."""

import asyncio
import os
import stat
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from netstrata.contract import set_running
from netstrata.contract.secrets import SECRETS
from netstrata.ports.heldfiles import NOTHING_SAID, Attributes
from netstrata.system.filesystem import atomic_file
from netstrata.system.heldfiles import RealHeldFiles
from netstrata.testing.heard import Heard
from netstrata.values import Unavailable

Act = Callable[[RealHeldFiles, Heard], Coroutine[Any, Any, None]]


def with_files(act: Act) -> list[str]:
    """Run a piece of a test in the name of a statement, and return what was noted."""

    async def within() -> list[str]:
        statement = Heard()
        set_running(statement)
        await act(RealHeldFiles(), statement)
        return statement.lines

    return asyncio.run(within())


def held(path: Path, data: bytes, while_up: Callable[[], None], attributes: Attributes = NOTHING_SAID) -> list[str]:
    """Hold a file, do something, and leave; return what was noted."""

    async def act(files: RealHeldFiles, _: Heard) -> None:
        async with files.held_file(os.fsencode(path), data, attributes):
            while_up()

    return with_files(act)


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_file_that_was_not_there_is_made_and_goes(tmp_path: Path) -> None:
    path = tmp_path / "a"
    seen: list[object] = []

    notes = held(path, b"new", lambda: seen.append((path.read_bytes(), stat.S_IMODE(path.stat().st_mode))))

    assert seen == [(b"new", 0o644)]
    assert (names(tmp_path), notes) == ([], [])


def test_the_very_file_that_was_there_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o640)
    before = path.stat()
    seen: list[object] = []

    held(path, b"new", lambda: seen.append((path.read_bytes(), stat.S_IMODE(path.stat().st_mode))))
    after = path.stat()

    assert seen == [(b"new", 0o640)]
    assert path.read_bytes() == b"old"
    assert (after.st_ino, after.st_mode, after.st_mtime_ns) == (before.st_ino, before.st_mode, before.st_mtime_ns)
    assert names(tmp_path) == ["a"]


def test_mode_and_owner_are_as_said_whatever_the_umask_is(tmp_path: Path) -> None:
    path = tmp_path / "a"
    seen: list[object] = []
    mine = f"{os.getuid()}"
    umask = os.umask(0o077)

    try:
        held(path, b"x", lambda: seen.append(oct(path.stat().st_mode)), Attributes(0o666, mine, mine))
    finally:
        os.umask(umask)

    assert seen == ["0o100666"]


def test_what_somebody_else_wrote_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    seen: list[int] = []

    notes = held(path, b"new", lambda: seen.append(path.write_bytes(b"theirs")))

    assert path.read_bytes() == b"theirs"
    assert notes == [f"somebody has changed {path}: it is left alone"]
    assert names(tmp_path) == ["a"]


def test_what_somebody_else_removed_stays_away(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    notes = held(path, b"new", path.unlink)

    assert (names(tmp_path), len(notes)) == ([], 1)


def test_a_symbolic_link_is_followed_and_stays_one(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_bytes(b"old")
    link.symlink_to("real")
    seen: list[object] = []

    held(link, b"new", lambda: seen.append((real.read_bytes(), link.is_symlink())))

    assert seen == [(b"new", True)]
    assert real.read_bytes() == b"old"


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0), (0, 2, 1), (2, 0, 1)])
def test_several_holders_may_leave_in_any_order(tmp_path: Path, order: tuple[int, ...]) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    async def act(files: RealHeldFiles, _: Heard) -> None:
        stacks = [AsyncExitStack() for _ in order]
        for number, stack in enumerate(stacks):
            await stack.enter_async_context(files.held_file(os.fsencode(path), b"%d" % number, NOTHING_SAID))
        staying = [0, 1, 2]
        for number in order:
            await stacks[number].aclose()
            staying.remove(number)
            assert path.read_bytes() == (b"%d" % staying[-1] if staying else b"old")

    notes = with_files(act)

    assert (notes, names(tmp_path)) == ([], ["a"])


def crashed(path: Path, *data: bytes) -> None:
    """Have a daemon hold a file, several times over, and end without a word."""

    async def act(files: RealHeldFiles, _: Heard) -> None:
        for one in data:
            await files.held_file(os.fsencode(path), one, NOTHING_SAID).__aenter__()
        os._exit(0)

    first = os.fork()
    if first == 0:
        with_files(act)
    os.waitpid(first, 0)
    assert path.read_bytes() == data[-1]


@pytest.mark.parametrize("next_one", [b"new", b"newer"])
def test_after_a_crash_what_was_found_before_it_comes_back(tmp_path: Path, next_one: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    crashed(path, b"new")

    held(path, next_one, lambda: None)

    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["a"])


def test_after_two_crashes_and_of_several_holders_it_comes_back_too(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    crashed(path, b"new", b"new", b"newer")
    crashed(path, b"newest")

    held(path, b"last", lambda: None)

    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["a"])


def test_what_a_crash_left_is_forgotten_if_somebody_has_written_the_file_since(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    crashed(path, b"new")
    path.write_bytes(b"theirs")

    held(path, b"new", lambda: None)

    assert (path.read_bytes(), names(tmp_path)) == (b"theirs", ["a"])


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: path.mkdir(), "it is a directory: only a file can be replaced"),
        (lambda path: os.mkfifo(path), "it is a device, a socket or a pipe: only a file can be replaced"),
        (lambda path: path.symlink_to(path.name), "{} is a symbolic link that leads round"),
    ],
)
def test_what_is_no_file_is_refused(tmp_path: Path, make: Callable[[Path], None], reason: str) -> None:
    path = tmp_path / "a"
    make(path)

    with pytest.raises(Unavailable) as refused:
        held(path, b"new", lambda: None)

    assert (str(refused.value), names(tmp_path)) == (f"cannot write {path}: {reason.format(path)}", ["a"])


def test_a_missing_directory_and_a_missing_user_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    with pytest.raises(Unavailable, match="no/b: No such file or directory"):
        held(tmp_path / "no" / "b", b"", lambda: None)
    with pytest.raises(Unavailable, match="name not found: 'no-such-user-here'"):
        held(path, b"new", lambda: None, Attributes(user="no-such-user-here"))

    assert (path.read_bytes(), names(tmp_path)) == (b"old", ["a"])


def test_a_directory_is_made_and_removed_and_stays_if_it_is_not_empty(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"

    async def act(files: RealHeldFiles, _: Heard) -> None:
        async with (
            files.held_directory(os.fsencode(one), Attributes(0o1777)),
            files.held_directory(os.fsencode(two), NOTHING_SAID),
            files.held_directory(os.fsencode(tmp_path), NOTHING_SAID),
        ):
            assert (oct(one.stat().st_mode), oct(two.stat().st_mode)) == ("0o41777", "0o40755")
            (two / "theirs").touch()

    notes = with_files(act)

    assert names(tmp_path) == ["two"]
    assert notes == [f"cannot remove {two}: Directory not empty; ignoring"]


def test_a_link_is_made_and_removed_and_another_one_refused(tmp_path: Path) -> None:
    path, there = tmp_path / "a", tmp_path / "there"
    there.symlink_to("b")

    async def act(files: RealHeldFiles, _: Heard) -> None:
        async with files.held_link(b"b", os.fsencode(path)), files.held_link(b"b", os.fsencode(there)):
            assert os.readlink(path) == "b"
        with pytest.raises(Unavailable, match="there to c: File exists"):
            async with files.held_link(b"c", os.fsencode(there)):
                raise AssertionError("it is up")

    with_files(act)

    assert names(tmp_path) == ["there"]


SECRET = b"correct horse battery"


@pytest.fixture
def secret() -> bytes:
    """Return a text that is known to be a secret."""
    SECRETS.keep(SECRET)
    return SECRET


@pytest.mark.parametrize(
    ("found", "attributes", "mode"),
    [
        (None, NOTHING_SAID, 0o600),
        (0o644, NOTHING_SAID, 0o600),
        (0o644, Attributes(0o640), 0o640),
        (None, Attributes(user=f"{os.getuid()}"), 0o600),
    ],
)
def test_a_secret_is_for_us_alone_unless_a_mode_is_said(
    tmp_path: Path, secret: bytes, found: int | None, attributes: Attributes, mode: int
) -> None:
    path = tmp_path / "a"
    if found is not None:
        path.write_bytes(b"old")
        path.chmod(found)
    seen: list[int] = []

    held(path, b"psk=" + secret, lambda: seen.append(stat.S_IMODE(path.stat().st_mode)), attributes)

    assert seen == [mode]
    assert found is None or stat.S_IMODE(path.stat().st_mode) == found


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file to somebody")
def test_a_secret_is_not_for_whoever_had_a_file_in_its_place(tmp_path: Path, secret: bytes) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"theirs")
    os.chown(path, 12345, 12345)
    seen: list[tuple[int, int]] = []

    held(path, secret, lambda: seen.append((path.stat().st_uid, path.stat().st_gid)))

    assert seen == [(0, 0)]


def test_the_name_under_which_a_file_is_kept_says_what_all_can_see_of_the_one_in_its_place(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    seen: list[list[str]] = []

    held(path, b"new", lambda: seen.append([*names(tmp_path), f"{path.stat().st_ino:x}-{path.stat().st_mtime_ns:x}"]))

    ((kept, plain, mark),) = seen
    assert (kept, plain) == (f".a.netstrata-saved-{mark}", "a")


@pytest.mark.parametrize(
    "deed",
    [
        lambda path: path.chmod(0o666),
        pytest.param(
            lambda path: os.chown(path, 12345, -1),
            marks=pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file to somebody"),
        ),
    ],
)
def test_mode_and_owner_are_held_as_the_content_is(tmp_path: Path, deed: Callable[[Path], None]) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    path.chmod(0o600)
    before = path.stat().st_ino

    async def act(files: RealHeldFiles, statement: Heard) -> None:
        told = await lost_by(statement, files, path, lambda: deed(path))
        assert told == f"cannot hold {path}: somebody has changed its mode or owner"

    with_files(act)

    assert (path.read_bytes(), oct(path.stat().st_mode), path.stat().st_ino) == (b"old", "0o100600", before)


def test_the_mode_of_a_directory_is_held_too_if_it_is_ours(tmp_path: Path) -> None:
    path, theirs = tmp_path / "a", tmp_path / "theirs"
    theirs.mkdir()

    async def act(files: RealHeldFiles, statement: Heard) -> None:
        async with files.held_directory(os.fsencode(theirs), Attributes(0o700)):
            theirs.chmod(0o711)
            async with files.held_directory(os.fsencode(path), Attributes(0o700)):
                path.chmod(0o777)
                (path / "b").touch()
                while not statement.losses:  # noqa: ASYNC110
                    await asyncio.sleep(0.001)
            async with files.held_directory(os.fsencode(path), Attributes(0o700)):
                assert oct(path.stat().st_mode) == "0o40700"
                (path / "b").unlink()
        assert [str(loss) for loss in statement.losses] == [
            f"cannot hold {path}: somebody has changed its mode or owner"
        ]

    with_files(act)

    assert names(tmp_path) == ["theirs"]
    assert oct(theirs.stat().st_mode) == "0o40711"


async def lost_by(statement: Heard, files: RealHeldFiles, path: Path, deed: Callable[[], None]) -> str:
    """Hold a file as a statement does: again, once what somebody did to it was noticed; return what was told."""
    async with files.held_file(os.fsencode(path), b"ours", NOTHING_SAID):
        deed()
        while not statement.losses:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    async with files.held_file(os.fsencode(path), b"ours", NOTHING_SAID):
        assert atomic_file.holds(str(path), b"ours")
    return str(statement.losses.pop())


def moved_over(path: Path) -> None:
    other = path.with_name("other")
    other.write_bytes(b"theirs")
    other.rename(path)


@pytest.mark.parametrize(
    ("deed", "did", "left"),
    [
        (lambda path: path.write_bytes(b"theirs"), "changed", b"theirs"),
        (moved_over, "changed", b"theirs"),
        (lambda path: path.unlink(), "removed", None),
        (lambda path: path.rename(path.with_name("b")), "removed", None),
    ],
)
def test_what_somebody_does_to_a_file_is_noticed_and_is_what_comes_back(
    tmp_path: Path, deed: Callable[[Path], None], did: str, left: bytes | None
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    async def act(files: RealHeldFiles, statement: Heard) -> None:
        assert await lost_by(statement, files, path, lambda: deed(path)) == f"cannot hold {path}: somebody has {did} it"

    with_files(act)

    assert (path.read_bytes() if path.exists() else None) == left
    assert [name for name in names(tmp_path) if name.startswith(".")] == []


def test_a_directory_that_goes_away_with_what_is_held_in_it_is_noticed(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()

    async def act(files: RealHeldFiles, statement: Heard) -> None:
        async with files.held_file(os.fsencode(folder / "a"), b"ours", NOTHING_SAID):
            folder.rename(tmp_path / "elsewhere")
            while not statement.losses:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        assert str(statement.losses[0]) == f"cannot hold {folder / 'a'}: somebody has removed it"

    with_files(act)

    assert names(tmp_path / "elsewhere") == ["a"]


def test_what_happens_beside_a_file_and_what_leaves_it_the_same_is_no_loss(tmp_path: Path) -> None:
    path = tmp_path / "a"

    async def act(files: RealHeldFiles, statement: Heard) -> None:
        async with files.held_file(os.fsencode(path), b"lower", NOTHING_SAID):
            async with files.held_file(os.fsencode(path), b"ours", NOTHING_SAID):
                (tmp_path / "b").write_bytes(b"beside")
                path.write_bytes(b"ours")
                await asyncio.sleep(0.2)  # four times what is waited before looking: there is nothing to wait for
            await asyncio.sleep(0.2)
        assert statement.losses == []

    with_files(act)

    assert names(tmp_path) == ["b"]


def test_links_and_directories_that_somebody_takes_away_are_noticed_too(tmp_path: Path) -> None:
    link, folder = tmp_path / "link", tmp_path / "folder"

    async def act(files: RealHeldFiles, statement: Heard) -> None:
        async with files.held_directory(os.fsencode(folder), NOTHING_SAID), files.held_link(b"/x", os.fsencode(link)):
            link.unlink()
            link.symlink_to("/y")
            folder.rmdir()
            while len(statement.losses) < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
        assert sorted(map(str, statement.losses)) == [
            f"cannot hold {folder}: somebody has removed it",
            f"cannot hold {link}: somebody has changed it",
        ]

    with_files(act)

    assert os.readlink(link) == "/y"


def test_a_thousand_files_held_and_left_leave_no_descriptor(tmp_path: Path) -> None:
    before = len(os.listdir("/proc/self/fd"))

    async def act(files: RealHeldFiles, statement: Heard) -> None:
        async with AsyncExitStack() as stack:
            open_before = len(os.listdir("/proc/self/fd"))
            for number in range(1000):
                path = os.fsencode(tmp_path / f"{number}")
                await stack.enter_async_context(files.held_file(path, b"x", NOTHING_SAID))
            assert len(os.listdir("/proc/self/fd")) == open_before + 1
        assert len(os.listdir("/proc/self/fd")) == open_before

    with_files(act)

    assert names(tmp_path) == []
    assert len(os.listdir("/proc/self/fd")) == before
