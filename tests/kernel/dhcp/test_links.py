"""The client on links that are missing, wrong, down, renamed or taken away, and its first step."""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Any

import pytest

from netstrata.ports import DhcpOptions
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from tests.kernel.dhcp.conftest import Wire

pytestmark = pytest.mark.kernel

DISCOVER, REQUEST, RELEASE = 1, 3, 7
QUICK = DhcpOptions(conflict_check="never")


def of(seconds: int) -> bytes:
    return struct.pack("!I", seconds)


def test_a_missing_link_is_unavailable(wire: Wire) -> None:
    async def story() -> None:
        with pytest.raises(Unavailable, match="cannot ask for a lease on eth9: No such device"):
            await wire.leases_on("eth9").next()

    asyncio.run(story())


def test_a_link_that_is_not_ethernet_is_unavailable(wire: Wire) -> None:
    async def story() -> None:
        with pytest.raises(Unavailable, match="lo: it is not an Ethernet link"):
            await wire.leases_on("lo").next()

    asyncio.run(story())


def test_a_link_whose_name_is_no_utf8_is_unavailable_with_what_to_do(wire: Wire) -> None:
    wire.here(
        "sh", "-c", "ip link set eth0 down; ip link set eth0 name $(printf 'e\\377'); ip link set $(printf 'e\\377') up"
    )

    async def story() -> None:
        with pytest.raises(Unavailable, match=r"its name is no UTF-8: net\.rename can give it another one"):
            await wire.leases_on("e\udcff").next()

    asyncio.run(story())


def test_a_link_that_is_down_is_unavailable(wire: Wire) -> None:
    wire.here("ip", "link", "set", "eth0", "down")

    async def story() -> None:
        with pytest.raises(Unavailable, match="the link is down"):
            await wire.leases().next()

    asyncio.run(story())


@pytest.mark.parametrize("end", [("ip", "link", "set", "eth0", "down"), ("ip", "link", "del", "eth0")])
@pytest.mark.parametrize("held", [True, False])
def test_a_link_that_goes_ends_it_at_once(wire: Wire, server: Any, end: tuple[str, ...], held: bool) -> None:
    async def story() -> None:
        with server() as peer:
            if held:
                peer.grants()
            leases = wire.leases(QUICK)
            if held:
                await leases.lease()
            waiting = asyncio.ensure_future(leases.next())
            await peer.until_heard(DISCOVER)
            wire.here(*end)

            with pytest.raises(Unavailable, match=r"the link is (down|gone)"):
                await asyncio.wait_for(waiting, 60)

    asyncio.run(story())


def test_a_link_may_be_renamed_under_a_lease(wire: Wire, server: Any) -> None:
    async def story() -> None:
        with server() as peer:
            peer.grants(o51=of(2))
            leases = wire.leases(QUICK)
            await leases.lease()
            wire.here("ip", "link", "set", "eth0", "name", "other0")

            await peer.until_heard(REQUEST, 3)
            await leases.close()

            await peer.until_heard(RELEASE)

    asyncio.run(story())


def test_the_first_step_may_be_driven_by_hand_outside_of_any_task(wire: Wire, server: Any) -> None:
    async def story() -> None:
        with server() as peer:
            loop = asyncio.get_running_loop()
            leases = wire.leases(QUICK)
            stepped = loop.create_future()

            def first_step() -> None:
                assert asyncio.current_task() is None
                stepped.set_result(leases.stream.__anext__().__await__().__next__())

            loop.call_soon(first_step)
            waited_for = await stepped

            assert asyncio.isfuture(waited_for)
            await peer.until_heard(DISCOVER)

    asyncio.run(story())


def test_a_link_that_gets_another_mac_is_another_client_from_the_next_word_on(wire: Wire, server: Any) -> None:
    """A card hears only what is for its MAC: a server that answers the one of before is not heard (RFC 2131, 4.1)."""

    async def story() -> None:
        with server() as there:
            there.grants(o51=of(4), o58=of(1))
            leases = wire.leases(QUICK)
            await leases.lease()
            wire.here("ip", "link", "set", "eth0", "address", "02:00:00:00:0c:02")

            assert await leases.next() is None
            assert (await leases.lease()).address == bytes((10, 7, 0, 50))

            assert "dhcp: eth0 has another MAC by now, and is another client to servers" in wire.told.lines
            assert {message.mac.hex(":") for message in there.heard[:2]} == {"02:00:00:00:0c:01"}
            assert [message.options[53][0] for message in there.heard if message.mac[-1] == 2] == [DISCOVER, REQUEST]

    asyncio.run(story())
