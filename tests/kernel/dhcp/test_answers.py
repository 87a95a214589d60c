"""The client and answers that RFC 2131 says are not for it, and servers that wear it out, over a real wire."""

from __future__ import annotations

import asyncio
import struct
from typing import TYPE_CHECKING, Any

import pytest

from netstrata.ports import DhcpOptions

if TYPE_CHECKING:
    from tests.kernel.dhcp.conftest import Wire

    from netstrata.protocols.dhcpv4 import Message

pytestmark = pytest.mark.kernel

DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE = range(1, 8)
QUICK = DhcpOptions(conflict_check="never")
OTHER_SERVER = bytes((10, 7, 0, 2))
OTHER_ROUTER = bytes((10, 7, 0, 3))


def of(seconds: int) -> bytes:
    return struct.pack("!I", seconds)


def kind_of(message: Message) -> int:
    return message.options[53][0]


def test_a_server_that_answers_a_renewal_late_renews_it(wire: Wire, server: Any, reply: Any) -> None:
    async def story() -> None:
        with server() as peer:
            late: list[Message] = []

            def answer(message: Message) -> list[bytes]:
                """Answer each REQUEST of a renewal only when the next one comes."""
                if message.client == bytes(4):
                    granted: list[bytes] = peer.granting(message, o51=of(4))
                    return granted
                late.append(message)
                return [reply(late[-2], ACK, o3=OTHER_ROUTER)] if len(late) > 1 else []

            peer.answers(answer)
            leases = wire.leases(QUICK)
            await leases.lease()

            renewed = await leases.next()

            assert renewed is not None
            assert renewed.gateway == OTHER_ROUTER
            await leases.close()

    asyncio.run(story())


@pytest.mark.parametrize(
    ("address", "options", "told"),
    [
        ("10.7.0.51", {}, "dhcp: ACK of 10.7.0.51 from 10.7.0.1 is not taken: 10.7.0.50 was asked for"),
        (
            "10.7.0.50",
            {"o54": OTHER_SERVER},
            "dhcp: ACK of 10.7.0.50 from 10.7.0.2 is not taken: only 10.7.0.1 was asked",
        ),
        (
            "10.7.0.50",
            {"o53": b"\6", "o54": OTHER_SERVER},
            "dhcp: NAK from 10.7.0.2 is not taken: only 10.7.0.1 was asked",
        ),
        (
            "10.7.0.50",
            {"o1": b"\xff\xff\xff\xfe", "o3": bytes((10, 7, 0, 50))},
            "dhcp: a packet from 02:00:00:00:05:01 is ignored: "
            "10.7.0.50 is no address for a host (yiaddr): it is the gateway's own (option 3 or 121)",
        ),
        (
            "10.7.0.255",
            {},
            "dhcp: a packet from 02:00:00:00:05:01 is ignored: "
            "10.7.0.255 is no address for a host (yiaddr): it is the broadcast address of its network (/24, option 1)",
        ),
    ],
)
def test_an_answer_that_is_not_ours_is_named_and_the_right_one_taken(
    wire: Wire, server: Any, reply: Any, address: str, options: dict[str, bytes], told: str
) -> None:
    async def story() -> None:
        with server() as peer:

            def answer(message: Message) -> list[bytes]:
                wrong = [reply(message, ACK, address, **options)] if kind_of(message) == REQUEST else []
                return [*wrong, *peer.granting(message)]

            peer.answers(answer)
            leases = wire.leases(QUICK)

            lease = await leases.lease()

            assert lease.address == bytes((10, 7, 0, 50))
            assert lease.server == bytes((10, 7, 0, 1))
            assert told in wire.told.lines
            await leases.close()

    asyncio.run(story())


@pytest.mark.parametrize("prefix", [31, 32])
def test_a_lease_in_a_network_of_two_or_one_is_taken(wire: Wire, server: Any, prefix: int) -> None:
    async def story() -> None:
        with server() as peer:
            peer.grants(o1=(0xFFFFFFFF << (32 - prefix) & 0xFFFFFFFF).to_bytes(4, "big"))
            leases = wire.leases(QUICK)

            lease = await leases.lease()

            assert lease.prefix == prefix
            await leases.close()

    asyncio.run(story())


def test_a_server_that_takes_back_each_lease_of_a_second_is_asked_ever_more_rarely(
    wire: Wire, server: Any, reply: Any
) -> None:
    async def story() -> None:
        with server() as peer:
            peer.answers(lambda m: [reply(m, NAK)] if m.client != bytes(4) else peer.granting(m, o51=of(1)))
            leases = wire.leases(QUICK)

            for _ in range(3):
                assert await leases.next() is not None
                assert await leases.next() is None

            losses = [line for line in wire.told.lines if "takes 10.7.0.50 back (NAK)" in line]
            waits = [float(line.partition("; next try in ")[2].removesuffix(" s") or 0) for line in losses]
            assert waits[0] == 0
            assert 0.9 <= waits[1] <= 1.1
            assert 1.8 <= waits[2] <= 2.2
            await leases.close()

    asyncio.run(story())


def test_a_request_repeats_the_seconds_of_its_discover(wire: Wire, server: Any) -> None:
    async def story() -> None:
        with server() as peer:
            peer.answers(
                lambda m: peer.granting(m) if kind_of(m) == DISCOVER or peer.kinds().count(REQUEST) > 4 else []
            )
            leases = wire.leases(QUICK)

            await leases.lease()

            discovers = [m.seconds for m in peer.heard if kind_of(m) == DISCOVER]
            requests = [m.seconds for m in peer.heard if kind_of(m) == REQUEST]
            assert requests == [discovers[-1]] * 5  # over 3.75 s
            await leases.close()

    asyncio.run(story())
