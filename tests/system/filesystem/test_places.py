"""Where a path leads: links of others are not followed, those of who may do everything are."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from netstrata.ports.heldfiles import NOTHING_SAID
from netstrata.system.dns.file import ResolverFile
from netstrata.system.files import RealFiles
from netstrata.system.filesystem import atomic_file
from netstrata.system.filesystem.atomic_file import PUBLIC, Ownership
from netstrata.system.filesystem.places import NotFollowed, opened, others_may_write, read_file
from netstrata.system.heldfiles import RealHeldFiles
from netstrata.values import Unavailable

FILES = RealFiles()


def held(path: bytes) -> None:
    async def within() -> None:
        async with RealHeldFiles().held_file(path, b"ours", NOTHING_SAID):
            pass

    asyncio.run(within())


def in_place(path: bytes) -> None:
    """Write a resolv.conf as it is written where no other can be put in its place."""
    file = ResolverFile(os.fsdecode(path))
    file._in_place = True
    file._put(b"ours")


ACTS = [
    FILES.read,
    lambda path: FILES.write(path, b"ours"),
    lambda path: FILES.open(path, b"r"),
    lambda path: FILES.open(path, b"w"),
    lambda path: FILES.open(path, b"a+"),
    held,
    lambda path: atomic_file.replace(os.fsdecode(path), b"ours", PUBLIC),
    in_place,
]


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Return a folder that others may write to, as /tmp is."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/secret").write_text("mine")
    return folder


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("is_folder", [False, True])
def test_a_link_in_a_folder_of_others_is_not_followed(
    shared: Path, act: Callable[[bytes], object], is_folder: bool
) -> None:
    link = shared / "a"
    link.symlink_to("../mine" if is_folder else "../mine/secret")

    with pytest.raises((Unavailable, NotFollowed), match=f"{link} is a symbolic link that others may have made"):
        act(os.fsencode(link / "secret" if is_folder else link))

    assert [(one.name, one.read_text()) for one in (shared.parent / "mine").iterdir()] == [("secret", "mine")]


def test_a_link_that_others_made_elsewhere_is_followed_no_further_than_to_theirs(shared: Path) -> None:
    (shared / "theirs").symlink_to("../mine/secret")
    (shared.parent / "ours").symlink_to("shared/theirs")

    with pytest.raises(NotFollowed, match="shared/theirs is a symbolic link"):
        read_file(str(shared.parent / "ours"))


@pytest.mark.parametrize("act", [act for act in ACTS if act is not in_place])
def test_a_link_in_a_folder_that_is_ours_is_followed_and_stays_one(
    tmp_path: Path, act: Callable[[bytes], object]
) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run/real").write_text("old")
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/link").symlink_to("../run/real")
    (tmp_path / "other").symlink_to(tmp_path / "etc")

    act(os.fsencode(tmp_path / "other/link"))

    assert os.readlink(tmp_path / "etc/link") == "../run/real"


@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777, 0o1777])
def test_a_folder_that_a_group_or_all_may_write_to_is_one_of_others(tmp_path: Path, mode: int) -> None:
    os.chown(tmp_path, -1, 1 if os.geteuid() == 0 else os.getegid())
    tmp_path.chmod(mode)

    with opened(str(tmp_path / "a")) as place:
        assert others_may_write(place.folder)


def test_links_of_the_kernel_lead_to_what_they_name(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    (tmp_path / "a").write_text("by its name")

    FILES.write(b"/proc/self/fd/%d" % writer, b"through a pipe")

    assert os.read(reader, 100) == b"through a pipe"
    assert read_file(f"/proc/self/root{tmp_path}/a") == b"by its name"
    os.close(reader)
    os.close(writer)


def test_what_is_written_whole_has_its_mode_from_the_beginning_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a"
    umask = os.umask(0)
    open_before = len(os.listdir("/proc/self/fd"))

    try:
        with opened(str(path)) as place, atomic_file.beside(place, b"new", Ownership(0o640)) as descriptor:
            seen = oct(os.fstat(descriptor).st_mode), path.exists()
        with (
            pytest.raises(ZeroDivisionError),
            opened(str(path)) as place,
            atomic_file.beside(place, b"newer", Ownership(0o640)),
        ):
            raise ZeroDivisionError
    finally:
        os.umask(umask)

    assert seen == ("0o100640", False)
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]
    assert len(os.listdir("/proc/self/fd")) == open_before
