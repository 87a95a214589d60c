"""Files that are generated: whose they are, who can read them, and what becomes of those of a daemon that is gone."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from netstrata.system.filesystem.generated import GeneratedFiles
from netstrata.testing.heard import Heard
from netstrata.values import Unavailable


def mode(path: Path) -> str:
    return oct(path.stat().st_mode & 0o7777)


def test_only_we_can_enter_the_directory_and_it_goes_with_its_last_file(tmp_path: Path) -> None:
    generated = GeneratedFiles(str(tmp_path))
    open_before = os.listdir("/proc/self/fd")

    with generated.held_file("a.conf") as file, generated.held_file("b.conf") as other:
        file.write("first")
        file.write("second")
        other.write("")
        modes = mode(tmp_path / "generated"), mode(tmp_path / "generated/a.conf")
        names = sorted(os.listdir(tmp_path / "generated"))
        text, size = file.read(), file.size

    assert modes == ("0o700", "0o600")
    assert names == ["a.conf", "b.conf"]
    assert (text, size) == ("second", 6)
    assert os.listdir(tmp_path) == []
    assert os.listdir("/proc/self/fd") == open_before


def test_a_name_is_held_once(tmp_path: Path) -> None:
    generated = GeneratedFiles(str(tmp_path))

    with generated.held_file("a.conf"), pytest.raises(Unavailable, match="another statement does"):
        generated.held_file("a.conf").__enter__()


def test_a_directory_that_is_a_link_to_elsewhere_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "generated").symlink_to("elsewhere")

    with pytest.raises(Unavailable, match="it is no directory of ours"):
        GeneratedFiles(str(tmp_path)).held_file("a.conf").__enter__()


def test_a_link_that_somebody_laid_there_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")

    with GeneratedFiles(str(tmp_path)).held_file("a.conf") as file:
        (tmp_path / "generated/.a.conf.netstrata-new").symlink_to(tmp_path / "mine")
        file.write("generated")
        assert not (tmp_path / "generated/a.conf").is_symlink()

    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize(
    "deed",
    [
        lambda path: path.write_text("theirs"),
        lambda path: path.unlink(),
        lambda path: path.chmod(0o644),
        lambda path: path.with_name("b").write_text("theirs") and path.with_name("b").rename(path),
    ],
)
def test_what_somebody_makes_of_a_file_is_told_and_mended(tmp_path: Path, deed: Callable[[Path], object]) -> None:
    path = tmp_path / "generated/a.conf"
    open_before = len(os.listdir("/proc/self/fd"))

    async def story() -> list[str]:
        statement = Heard()
        with GeneratedFiles(str(tmp_path)).held_file("a.conf", statement) as file:
            file.write("ours")
            deed(path)
            await asyncio.wait_for(statement.wait_for_more(), 60)
            assert (path.read_text(), mode(path)) == ("ours", "0o600")
        return statement.lines

    assert asyncio.run(story()) == [f"{path} was changed by somebody else; written again (not again for 1 s)"]
    assert os.listdir(tmp_path) == []
    assert len(os.listdir("/proc/self/fd")) == open_before
