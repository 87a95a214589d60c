"""The client against servers that other people wrote."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from netstrata.ports import DhcpOptions
from netstrata.values import format_ipv4

if TYPE_CHECKING:
    from tests.kernel.dhcp.conftest import Wire

pytestmark = pytest.mark.kernel


def test_dnsmasq_grants_a_lease_within_half_a_second(wire: Wire) -> None:
    wire.dnsmasq("10.7.0.50", "10.7.0.50", "--dhcp-option=3,10.7.0.1,10.7.0.2", "--dhcp-option=6,10.7.0.53")

    async def story() -> None:
        leases = wire.leases(DhcpOptions(hostname=b"example"))
        began = time.monotonic()

        lease = await leases.lease()

        assert time.monotonic() - began < 0.5
        assert format_ipv4(lease.address) == b"10.7.0.50"
        assert lease.prefix == 24
        assert lease.gateway == bytes((10, 7, 0, 1))
        assert lease.dns_servers == (bytes((10, 7, 0, 53)),)
        assert lease.server_mac.hex(":") == "02:00:00:00:05:01"
        assert lease.seconds == 120
        assert "example" in (wire.directory / "leases").read_text()
        await leases.close()

    asyncio.run(story())
