"""Two hosts for WireGuard."""

from pathlib import Path

import pytest
from tests.kernel.wireguard.ends import Ends

from netstrata.testing.lab import Lab


@pytest.fixture
def ends(lab: Lab, tmp_path: Path) -> Ends:
    """Both hosts; nothing runs yet."""
    return Ends(lab, tmp_path)
