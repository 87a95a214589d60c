"""The scene of each file of tests."""

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kernel.console.scene import PROGRAM, Scene

from netstrata.cli.demo.network import Network

CHANGED = re.compile("ERR_NETWORK_CHANGED|beginning again: Failed to fetch")  # what the page must get over


@pytest.fixture(scope="module")
def scene(root: None) -> Iterator[Scene]:
    """A scene with the demo's program."""
    # Not below pytest's own directory, which is for root alone: the console goes on as nobody.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name, Network() as network:
        folder = Path(name)
        folder.chmod(0o755)
        program = folder / "home.ncd"
        shutil.copy(PROGRAM, program)
        scene = Scene(network, folder, program)
        yield scene
        scene.close()
        assert "Traceback" not in scene.console.output()


@pytest.fixture(autouse=True)
def page_is_well(scene: Scene) -> Iterator[None]:
    """Nothing may be thrown, and nothing refused by the page's own rules."""
    yield
    assert [line for line in scene.browser.logged if not CHANGED.search(line)] == []
