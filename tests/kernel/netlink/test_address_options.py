"""`net.addr` in a real kernel, with ip as the judge; what all addresses share is in test_addresses.

Seen on Linux 6.18 with iproute2 6.1.
"""

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.kernel.netlink.judged import Hold, as_by_ip, missed, stays

from netstrata.statements.net.addr import addr
from netstrata.values import Refused, Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

pytestmark = pytest.mark.real_kernel  # the model has no metrics of addresses

# A statement's words, and how ip makes the same.
ADDRESSES = [
    ("192.0.2.3/24", "[]", "192.0.2.3/24"),
    ("192.0.2.3/24", '["metric": "7"]', "192.0.2.3/24 metric 7"),
    ("192.0.2.3/32", '["peer": "198.51.100.1"]', "192.0.2.3 peer 198.51.100.1/32"),
    ("192.0.2.3/24", '["peer": "198.51.100.1", "metric": "9"]', "192.0.2.3 peer 198.51.100.1/24 metric 9"),
    ("192.0.2.3/24", '["broadcast": "+"]', "192.0.2.3/24 broadcast +"),
    ("192.0.2.3/24", '["broadcast": "192.0.2.250"]', "192.0.2.3/24 broadcast 192.0.2.250"),
    ("192.0.2.3/24", '["label": "va:lan", "scope": "link"]', "192.0.2.3/24 label va:lan scope link"),
    ("192.0.2.3/24", '["scope": "host"]', "192.0.2.3/24 scope host"),
    ("192.0.2.3/24", '["noprefixroute": "on"]', "192.0.2.3/24 noprefixroute"),
    (
        "192.0.2.3/24", '["valid_lft": "4000000000", "preferred_lft": "3000000000"]',
        "192.0.2.3/24 valid_lft 4000000000 preferred_lft 3000000000",
    ),
    ("192.0.2.3/24", '["preferred_lft": "0"]', "192.0.2.3/24 preferred_lft 0"),
    ("2001:db8::3/64", '["metric": "7"]', "2001:db8::3/64 metric 7"),
    ("2001:db8::3/64", '["peer": "2001:db8:1::1"]', "2001:db8::3 peer 2001:db8:1::1/64"),
    ("2001:db8::3/64", '["noprefixroute": "on", "metric": "0"]', "2001:db8::3/64 noprefixroute"),
    (
        "2001:db8::3/64", '["valid_lft": "4000000000"]',
        "2001:db8::3/64 valid_lft 4000000000 preferred_lft 4000000000",
    ),
    ("2001:db8::3/64", '["preferred_lft": "0"]', "2001:db8::3/64 preferred_lft 0"),
]  # fmt: skip
EACH = pytest.mark.parametrize(("network", "options", "by_ip"), ADDRESSES)


def prepare(world: "World") -> None:
    for link in ("all", "va", "vb"):
        world.sysctl(f"net/ipv6/conf/{link}/accept_dad", "0")
    world.links_up()


def at_once(network: str, options: str) -> str:
    """Return options of an address that is not waited for until it can be used."""
    return options.replace("[", '["wait": "off", ', 1).replace(", ]", "]") if ":" in network else options


def holding(world: "World", network: str, options: str) -> Hold:
    """Return what holds an address."""
    return lambda: world.up_now(addr, "va", network, at_once(network, options))


def shown(world: "World") -> list[dict[str, Any]]:
    """Return addresses of va, and routes over it, without the link's own, what runs down and whose they are."""
    (row,) = json.loads(world.ip("-j addr show dev va"))
    found: list[dict[str, Any]] = row["addr_info"]
    for family in ("-4", "-6"):
        found += json.loads(world.ip(f"{family} -j route show table all dev va"))
    found = [one for one in found if one.get("dst", one.get("local", ""))[:4] not in ("fe80", "ff00")]
    # The kernel makes the route to an IPv6 address itself in its own time.
    found = [one for one in found if one.get("type") != "local" or ":" not in one["dst"]]
    for one in found:
        for name in ("protocol", "tentative", "expires"):
            one.pop(name, None)
        for name in ("valid_life_time", "preferred_life_time"):
            if one.get(name, 0) > 2_000_000_000:
                one[name] //= 1_000_000_000
    return found


@EACH
async def test_an_address_is_as_ip_makes_it_while_held_and_gone_after(
    world: "World", network: str, options: str, by_ip: str
) -> None:
    prepare(world)
    delete = [f"addr del {by_ip.split(' metric')[0].split(' broadcast')[0]} dev va"]
    if ":" in by_ip and "valid_lft" in by_ip:  # of one that ends, Linux 6.18 leaves the route to its network
        delete.insert(0, f"addr change {network} dev va")

    before, held = as_by_ip(world, holding(world, network, options), shown, f"addr add {by_ip} dev va", *delete)

    assert held != before


@EACH
async def test_an_equal_address_that_was_there_before_stays(
    world: "World", network: str, options: str, by_ip: str
) -> None:
    prepare(world)

    stays(world, holding(world, network, options), shown, f"addr add {by_ip} dev va")


@EACH
async def test_an_address_that_someone_deletes_is_lost_and_can_be_held_again(
    world: "World", network: str, options: str, by_ip: str
) -> None:
    prepare(world)
    delete = ("-4 addr flush dev va", "-6 addr flush dev va scope global")

    reason, _, _ = await missed(world, holding(world, network, options), shown, *delete)

    assert reason.endswith("someone removed it")


@pytest.mark.parametrize(
    ("network", "options", "line", "lost"),
    [
        ("192.0.2.3/24", '["metric": "7"]', "192.0.2.3/24 dev va metric 8", "metric"),
        ("192.0.2.3/24", "[]", "192.0.2.3/24 dev va metric 8", "metric"),
        ("192.0.2.3/24", "[]", "192.0.2.3/24 dev va valid_lft 900 preferred_lft 900", "lifetime"),
        ("192.0.2.3/24", "[]", "192.0.2.3/24 dev va preferred_lft 0", "preferred lifetime"),
        ("192.0.2.3/24", '["preferred_lft": "0"]', "192.0.2.3/24 dev va", "preferred lifetime"),
        ("192.0.2.3/24", '["valid_lft": "900"]', "192.0.2.3/24 dev va", "lifetime"),
        ("192.0.2.3/24", '["valid_lft": "900"]', "192.0.2.3/24 dev va valid_lft 1900 preferred_lft 0", "lifetime"),
        ("192.0.2.3/32", '["peer": "198.51.100.1"]', "192.0.2.3 peer 198.51.100.1/32 dev va metric 3", "metric"),
        ("2001:db8::3/64", '["metric": "7"]', "2001:db8::3/64 dev va metric 8", "metric"),
        ("2001:db8::3/64", "[]", "2001:db8::3/64 dev va noprefixroute", "noprefixroute"),
        ("2001:db8::3/64", '["noprefixroute": "on"]', "2001:db8::3/64 dev va", "noprefixroute"),
        ("2001:db8::3/64", '["preferred_lft": "0"]', "2001:db8::3/64 dev va", "preferred lifetime"),
    ],
)
async def test_what_somebody_changes_of_it_is_noticed(
    world: "World", network: str, options: str, line: str, lost: str
) -> None:
    prepare(world)
    told = world.as_statement()

    statement = world.up_now(addr, "va", network, at_once(network, options))
    world.ip(f"addr change {line}")
    reason = await told.losses.get()
    world.down_now(statement)

    assert reason.endswith(f": someone changed its {lost}")
    assert network.split("/")[0] not in world.ip("addr show dev va")


@pytest.mark.parametrize(
    ("options", "by_ip", "route"),
    [
        ('["peer": "198.51.100.1"]', "192.0.2.3 peer 198.51.100.1/24", "198.51.100.0/24"),
        ('["metric": "7"]', "192.0.2.3/24 metric 7", "192.0.2.0/24"),
    ],
)
async def test_the_route_of_an_address_is_missed_where_the_kernel_makes_it(
    world: "World", options: str, by_ip: str, route: str
) -> None:
    prepare(world)
    told = world.as_statement()

    statement = world.up_now(addr, "va", "192.0.2.3/24", options)
    world.ip(f"route del {route} dev va")
    reason = await told.losses.get()
    world.down_now(statement)

    assert reason.endswith(f"someone removed the kernel's own route to {route}")


async def test_no_route_is_missed_that_the_kernel_does_not_make(world: "World") -> None:
    prepare(world)
    told = world.as_statement()
    statement = world.up_now(addr, "va", "192.0.2.3/24", '["noprefixroute": "on"]')

    world.ip("addr add 192.0.2.4/24 dev va")
    world.ip("addr del 192.0.2.4/24 dev va")
    world.ip("route add 192.0.2.0/24 dev va proto kernel scope link")
    world.ip("route del 192.0.2.0/24 dev va")
    world.netlink.monitor.drain()

    assert told.losses.empty()
    world.down_now(statement)


@pytest.mark.parametrize(
    ("options", "words", "noun"),
    [
        ('["metric": "7"]', "metric 7", "metric"),
        ('["label": "va:lan"]', "label va:lan", "label"),
        ('["broadcast": "+"]', "broadcast 192.0.2.255", "broadcast address"),
        ('["noprefixroute": "on"]', "noprefixroute", "noprefixroute"),
        ('["preferred_lft": "0"]', "preferred_lft 0", "preferred lifetime"),
        ('["valid_lft": "900"]', "valid_lft 900 preferred_lft 900", "lifetime"),
        ('["scope": "host"]', "scope host", "scope"),
    ],
)
async def test_an_address_that_is_otherwise_is_in_the_way_and_stays(
    world: "World", options: str, words: str, noun: str
) -> None:
    prepare(world)
    world.ip("addr add 192.0.2.3/24 dev va")
    before = shown(world)

    with pytest.raises(Unavailable) as refused:
        world.up_now(addr, "va", "192.0.2.3/24", options)

    assert str(refused.value) == f"cannot add 192.0.2.3/24 to va {words}: it is there with another {noun}"
    assert shown(world) == before


async def test_of_two_links_in_one_network_the_one_with_the_lower_metric_counts(world: "World") -> None:
    prepare(world)
    world.ip("link add wlan type veth peer name ap")
    for link in ("wlan", "ap"):
        world.ip(f"link set {link} up")

    wireless = world.up_now(addr, "wlan", "192.0.2.4/24", '["metric": "600"]')
    wired = world.up_now(addr, "va", "192.0.2.3/24", '["metric": "100"]')
    both = json.loads(world.ip("-j route get 192.0.2.9"))[0]["dev"]
    world.down_now(wired)
    one = json.loads(world.ip("-j route get 192.0.2.9"))[0]["dev"]
    world.down_now(wireless)

    assert (both, one) == ("va", "wlan")


async def test_secondary_addresses_of_a_peers_network_stay_when_the_first_one_goes(world: "World") -> None:
    prepare(world)
    first = world.up_now(addr, "va", "192.0.2.3/24", '["peer": "198.51.100.1"]')
    world.ip("addr add 192.0.2.4 peer 198.51.100.2/24 dev va")

    world.down_now(first)

    assert [one.get("address") for one in shown(world) if one.get("local", "").startswith("192.")] == ["198.51.100.2"]


async def test_an_address_with_a_label_goes_when_its_link_was_renamed_meanwhile(world: "World") -> None:
    prepare(world)
    before = shown(world)
    told = world.as_statement()
    other = world.up_now(addr, "va", "198.51.100.3/24", "[]")
    statement = world.up_now(addr, "va", "192.0.2.3/24", '["label": "va:lan"]')

    world.ip("link property add dev va altname old")
    world.ip("link set va down")
    world.ip("link set va name lan")
    world.ip("link set lan up")
    world.netlink.monitor.drain()
    labels = [one["label"] for one in json.loads(world.ip("-j -4 addr show dev lan"))[0]["addr_info"]]
    world.down_now(statement)
    world.down_now(other)
    world.ip("link set lan down")
    world.ip("link set lan name va")
    world.ip("link set va up")

    assert labels == ["lan", "lan:lan"]
    assert told.notes == []
    assert [one for one in shown(world) if one.get("family") == "inet"] == []
    assert [one for one in before if one.get("family") == "inet"] == []


async def test_an_address_whose_lifetime_ends_is_lost_and_can_be_held_again(world: "World") -> None:
    prepare(world)
    told = world.as_statement()
    begun = time.monotonic()

    statement = world.up_now(addr, "va", "192.0.2.3/24", '["valid_lft": "1"]')
    reason = await told.losses.get()
    world.down_now(statement)
    again = world.up_now(addr, "va", "192.0.2.3/24", '["valid_lft": "600"]')

    assert time.monotonic() - begun >= 1
    assert reason == "cannot hold 192.0.2.3/24 on va: its lifetime has ended, or someone removed it"
    assert world.addresses() == ["192.0.2.3/24"]
    world.down_now(again)


@pytest.mark.parametrize(
    ("network", "options", "argument", "message"),
    [
        ("192.0.2.3", "[]", 1, "expected an address with a prefix length"),
        ("192.0.2.3/24", '["metric": "-1"]', 2, "option metric: expected a metric: a whole number, 0 to 2147483647"),
        ("192.0.2.3/24", '["label": "va lan"]', 2, "option label: expected a label: up to 15 printable"),
        ("192.0.2.3/24", '["scope": "world"]', 2, "option scope: expected a scope: global or site or link or host"),
        ("192.0.2.3/24", '["valid_lft": "0"]', 2, "option valid_lft: expected a lifetime: whole seconds, 1 to"),
        ("192.0.2.3/24", '["valid_lft": "9", "preferred_lft": "10"]', 2, "`preferred_lft` has to be no longer than"),
        ("192.0.2.3/24", '["preferred_lft": "10"]', 2, "an IPv4 address without `valid_lft` has"),
        ("192.0.2.3/24", '["peer": "2001:db8::1"]', 2, "`peer` has to be of the address's family"),
        ("192.0.2.3/24", '["broadcast": "all"]', 2, "option broadcast: expected a broadcast address: such as"),
        ("2001:db8::3/64", '["broadcast": "+"]', 2, "an IPv6 address has no `broadcast`"),
        ("2001:db8::3/64", '["label": "va:x"]', 2, "an IPv6 address has no `label`"),
        ("2001:db8::3/64", '["scope": "link"]', 2, "an IPv6 address has no `scope`"),
    ],
)
async def test_what_no_address_can_be_is_refused_by_name(
    world: "World", network: str, options: str, argument: int, message: str
) -> None:
    with pytest.raises(Refused) as refused:
        world.up_now(addr, "va", network, options)

    assert refused.value.message.startswith(message)
    assert refused.value.argument == argument
