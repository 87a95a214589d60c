"""What the tests of the resolver configuration put into their private mount namespace."""

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

FOUND = "nameserver 192.0.2.99\n"


def run(*words: str, stdin: str = "") -> str:
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, f"{words}: {done.stderr}"
    return done.stdout


def unreadable(directory: str, names: list[str]) -> list[str]:
    """Return which files are not ours to read: without root, those with passwords and keys."""
    paths = ((name, os.path.join(directory, name)) for name in names)
    return [name for name, path in paths if not os.path.islink(path) and not os.access(path, os.R_OK)]


PEERS = Path(__file__).parents[3] / ".peers"


def peer(name: str) -> Path:
    """Return where a Debian package was unpacked (without being installed)."""
    place = PEERS / name
    if not (place / "usr").is_dir():
        pytest.skip(f"{name} is not unpacked below {PEERS}, as ./check does")
    return place


def overlaid(name: str, *libraries: str) -> None:
    """Put an unpacked package over /usr and into the private /etc, with an empty /run."""
    place = peer(name)
    below = ":".join(f"{PEERS / one}/usr" for one in (name, *libraries) if (PEERS / one).is_dir())
    run("mount", "-t", "overlay", "o", "-o", f"lowerdir={below}:/usr", "/usr")
    run("cp", "-a", f"{place}/etc/.", "/etc/")
    run("mount", "-t", "tmpfs", "run", "/run")


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, for a minute if need be."""
    for _ in range(1200):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it does not come")
