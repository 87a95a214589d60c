"""The lab as a fixture: gone, and without a trace, after each test."""

from collections.abc import Iterator

import pytest

from netstrata.testing.lab import Lab
from netstrata.testing.namespaces import become_root
from netstrata.values import Unavailable


@pytest.fixture(scope="session")
def root() -> None:
    """Root, if only of a user namespace; without it what needs it is left out."""
    try:
        become_root()
    except Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture
def lab(root: None) -> Iterator[Lab]:
    """An empty lab.  After a test that called `lab.remember()` nothing may be left of what came later."""
    with Lab() as lab:
        yield lab
        left = lab.leftovers() if lab.remembers else []
    assert left == []
