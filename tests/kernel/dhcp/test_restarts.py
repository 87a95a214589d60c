"""A lease over restarts of the daemon, of the machine, and of the server: INIT-REBOOT, with real servers.

dnsmasq 2.90, kea 2.2.0, ISC dhcpd 4.4.3-P1, udhcpd of busybox 1.35.
"""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest
from tests.kernel.dhcp.servers import Overheard
from tests.kernel.dhcp.test_crashes import DISCOVER, REQUEST, World
from tests.kernel.dhcp.test_said import QUICK, SERVERS, serve
from tests.kernel.test_upgrade import killed

from netstrata.testing.child import Child, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.kernel.dhcp.conftest import Wire

    from netstrata.testing.lab import Lab

pytestmark = pytest.mark.kernel

KEEPING = ', ["release": "off"]'


@pytest.mark.parametrize("server", SERVERS)
def test_what_was_not_given_back_is_asked_for_again_with_one_question(wire: Wire, server: str) -> None:
    overheard = Overheard(wire)
    serve(wire, server)

    async def story() -> bytes:
        leases = wire.leases(QUICK._replace(release=0))
        lease = await leases.lease()
        await leases.close()
        return lease.address

    first = asyncio.run(story())
    assert overheard.messages(7) == []

    assert asyncio.run(story()) == first
    kinds = [message.options[53][0] for message in overheard.messages()]
    overheard.close()
    assert kinds == [REQUEST]


def asked(capture: Child) -> list[int]:
    """Return the types of the messages of ours, but for those that were sent again."""
    kinds = [int(kind) for kind in re.findall(r"^DHCP (\d+)", capture.output(), re.MULTILINE)]
    return [kind for at, kind in enumerate(kinds) if not at or kinds[at - 1] != kind]


@pytest.mark.parametrize("end", ["stopped", "out of power"])
def test_a_machine_that_starts_again_has_its_address_from_one_question(lab: Lab, tmp_path: Path, end: str) -> None:
    world = World(lab, tmp_path)
    daemon = world.daemon(options=KEEPING if end == "stopped" else "")
    if end == "stopped":
        assert daemon.end() == 0
    else:
        killed(daemon)
        world.host.ip("addr flush dev eth0")
        world.host.ip("link set eth0 down")
        world.host.run("sh", "-c", "rm -r /run/netstrata*")  # which no boot leaves
    capture = world.capture()

    again = world.daemon(options=KEEPING)

    assert asked(capture) == [REQUEST]
    assert "10.7.0.5" in world.host.kernel()
    again.end()


def test_without_a_server_it_waits_and_has_the_same_address_when_that_is_back(lab: Lab, tmp_path: Path) -> None:
    world = World(lab, tmp_path)
    daemon = world.daemon(options=KEEPING)
    before = world.host.kernel()
    assert daemon.end() == 0
    world.server.end()
    capture = world.capture()
    path = tmp_path / "program.ncd"
    again = world.start(path)
    wait_until("it to ask anybody", lambda: asked(capture) == [REQUEST, DISCOVER])

    world.router.dhcp_server("lan", ("10.7.0.50", "10.7.0.60"), router="10.7.0.1", dns="10.7.0.53")

    again.wait_output("complete\n")
    assert world.host.kernel() == before
    again.end()
