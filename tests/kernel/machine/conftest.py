"""Tests that need a machine of their own, whose kernel they may change: tools/vm-tests brings one."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.kernel.machine.machines import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """This machine, if it is one that may be changed."""
    if os.environ.get("NETSTRATA_OWN_MACHINE") != "1":
        pytest.skip("it changes the machine's kernel; tools/vm-tests runs it in another machine")
    made = Machine(tmp_path)
    yield made
    made.close()
