"""The client against a server that does what each story needs, over a veth with unfinished checksums."""

from __future__ import annotations

import asyncio
import os
import random
import struct
from typing import TYPE_CHECKING, Any

import pytest
from tests.clock import Clock

from netstrata.ports import DhcpOptions

if TYPE_CHECKING:
    from tests.kernel.dhcp.conftest import Wire

    from netstrata.protocols.dhcpv4 import Message

pytestmark = pytest.mark.kernel

DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE = range(1, 8)
QUICK = DhcpOptions(conflict_check="never")


def of(seconds: int) -> bytes:
    return struct.pack("!I", seconds)


def address(text: str) -> bytes:
    return bytes(int(part) for part in text.split("."))


def test_two_routers_are_heard_and_the_first_is_the_gateway(wire: Wire, server: Any) -> None:
    async def story() -> None:
        with server() as peer:
            peer.grants(o3=address("10.7.0.2") + address("10.7.0.3"))

            lease = await wire.leases(QUICK).lease()

            assert lease.gateway == address("10.7.0.2")

    asyncio.run(story())


def test_no_router_and_no_name_server_is_a_lease_too(wire: Wire, server: Any) -> None:
    async def story() -> None:
        with server() as peer:
            peer.grants(o3=b"", o6=b"")

            lease = await wire.leases(QUICK).lease()

            assert (lease.gateway, lease.dns_servers) == (None, ())

    asyncio.run(story())


def test_a_lost_discover_costs_a_fraction_of_a_second(wire: Wire, server: Any) -> None:
    async def story() -> None:
        with server() as peer:
            peer.answers(lambda m: peer.granting(m) if len(peer.heard) > 1 else [])
            clock = Clock()

            await wire.leases(QUICK).lease()

            assert peer.kinds()[:2] == [DISCOVER, DISCOVER]
            assert clock.seconds < 1

    asyncio.run(story())


def test_people_see_how_many_discovers_are_unanswered(wire: Wire, server: Any) -> None:
    async def story() -> None:
        with server() as peer:
            leases = wire.leases(QUICK)
            waiting = asyncio.ensure_future(leases.next())

            await peer.until_heard(DISCOVER, 3)

            await asyncio.sleep(0)
            assert wire.told.lines[0] == "dhcp: DISCOVER"
            assert wire.told.lines[2].startswith("dhcp: 2 DISCOVERs unanswered, next in ")
            waiting.cancel()

    asyncio.run(story())


def test_a_renewal_goes_from_the_address_to_the_server_alone_and_changes_nothing(wire: Wire, server: Any) -> None:
    async def story() -> None:
        with server() as peer:
            peer.grants(o51=of(2))
            leases = wire.leases(QUICK)
            lease = await leases.lease()
            peer.heard.clear()
            waiting = asyncio.ensure_future(leases.next())

            renewals = [await peer.until_heard(REQUEST, times) for times in (1, 2)]

            assert not waiting.done()
            assert set(peer.kinds()) == {REQUEST}
            assert all(renewal.client == lease.address for renewal in renewals)
            assert not any({50, 54} & set(renewal.options) for renewal in renewals)
            assert peer.destinations[-1] == "10.7.0.1"
            waiting.cancel()

    asyncio.run(story())


@pytest.mark.parametrize("changed", [{"o3": bytes((10, 7, 0, 2))}, {"o6": bytes((10, 7, 0, 54))}])
def test_another_router_or_name_server_in_a_renewal_is_a_new_lease(
    wire: Wire, server: Any, changed: dict[str, bytes]
) -> None:
    async def story() -> None:
        with server() as peer:
            peer.grants(o51=of(2))
            leases = wire.leases(QUICK)
            first = await leases.lease()
            peer.heard.clear()
            peer.grants(o51=of(2), **changed)

            second = await leases.lease()

            assert second.address == first.address
            assert (second.gateway, second.dns_servers) != (first.gateway, first.dns_servers)
            assert set(peer.kinds()) == {REQUEST}
            assert all(message.client == first.address for message in peer.heard)

    asyncio.run(story())


def test_a_server_that_is_gone_costs_the_lease_when_its_time_is_over_and_not_before(wire: Wire, server: Any) -> None:
    async def story() -> None:
        with server() as peer:
            peer.grants(o51=of(2))
            leases = wire.leases(QUICK)
            since_before = Clock()
            await leases.lease()
            since_after = Clock()
            peer.answers(lambda message: [])

            lost = await leases.next()

            assert lost is None
            assert since_before.all_s >= 2
            assert since_after.seconds < 2.5
            peer.grants()
            assert (await leases.lease()).seconds == 3600

    asyncio.run(story())


def test_a_nak_takes_the_lease_and_the_next_server_gives_another(wire: Wire, server: Any, reply: Any) -> None:
    async def story() -> None:
        with server() as peer:
            peer.grants(o51=of(2))
            leases = wire.leases(QUICK)
            await leases.lease()
            peer.answers(lambda m: [reply(m, NAK)] if m.client != bytes(4) else peer.granting(m, "10.7.0.77"))

            lost = await leases.next()
            lease = await leases.lease()

            assert lost is None
            assert lease.address == address("10.7.0.77")

    asyncio.run(story())


def test_an_address_that_somebody_uses_is_declined(wire: Wire, server: Any) -> None:
    wire.there("ip", "addr", "add", "10.7.0.50/24", "dev", "eth0")

    async def story() -> None:
        with server() as peer:
            peer.grants()
            leases = wire.leases()
            waiting = asyncio.ensure_future(leases.next())

            declined = await peer.until_heard(DECLINE)

            assert declined.options[50] == address("10.7.0.50")
            assert not waiting.done()
            assert any("is used by 02:00:00:00:05:01 too" in line for line in wire.told.lines)
            waiting.cancel()

    asyncio.run(story())


def test_a_conflict_found_while_the_address_is_used_takes_it_away(wire: Wire, server: Any) -> None:
    wire.there("ip", "addr", "add", "10.7.0.50/24", "dev", "eth0")

    async def story() -> None:
        with server() as peer:
            peer.grants()
            leases = wire.leases(DhcpOptions(conflict_check="beside"))

            first = await leases.next()
            second = await leases.next()

            assert first is not None
            assert second is None
            await peer.until_heard(DECLINE)

    asyncio.run(story())


def test_a_lease_that_is_not_wanted_any_more_is_released(wire: Wire, server: Any) -> None:
    async def story() -> None:
        with server() as peer:
            peer.grants()
            leases = wire.leases(QUICK)
            lease = await leases.lease()

            await leases.close()

            released = await peer.until_heard(RELEASE)
            assert released.client == lease.address
            assert released.options[54] == lease.server
            assert os.listdir(wire.directory / "state") == []

    asyncio.run(story())


def test_without_carrier_the_lease_is_kept_and_asked_for_again(wire: Wire, server: Any) -> None:
    async def story() -> None:
        with server() as peer:
            peer.grants()
            leases = wire.leases(QUICK)
            await leases.lease()
            wire.there("ip", "link", "set", "eth0", "down")
            wire.until(lambda: "NO-CARRIER" in wire.here("ip", "link", "show", "dev", "eth0"))  # a moment later
            await leases.close()
            wire.there("ip", "link", "set", "eth0", "up")
            wire.wait_carrier()
            peer.heard.clear()

            lease = await wire.leases(QUICK).lease()

            assert lease.address == address("10.7.0.50")
            assert set(peer.kinds()) == {REQUEST}
            assert peer.heard[0].options[50] == lease.address
            assert 54 not in peer.heard[0].options

    asyncio.run(story())


@pytest.mark.parametrize("how", ["nak", "silence"])
def test_a_kept_lease_that_is_not_confirmed_gives_way_to_a_new_one(
    wire: Wire, server: Any, reply: Any, how: str
) -> None:
    (wire.directory / "state").mkdir()
    (wire.directory / "state" / "eth0-020000000c01.lease").write_text("address 10.9.0.9\nexpires inf\n")

    async def story() -> None:
        with server() as peer:

            def answer(message: Message) -> list[bytes]:
                if message.options.get(50) == address("10.9.0.9") and message.options[53][0] == REQUEST:
                    return [reply(message, NAK)] if how == "nak" else []
                granted: list[bytes] = peer.granting(message)
                return granted

            peer.answers(answer)

            lease = await wire.leases(QUICK).lease()

            assert lease.address == address("10.7.0.50")
            assert peer.kinds()[0] == REQUEST

    asyncio.run(story())


@pytest.mark.parametrize("text", [b"", b"\0\xff" * 3000, b"address 10.7.0\nexpires nan", b"address\nexpires 1"])
def test_a_spoilt_lease_file_is_as_good_as_none(wire: Wire, server: Any, text: bytes) -> None:
    (wire.directory / "state").mkdir()
    (wire.directory / "state" / "eth0-020000000c01.lease").write_bytes(text)

    async def story() -> None:
        with server() as peer:
            peer.grants()

            await wire.leases(QUICK).lease()

            assert peer.kinds()[0] == DISCOVER

    asyncio.run(story())


def test_a_state_directory_that_cannot_be_made_costs_a_note_and_no_lease(wire: Wire, server: Any) -> None:
    (wire.directory / "state").write_text("a file where a directory should be")

    async def story() -> None:
        with server() as peer:
            peer.grants()

            await wire.leases(QUICK).lease()

            assert any("cannot be kept" in line for line in wire.told.lines)

    asyncio.run(story())


def test_garbage_from_a_hostile_server_does_not_keep_the_real_one_from_being_heard(
    wire: Wire, server: Any, reply: Any
) -> None:
    dice = random.Random(4)

    def hostile(message: Message) -> list[bytes]:
        good = reply(message, OFFER if message.options[53][0] == DISCOVER else ACK)
        noise = [dice.randbytes(dice.randrange(1, 1400)) for _ in range(20)]
        cut = [good[:length] for length in (1, 239, 240, 243, 250)]
        broken = [good[:at] + dice.randbytes(4) + good[at + 4 :] for at in range(0, 260, 13)]
        foreign = [reply(message._replace(xid=message.xid ^ 1), OFFER), reply(message._replace(mac=b"\2" * 6), ACK)]
        huge = [good[:240] + b"\x79\xff" + dice.randbytes(255) * 4]
        wrong = [
            reply(message, ACK, o1=b"\xff\0\xff\0"),
            reply(message, ACK, "224.0.0.1"),
            reply(message, ACK, o51=of(0)),
        ]
        return [*noise, *cut, *[b for b in broken if b != good], *foreign, *huge, *wrong]

    async def story() -> None:
        with server() as peer:
            peer.answers(lambda m: [*hostile(m), *peer.granting(m)])

            lease = await wire.leases(QUICK).lease()

            assert lease.address == address("10.7.0.50")
            assert 0 < len([line for line in wire.told.lines if "is ignored" in line]) <= 8

    asyncio.run(story())
