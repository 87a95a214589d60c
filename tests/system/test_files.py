"""Files that are written once: who may read what is secret in them."""

import os
import stat
from pathlib import Path

import pytest

from netstrata.contract.secrets import SECRETS
from netstrata.system.files import RealFiles
from netstrata.values import Unavailable

FILES = RealFiles()
SECRET = b"staple of wood and straw"


@pytest.fixture(autouse=True)
def _secret() -> None:
    SECRETS.keep(SECRET)


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


@pytest.mark.parametrize("is_there", [False, True])
def test_file_write_makes_a_file_with_a_secret_for_us_alone(tmp_path: Path, is_there: bool) -> None:
    path = tmp_path / "a"
    if is_there:
        path.write_text("old")
        path.chmod(0o644)
    reader = path.open("rb") if is_there else None

    FILES.write(os.fsencode(path), b"psk=" + SECRET + b"\n")

    assert (mode(path), path.read_bytes()) == ("0o600", b"psk=" + SECRET + b"\n")
    if reader is not None:  # whoever had it open before cannot read it either
        assert reader.read() == b"old"
        reader.close()


def test_what_is_no_secret_is_written_as_ever(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")
    path.chmod(0o664)
    before = path.stat().st_ino

    FILES.write(os.fsencode(path), b"new")

    assert (mode(path), path.stat().st_ino, path.read_bytes()) == ("0o664", before, b"new")


def test_a_file_that_is_open_is_closed_to_others_before_a_secret_is_in_it(tmp_path: Path) -> None:
    path = tmp_path / "a"
    file = FILES.open(os.fsencode(path), b"w")
    file.write(b"psk=")
    file.seek(0, b"end")
    before = int(mode(path), 8) & 0o077

    file.write(SECRET)
    file.close()

    assert before
    assert mode(path) == "0o600"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a file to somebody")
def test_no_secret_is_written_into_an_open_file_of_another_user(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    os.chown(path, 12345, 12345)
    file = FILES.open(os.fsencode(path), b"a")
    file.write(SECRET)

    with pytest.raises(Unavailable, match="it is another user's, and what is written is a secret"):
        file.close()

    assert path.read_bytes() == b""
