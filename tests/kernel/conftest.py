"""The lab as a fixture: gone, and without a trace, after each test."""

from collections.abc import Iterator

import pytest

from netstrata.testing.lab import Lab
from netstrata.testing.namespaces import become_root
from netstrata.values import Unavailable


@pytest.fixture
def lab() -> Iterator[Lab]:
    """An empty lab.  After a test that called `lab.remember()` nothing may be left of what came later."""
    try:
        become_root()
    except Unavailable as reason:
        pytest.skip(str(reason))
    with Lab() as lab:
        yield lab
        left = lab.leftovers() if lab.remembers else []
    assert left == []
