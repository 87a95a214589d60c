"""A private /etc for each test of the resolver configuration, and a systemd-resolved for who asks."""

import contextlib
import ctypes
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kernel.dns.private import FOUND, run, unreadable
from tests.kernel.dns.resolve1 import Resolve1

_NEWNS = 0x00020000
_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


@pytest.fixture
def etc(root: None, tmp_path: Path) -> Iterator[Path]:
    """A private /etc, writable, with a resolv.conf that was found there."""
    home = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    place = os.getcwd()
    assert not _libc.unshare(_NEWNS)
    try:
        run("mount", "--make-rprivate", "/")
        with contextlib.suppress(shutil.Error):  # what only the real root may read
            shutil.copytree("/etc", tmp_path / "etc", symlinks=True, ignore=unreadable)
        run("mount", "--bind", str(tmp_path / "etc"), "/etc")
        assert os.path.samefile("/etc", tmp_path / "etc")
        path = Path("/etc/resolv.conf")
        path.unlink(missing_ok=True)
        path.write_text(FOUND)
        yield Path("/etc")
    finally:
        assert not _libc.setns(home, _NEWNS)
        os.close(home)
        os.chdir(place)


@pytest.fixture
def resolve1(etc: Path) -> Iterator[Resolve1]:
    """A systemd-resolved with a bus and a network of its own."""
    home = os.open("/proc/self/ns/net", os.O_RDONLY)
    assert not _libc.unshare(_NEWNET)
    found: Resolve1 | None = None
    try:
        found = Resolve1(etc)
        yield found
    finally:
        if found is not None:
            found.end()
            found.end_bus()
        assert not _libc.setns(home, _NEWNET)
        os.close(home)
