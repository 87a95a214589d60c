"""Ports are made when a program needs them."""

from pathlib import Path

from netstrata.system.output.standard_output import StandardOutput
from netstrata.system.ports import SystemPorts


def test_who_asks_for_uplinks_of_a_program_that_has_none_opens_nothing(tmp_path: Path) -> None:
    ports = SystemPorts(StandardOutput(), state=str(tmp_path), run=str(tmp_path))
    made = set(vars(ports))

    assert ports.uplinks() == []
    assert set(vars(ports)) == made
