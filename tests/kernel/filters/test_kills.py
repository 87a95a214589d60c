"""A daemon that is killed while a packet filter tool runs: the next one comes up, and leaves nothing behind.

As many kills as one likes: NETSTRATA_KILLS=100, half of them with the legacy tool, at aims that are drawn by chance.
With nft 1.0.6 and iptables 1.8.9; a kernel without the legacy tables of ebtables has only ebtables-nft.
"""

import os
import random
from pathlib import Path

import pytest
from tests.kernel.filters.aimed import Aim, Range, all_aims, survives

from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel
KILLS = int(os.environ.get("NETSTRATA_KILLS", "0"))
# Calls that make come first: the last ones of each tool undo.
AIMS = {
    "nft": [
        Aim("nft", 1, "after"),  # a table
        Aim("nft", 4, "late"),  # a chain that drops
        Aim("nft", 5, "before"),
        Aim("nft", 6, "after"),  # a rule of which there is a copy, ours
        Aim("nft", 7, "after"),  # a rule with a set of its own
        Aim("nft", 8, "late"),  # a rule of which there is a copy, somebody else's
        Aim("nft", 9, "after"),  # an element
        Aim("nft", 10, "late"),  # which is deleted
        Aim("iptables", 1, "after"),  # a chain
        Aim("iptables", 2, "late"),  # a rule that drops
        Aim("iptables", 4, "after"),  # a rule of which there is a copy
        Aim("iptables", 7, "after"),  # the chain is deleted
        Aim("ebtables", 2, "late"),
    ],
    "legacy": [
        Aim("iptables", 2, "late"),  # a chain
        Aim("iptables", 4, "after"),  # a rule that drops
        Aim("iptables", 9, "late"),  # a rule of which there is a copy, somebody else's
        Aim("iptables", 14, "late"),  # which is deleted
    ],
}


@pytest.mark.parametrize(("kind", "aim"), [(kind, aim) for kind, aims in AIMS.items() for aim in aims])
def test_what_a_tool_of_a_killed_daemon_makes_is_taken_over_and_undone(
    lab: Lab, tmp_path: Path, kind: str, aim: Aim
) -> None:
    assert survives(Range(lab.host("host"), tmp_path, kind), aim) == ""


@pytest.mark.parametrize("kind", ["nft", "legacy"])
def test_wherever_the_daemon_is_killed_nothing_is_left(lab: Lab, tmp_path: Path, kind: str) -> None:
    here = Range(lab.host("host"), tmp_path, kind)
    aims = random.Random(os.urandom(8)).choices(all_aims(here), k=max(1, KILLS // 2))

    for aim in aims:  # up to the first that is wrong: it may spoil what follows
        assert survives(here, aim) == ""
