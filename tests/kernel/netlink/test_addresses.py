"""Addresses in a real kernel."""

import time
from typing import TYPE_CHECKING

import pytest

from netstrata.protocols.rtnetlink import encode_address
from netstrata.protocols.rtnetlink.constants import (
    IFA_PROTO,
    NLM_F_CREATE,
    NLM_F_REPLACE,
    RTM_NEWADDR,
    RTPROT_NETSTRATA,
)
from netstrata.protocols.rtnetlink.wire import attribute
from netstrata.values import Unavailable, parse_address

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World


def packed(text: str) -> bytes:
    address = parse_address(text.encode())
    assert address is not None
    return address


async def test_addresses_are_there_while_held_and_only_then(world: "World") -> None:
    world.links_up()
    addresses = world.netlink.addresses
    before = world.ip("addr show dev va scope global")

    async with (
        addresses.held_address("va", packed("192.0.2.3"), 24),
        addresses.held_address("va", packed("192.0.2.4"), 24),
        addresses.held_address("va", packed("198.51.100.1"), 32),
        addresses.held_address("va", packed("2001:db8::5"), 64),
    ):
        held = world.addresses()
        text = world.ip("addr show dev va scope global")

    assert sorted(held) == ["192.0.2.3/24", "192.0.2.4/24", "198.51.100.1/32", "2001:db8::5/64"]
    assert "inet 192.0.2.3/24 scope global va" in text
    assert "inet 192.0.2.4/24 scope global secondary va" in text
    assert text.count("valid_lft forever preferred_lft forever") == 4
    assert world.ip("addr show dev va scope global") == before


async def test_a_loopback_address_is_as_ip_makes_it_and_goes_again(world: "World") -> None:
    before = world.ip("addr show dev lo")
    world.ip("addr add 127.0.0.2/8 dev lo")
    by_ip = world.ip("addr show dev lo")
    world.ip("addr del 127.0.0.2/8 dev lo")

    async with world.netlink.addresses.held_address("lo", packed("127.0.0.2"), 8):
        held = world.ip("addr show dev lo")

    assert "inet 127.0.0.2/8 scope host" in by_ip
    assert held.replace(" proto 110", "") == by_ip
    assert world.ip("addr show dev lo") == before


async def test_an_address_that_was_there_before_stays(world: "World") -> None:
    world.ip("addr add 192.0.2.3/24 dev va")

    async with world.netlink.addresses.held_address("va", packed("192.0.2.3"), 24):
        assert world.addresses() == ["192.0.2.3/24"]

    assert world.addresses() == ["192.0.2.3/24"]


async def test_two_holders_share_an_address_and_the_last_one_takes_it_away(world: "World") -> None:
    addresses = world.netlink.addresses
    first = addresses.held_address("va", packed("192.0.2.3"), 24)
    second = addresses.held_address("va", packed("192.0.2.3"), 24)
    await first.__aenter__()
    await second.__aenter__()

    await first.__aexit__(None, None, None)

    assert world.addresses() == ["192.0.2.3/24"]
    await second.__aexit__(None, None, None)
    assert world.addresses() == []


async def test_an_ipv6_address_with_another_prefix_length_is_refused_with_what_is_there(world: "World") -> None:
    world.ip("addr add 2001:db8::5/128 dev va")

    with pytest.raises(Unavailable) as refused:
        await world.netlink.addresses.held_address("va", packed("2001:db8::5"), 64).__aenter__()

    assert str(refused.value) == "cannot add 2001:db8::5/64 to va: 2001:db8::5/128 is there already"
    assert world.addresses() == ["2001:db8::5/128"]


async def test_an_address_on_no_link_is_refused_with_its_name(world: "World") -> None:
    with pytest.raises(Unavailable) as refused:
        await world.netlink.addresses.held_address("vq", packed("192.0.2.3"), 24).__aenter__()

    assert str(refused.value) == "cannot add 192.0.2.3/24 to vq: there is no link vq"


async def test_a_rename_meanwhile_does_not_lose_the_address(world: "World") -> None:
    statement = world.as_statement()

    async with world.netlink.addresses.held_address("va", packed("192.0.2.3"), 24):
        world.ip("link set va name vz")

    assert world.addresses("vz") == []
    assert statement.notes == []


async def test_a_link_that_vanishes_takes_the_statement_down_and_the_undo_is_silent(world: "World") -> None:
    statement = world.as_statement()

    async with world.netlink.addresses.held_address("va", packed("192.0.2.3"), 24):
        world.ip("link del va")
        reason = await statement.losses.get()

    assert reason == "cannot hold 192.0.2.3/24 on va: va is gone or has a new name"
    assert statement.notes == []


async def test_an_address_that_someone_deletes_is_lost_and_can_be_held_again(world: "World") -> None:
    statement = world.as_statement()

    async with world.netlink.addresses.held_address("va", packed("192.0.2.3"), 24):
        world.ip("addr del 192.0.2.3/24 dev va")
        reason = await statement.losses.get()
    async with world.netlink.addresses.held_address("va", packed("192.0.2.3"), 24):
        again = world.addresses()

    assert reason == "cannot hold 192.0.2.3/24 on va: someone removed it"
    assert again == ["192.0.2.3/24"]
    assert world.addresses() == []


async def test_an_ipv6_address_is_lost_when_its_link_is_set_down(world: "World") -> None:
    world.links_up()
    statement = world.as_statement()

    async with world.netlink.addresses.held_address("va", packed("2001:db8::5"), 64, {"nodad": 1}):
        world.ip("link set va down")
        reason = await statement.losses.get()

    assert reason.startswith("cannot hold 2001:db8::5/64 on va: ")


async def test_a_duplicate_on_the_link_takes_an_ipv6_address_down(world: "World") -> None:
    world.links_up()
    world.ip("addr add 2001:db8::5/64 dev vb nodad")
    statement = world.as_statement()

    async with world.netlink.addresses.held_address("va", packed("2001:db8::5"), 64, {"wait": 0}):
        world.finish_dad()
        reason = await statement.losses.get()

    assert "another host on the link has this address" in reason
    assert world.addresses() == []


async def test_our_own_undo_is_not_reported_as_a_loss(world: "World") -> None:
    statement = world.as_statement()
    addresses = world.netlink.addresses

    async with addresses.held_address("va", packed("198.51.100.9"), 24):
        for _ in range(3):
            async with addresses.held_address("va", packed("192.0.2.3"), 24):
                pass
        async with addresses.held_address("va", packed("192.0.2.3"), 24):
            world.ip("addr del 198.51.100.9/24 dev va")
            # The news come in order: what is told first is all there is to tell.
            reason = await statement.losses.get()

    assert "198.51.100.9/24" in reason
    assert statement.losses.empty()


@pytest.mark.parametrize("promotes", [0, 1])
async def test_a_primary_address_that_goes_takes_nothing_with_it(world: "World", promotes: int) -> None:
    world.links_up()
    world.sysctl("net/ipv4/conf/va/promote_secondaries", str(promotes))
    addresses = world.netlink.addresses
    primary = addresses.held_address("va", packed("192.0.2.3"), 24)
    await primary.__aenter__()
    other = world.as_statement()

    async with addresses.held_address("va", packed("192.0.2.4"), 24):
        world.ip("addr add 192.0.2.5/24 dev va label va:hand")
        world.ip("route add 198.51.100.0/24 via 192.0.2.9 dev va")
        await primary.__aexit__(None, None, None)
        left = world.addresses()
        routes = world.routes()
        world.ip("addr del 192.0.2.4/24 dev va")
        reason = await other.losses.get()

    assert left == ["192.0.2.4/24", "192.0.2.5/24"]
    assert routes == ["198.51.100.0/24 via 192.0.2.9 dev va"]
    assert reason == "cannot hold 192.0.2.4/24 on va: someone removed it"
    assert other.losses.empty()
    assert world.sysctl("net/ipv4/conf/va/promote_secondaries") == str(promotes)


async def test_many_addresses_of_one_network_leave_as_fast_as_they_come_and_leave_others_alone(world: "World") -> None:
    world.links_up()
    count = 1500
    statement = world.as_statement()
    began = time.monotonic()
    held = [world.netlink.addresses.held_address("va", packed(f"10.0.{n >> 8}.{n & 255}"), 16) for n in range(count)]
    for one in held:
        await one.__aenter__()
    came_s = time.monotonic() - began
    world.ip("addr add 10.0.200.1/16 dev va")

    began = time.monotonic()
    for one in (*held[:20], *reversed(held[20:])):  # the primary one, whichever it is by then; secondary ones
        await one.__aexit__(None, None, None)

    assert time.monotonic() - began < 20 * came_s
    assert world.addresses() == ["10.0.200.1/16"]
    assert statement.notes == []


MANAGER = 18  # keepalived, by /etc/iproute2/rt_protos


def claim(world: "World", address: str, prefix: int, protocol: int) -> None:
    """Put an address in its own place, as a manager with a mark of its own does; ip 6.1 can say no protocol."""
    ifindex = world.link("va")["ifindex"]
    body = encode_address(ifindex, packed(address), prefix)
    mark = attribute(IFA_PROTO, bytes([RTPROT_NETSTRATA]))
    assert mark in body
    requests = world.requests()
    body = body.replace(mark, attribute(IFA_PROTO, bytes([protocol])))
    assert requests.request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, body) is None
    requests.close()


@pytest.mark.parametrize(("address", "prefix"), [("192.0.2.3", 24), ("2001:db8::5", 64)])
async def test_an_address_that_another_manager_claims_stays_at_the_end(
    world: "World", address: str, prefix: int
) -> None:
    statement = world.as_statement()

    async with world.netlink.addresses.held_address("va", packed(address), prefix, {"wait": 0}):
        claim(world, address, prefix, MANAGER)

    assert world.addresses() == [f"{address}/{prefix}"]
    assert statement.losses.empty()
    assert statement.notes == [f"{address}/{prefix} on va is another manager's now, too: it stays"]
    async with world.netlink.addresses.held_address("va", packed(address), prefix, {"wait": 0}):
        pass
    assert world.addresses() == [f"{address}/{prefix}"]


@pytest.mark.parametrize(("address", "prefix"), [("192.0.2.3", 24), ("2001:db8::5", 64)])
@pytest.mark.parametrize("protocol", [0, RTPROT_NETSTRATA])
async def test_an_address_that_somebody_changes_without_a_mark_goes_at_the_end(
    world: "World", address: str, prefix: int, protocol: int
) -> None:
    statement = world.as_statement()

    async with world.netlink.addresses.held_address("va", packed(address), prefix, {"wait": 0}):
        claim(world, address, prefix, protocol)

    assert world.addresses() == []
    assert statement.notes == []
