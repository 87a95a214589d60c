"""The driver where it may open nothing: all that reads what a network sends needs no right at all."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from netstrata.system.dhcp.facts import read_link
from netstrata.system.dhcp.sockets import ETH_P_ARP, ETH_P_IP, open_packet_socket

if TYPE_CHECKING:
    from tests.kernel.dhcp.conftest import Wire

pytestmark = pytest.mark.kernel


def test_the_driver_leases_probes_and_releases_without_any_right_on_sockets_it_was_handed(wire: Wire) -> None:
    wire.dnsmasq("10.7.0.50", "10.7.0.50")
    ifindex = read_link("eth0").ifindex
    sockets = [open_packet_socket(ifindex, protocol) for protocol in (ETH_P_IP, ETH_P_ARP)]
    numbers = [opened.fileno() for opened in sockets]

    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("confined.py")), *map(str, numbers)],
        pass_fds=numbers, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    for opened in sockets:
        opened.close()
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "dhcp: REQUEST for 10.99.0.9, which we had before"
    assert lines[1].startswith("dhcp: NAK of 10.99.0.9 from 10.7.0.1")
    assert next(line for line in lines if line.startswith(("keep", "lease"))) == "keep b''"  # what was refused
    assert "lease 10.7.0.50" in lines
    assert lines[-2:] == ["keep b''", "dhcp: RELEASE of 10.7.0.50 to 10.7.0.1"]
    wire.until(lambda: "DHCPRELEASE" in wire.log("dnsmasq"))
