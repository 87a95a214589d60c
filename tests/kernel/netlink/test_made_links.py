"""Links that statements make, in a real kernel, with ip as the judge."""

import json
from typing import TYPE_CHECKING, Any

import pytest

from netstrata.statements.net.bond import bond
from netstrata.statements.net.bridge import bridge
from netstrata.statements.net.bridge.port import port as bridge_port
from netstrata.statements.net.dummy import dummy
from netstrata.statements.net.geneve import geneve
from netstrata.statements.net.gre import gre
from netstrata.statements.net.gretap import gretap
from netstrata.statements.net.ip6gre import ip6gre
from netstrata.statements.net.ip6gretap import ip6gretap
from netstrata.statements.net.ip6tnl import ip6tnl
from netstrata.statements.net.ipip import ipip
from netstrata.statements.net.ipvlan import ipvlan
from netstrata.statements.net.macsec import macsec
from netstrata.statements.net.macvlan import macvlan
from netstrata.statements.net.sit import sit
from netstrata.statements.net.tun import tun
from netstrata.statements.net.veth import veth
from netstrata.statements.net.vlan import vlan
from netstrata.statements.net.vrf import vrf
from netstrata.statements.net.vti import vti
from netstrata.statements.net.vti6 import vti6
from netstrata.statements.net.vxlan import vxlan
from netstrata.statements.net.xfrm import xfrm
from netstrata.values import Refused, Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

# A statement's words, and how ip makes the same; the name of what is made is vz.
MADE = [
    pytest.param(bridge, ("vz",), "vz type bridge", id="bridge"),
    pytest.param(
        bridge,
        ("vz", '["stp_state": "on", "priority": "4096", "forward_delay": "400", "mcast_snooping": "off"]'),
        "vz type bridge stp_state 1 priority 4096 forward_delay 400 mcast_snooping 0",
        id="bridge with options",
    ),
    pytest.param(veth, ("vz", "vy"), "vz type veth peer name vy", id="veth"),
    pytest.param(
        veth,
        ("vz", "vy", '["numtxqueues": "2", "numrxqueues": "3"]'),
        "vz numtxqueues 2 numrxqueues 3 type veth peer name vy numtxqueues 2 numrxqueues 3",
        id="veth with queues",
    ),
    pytest.param(
        vxlan,
        ("vz", '["id": "42", "remote": "192.0.2.2", "dstport": "4789", "local": "192.0.2.1", "ttl": "9"]'),
        "vz type vxlan id 42 remote 192.0.2.2 dstport 4789 local 192.0.2.1 ttl 9",
        id="vxlan",
    ),
    pytest.param(
        vxlan,
        ("vz", '["id": "43", "group": "239.1.1.1", "dev": "va", "learning": "off", "ageing": "77"]'),
        "vz type vxlan id 43 group 239.1.1.1 dev va dstport 8472 nolearning ageing 77",
        id="vxlan of a group",
    ),
    pytest.param(
        vxlan,
        ("vz", '["id": "44", "remote": "2001:db8::2", "dstport": "4789", "udp6zerocsumtx": "on"]'),
        "vz type vxlan id 44 remote 2001:db8::2 dstport 4789 udp6zerocsumtx",
        id="vxlan over IPv6",
    ),
    pytest.param(
        vxlan, ("vz", '["id": "0", "external": "on", "learning": "off", "dstport": "4789"]'),
        "vz type vxlan external dstport 4789", id="external vxlan",
    ),
    pytest.param(dummy, ("vz",), "vz type dummy", id="dummy", marks=pytest.mark.vm("dummy")),
    pytest.param(
        vlan, ("va", "7", "vz"), "vz link va type vlan id 7", id="vlan", marks=pytest.mark.vm("vlan"),
    ),
    pytest.param(
        vlan, ("va", "7", "vz", '["protocol": "802.1ad", "gvrp": "on", "reorder_hdr": "off"]'),
        "vz link va type vlan protocol 802.1ad id 7 gvrp on reorder_hdr off",
        id="vlan with options", marks=pytest.mark.vm("vlan"),
    ),
    pytest.param(
        vlan, ("va", "7", "vz", '["egress-qos-map": {"0:1", "6:7"}, "ingress-qos-map": {"1:2"}]'),
        "vz link va type vlan id 7 egress-qos-map 0:1 6:7 ingress-qos-map 1:2",
        id="vlan with priorities", marks=pytest.mark.vm("vlan"),
    ),
    pytest.param(vrf, ("vz", "100"), "vz type vrf table 100", id="vrf", marks=pytest.mark.vm("vrf")),
    pytest.param(
        bond, ("vz", '["mode": "active-backup", "miimon": "100", "updelay": "200", "primary_reselect": "better"]'),
        "vz type bond mode active-backup miimon 100 updelay 200 primary_reselect better",
        id="bond", marks=pytest.mark.vm("bond"),
    ),
    pytest.param(
        bond, ("vz", '["mode": "802.3ad", "lacp_rate": "fast", "xmit_hash_policy": "layer3+4", "min_links": "1"]'),
        "vz type bond mode 802.3ad lacp_rate fast xmit_hash_policy layer3+4 min_links 1",
        id="bond with LACP", marks=pytest.mark.vm("bond"),
    ),
    pytest.param(
        bond, ("vz", '["mode": "active-backup", "arp_interval": "500", "arp_ip_target": {"192.0.2.1", "192.0.2.2"}]'),
        "vz type bond mode active-backup arp_interval 500 arp_ip_target 192.0.2.1,192.0.2.2",
        id="bond with ARP", marks=pytest.mark.vm("bond"),
    ),
    pytest.param(
        macvlan, ("va", "vz"), "vz link va type macvlan mode vepa", id="macvlan", marks=pytest.mark.vm("macvlan"),
    ),
    pytest.param(
        macvlan, ("va", "vz", "bridge"), "vz link va type macvlan mode bridge", id="macvlan in a mode",
        marks=pytest.mark.vm("macvlan"),
    ),
]  # fmt: skip
_ENDS4, _ENDS6 = '"local": "192.0.2.1", "remote": "192.0.2.2"', '"local": "2001:db8::1", "remote": "2001:db8::2"'
_BY_IP4, _BY_IP6 = "local 192.0.2.1 remote 192.0.2.2", "local 2001:db8::1 remote 2001:db8::2"
# A statement, its options, and ip's.  Debian's Linux 6.1.0-50 has all of these kinds.
TUNNELS = [
    pytest.param(
        function, ("vz", f"[{options}]"), f"vz type {function.__name__} {by_ip}",
        id=f"{function.__name__} {by_ip.split()[-2]}", marks=pytest.mark.vm(function.__name__),
    )
    for function, options, by_ip in (
        (gre, _ENDS4, f"{_BY_IP4}"),
        (gre, _ENDS4 + ', "ttl": "64", "key": "7", "ocsum": "on"', f"{_BY_IP4} ttl 64 key 7 ocsum"),
        (gre, '"local": "192.0.2.1", "ikey": "8", "seq": "on"', "local 192.0.2.1 ikey 8 seq"),
        (gretap, _ENDS4 + ', "pmtudisc": "off", "dev": "va"', f"{_BY_IP4} dev va nopmtudisc"),
        (ip6gre, _ENDS6 + ', "key": "7"', f"{_BY_IP6} key 7"),
        (ip6gretap, _ENDS6 + ', "ttl": "9", "encaplimit": "3"', f"{_BY_IP6} ttl 9 encaplimit 3"),
        (ipip, _ENDS4, f"{_BY_IP4} mode ipip"),
        (ipip, _ENDS4 + ', "mode": "any", "ttl": "9"', f"{_BY_IP4} mode any ttl 9"),
        (sit, _ENDS4 + ', "ttl": "64"', f"{_BY_IP4} mode ip6ip ttl 64"),
        (ip6tnl, _ENDS6, f"{_BY_IP6} mode ip6ip6"),
        (ip6tnl, _ENDS6 + ', "mode": "ipip6", "fwmark": "7"', f"{_BY_IP6} mode ipip6 fwmark 7"),
        (geneve, '"id": "42", "remote": "192.0.2.2"', "id 42 remote 192.0.2.2"),
        (geneve, '"id": "43", "remote": "2001:db8::2", "dstport": "7000", "ttl": "9", "df": "set"',
         "id 43 remote 2001:db8::2 dstport 7000 ttl 9 df set"),
        (geneve, '"id": "45", "remote": "2001:db8::2", "udp6zerocsumtx": "on"',
         "id 45 remote 2001:db8::2 udp6zerocsumtx"),
        (geneve, '"id": "44", "remote": "2001:db8::2", "flowlabel": "9"', "id 44 remote 2001:db8::2 flowlabel 9"),
        (vti, _ENDS4 + ', "key": "7"', f"{_BY_IP4} key 7"),
        (vti, _ENDS4 + ', "ikey": "7", "okey": "8", "dev": "va", "fwmark": "9"',
         f"{_BY_IP4} ikey 7 okey 8 dev va fwmark 9"),
        (vti6, _ENDS6 + ', "key": "7"', f"{_BY_IP6} key 7"),
        (xfrm, '"if_id": "7", "dev": "va"', "dev va if_id 7"),
    )
] + [
    pytest.param(
        ipvlan, ("va", "vz"), "vz link va type ipvlan mode l3 bridge", id="ipvlan", marks=pytest.mark.vm("ipvlan"),
    ),
    pytest.param(
        ipvlan, ("va", "vz", "l2", "private"), "vz link va type ipvlan mode l2 private",
        id="ipvlan in a mode", marks=pytest.mark.vm("ipvlan"),
    ),
    pytest.param(macsec, ("va", "vz"), "vz link va type macsec", id="macsec", marks=pytest.mark.vm("macsec")),
    pytest.param(
        macsec, ("va", "vz", '["encrypt": "on", "cipher": "gcm-aes-256", "replay": "on", "window": "9"]'),
        "vz link va type macsec encrypt on cipher gcm-aes-256 replay on window 9",
        id="macsec with options", marks=pytest.mark.vm("macsec"),
    ),
]  # fmt: skip
MADE += TUNNELS
TUNS = [
    pytest.param(tun, ("vz", "tun"), "vz mode tun", id="tun", marks=pytest.mark.vm("tun")),
    pytest.param(
        tun, ("vz", "tap", '["user": "nobody", "group": "0", "multi_queue": "on", "pi": "on"]'),
        "vz mode tap user nobody group 0 multi_queue pi", id="tap with owner", marks=pytest.mark.vm("tun"),
    ),
]  # fmt: skip


def described(world: "World", *names: str) -> str:
    """Return links as ip shows them, without what tells one from its twin: index, address, position."""
    rows = [world.link(name) for name in names]
    for row in rows:
        for key in ("ifindex", "address", "link_index", "permaddr"):
            row.pop(key, None)
        data = row["linkinfo"].get("info_data", {})
        for key in ("root_id", "bridge_id", "gc_timer", "hello_timer", "tcn_timer", "topology_change_timer"):
            data.pop(key, None)
    return json.dumps(rows, sort_keys=True)


def make(world: "World", words: str) -> None:
    world.ip(f"tuntap add {words}" if " mode t" in words else f"link add {words}")


@pytest.mark.parametrize(("function", "words", "by_ip"), MADE + TUNS)
async def test_a_link_is_as_ip_makes_it_while_held_and_gone_after(
    world: "World", function: Any, words: tuple[str, ...], by_ip: str
) -> None:
    make(world, by_ip)
    expected = described(world, "vz")
    world.ip("link del vz")
    before = world.links()
    world.as_statement()

    statement = world.up_now(function, *words)
    held = described(world, "vz")
    world.down_now(statement)

    assert held == expected
    assert world.links() == before
    assert world.netlink.monitor.groups() == set()


@pytest.mark.parametrize(("function", "words", "by_ip"), MADE + TUNS)
async def test_an_equal_link_that_was_there_before_stays(
    world: "World", function: Any, words: tuple[str, ...], by_ip: str
) -> None:
    make(world, by_ip)
    before = world.links()

    statement = world.up_now(function, *words)
    held = world.links()
    world.down_now(statement)

    assert held == before
    assert world.links() == before


@pytest.mark.parametrize(("function", "words", "by_ip"), MADE + TUNS)
async def test_a_link_that_someone_deletes_is_lost_and_can_be_made_again(
    world: "World", function: Any, words: tuple[str, ...], by_ip: str
) -> None:
    before = world.links()
    told = world.as_statement()

    statement = world.up_now(function, *words)
    world.ip("link del vz")
    reason = await told.losses.get()
    world.down_now(statement)
    world.down_now(world.up_now(function, *words))

    kind = by_ip.partition(" type ")[2].partition(" ")[0] or "tun"
    assert reason == f"cannot hold {kind} vz: the link is gone"
    assert world.links() == before
    assert told.notes == []


@pytest.mark.real_kernel("the model has no macvlan")
async def test_what_stands_on_a_link_that_vanishes_is_lost_with_it(world: "World") -> None:
    told = world.as_statement()

    statement = world.up_now(macvlan, "va", "vz")
    world.ip("link del va")
    reason = await told.losses.get()
    world.down_now(statement)

    assert reason == "cannot hold macvlan vz: the link is gone"
    assert told.notes == []


@pytest.mark.parametrize(
    ("there", "function", "words", "reason"),
    [
        (
            "vz type bridge stp_state 1", bridge, ("vz", '["stp_state": "off"]'),
            "it is there, but with another stp_state",
        ),
        ("vz type ifb", bridge, ("vz",), "a ifb link of that name is there"),
        ("vz type veth peer name vy", veth, ("vz", "vx"), "it is there, but vx is not its other end"),
        ("vy type bridge", veth, ("vz", "vy"), "the name vy is taken"),
        pytest.param(
            "vz link vb type macvlan", macvlan, ("va", "vz"), "it is there, but on vb",
            marks=pytest.mark.real_kernel("the model has no macvlan"),
        ),
        (
            "vz type vxlan id 7 dstport 4789", vxlan, ("vz", '["id": "8", "ttl": "3", "dstport": "4789"]'),
            "it is there, but with another id and ttl",
        ),
        (
            "vx type vxlan id 7 dstport 4789", vxlan, ("vz", '["id": "7", "dstport": "4789"]'),
            "A VXLAN device with the specified VNI already exists",
        ),
    ],
)  # fmt: skip
async def test_another_link_in_the_way_is_said_and_left_alone(
    world: "World", there: str, function: Any, words: tuple[str, ...], reason: str
) -> None:
    world.ip(f"link add {there}")
    before = world.links()
    world.as_statement()

    with pytest.raises(Unavailable) as refused:
        world.up_now(function, *words)

    assert str(refused.value) == f"cannot make {function.__name__} vz: {reason}"
    assert world.links() == before
    assert world.netlink.monitor.groups() == set()


async def test_a_link_that_somebody_else_made_meanwhile_under_the_same_name_stays(world: "World") -> None:
    statement = world.up_now(bridge, "vz")
    world.ip("link del vz")
    world.ip("link add vz type bridge")
    before = world.links()

    world.down_now(statement)

    assert world.links() == before


async def test_a_link_of_ours_is_deleted_under_its_new_name(world: "World") -> None:
    before = world.links()
    told = world.as_statement()

    statement = world.up_now(bridge, "vz")
    world.ip("link set vz name vw")
    world.down_now(statement)

    assert world.links() == before
    assert told.losses.empty()


async def test_two_holders_share_a_link_and_the_last_one_deletes_it(world: "World") -> None:
    before = world.links()
    first = world.up_now(bridge, "vz")
    second = world.up_now(bridge, "vz")

    world.down_now(first)

    assert world.link("vz")["linkinfo"]["info_kind"] == "bridge"
    world.down_now(second)
    assert world.links() == before


async def test_one_program_cannot_hold_one_link_in_two_ways(world: "World") -> None:
    world.up_now(bridge, "vz")

    with pytest.raises(Unavailable, match="this program holds bridge vz otherwise already"):
        world.up_now(bridge, "vz", '["stp_state": "on"]')


async def test_options_that_someone_changes_take_the_link_down_and_it_is_made_again(world: "World") -> None:
    before = world.links()
    told = world.as_statement()
    words = ("vz", '["stp_state": "on", "ageing_time": "1001"]')

    statement = world.up_now(bridge, *words)
    world.ip("link set vz up")
    world.ip("link set vz type bridge stp_state 0")
    reason = await told.losses.get()
    world.down_now(statement)
    again = world.up_now(bridge, *words)
    held = world.link("vz")["linkinfo"]["info_data"]["stp_state"]
    world.down_now(again)

    assert reason == "cannot hold bridge vz: someone changed its options"
    assert held == 1
    assert world.links() == before


async def test_a_change_that_was_not_asked_for_takes_nothing_down(world: "World") -> None:
    told = world.as_statement()

    statement = world.up_now(bridge, "vz", '["priority": "4096"]')
    world.ip("link set vz up mtu 1400")
    world.ip("link set vz type bridge ageing_time 2000")
    world.ip("link del va")
    for _ in range(3):
        await drained(world)

    assert told.losses.empty()
    world.down_now(statement)


async def drained(world: "World") -> None:
    """Let the event loop take in what the kernel has said until now."""
    import asyncio

    world.netlink.monitor.drain()
    await asyncio.sleep(0)


async def test_a_kernel_without_a_kind_of_links_is_said_to_have_none(world: "World") -> None:
    from netstrata.ports import NewLink
    from netstrata.protocols.rtnetlink.kinds import KINDS

    KINDS["nosuchkind"] = {}
    try:
        with pytest.raises(Unavailable) as refused:
            await world.netlink.links.held_link(NewLink("vz", "nosuchkind")).__aenter__()
    finally:
        del KINDS["nosuchkind"]

    assert str(refused.value) == "cannot make nosuchkind vz: this kernel has no nosuchkind links"


async def test_an_option_that_this_kernel_lacks_is_named(world: "World") -> None:
    try:
        world.ip("link add vy type bridge vlan_filtering 1")
        lacks = False
    except AssertionError:
        lacks = True
    said = ""

    try:
        world.up_now(bridge, "vz", '["vlan_filtering": "on"]')
    except Unavailable as error:
        said = str(error)

    reason = "this kernel has no bridge links, or none with vlan_filtering"
    assert said == (f"cannot make bridge vz: {reason}" if lacks else "")


@pytest.mark.vm("vlan")
async def test_a_vlan_that_its_link_has_already_is_said(world: "World") -> None:
    world.ip("link add vy link va type vlan id 7")
    before = world.links()

    with pytest.raises(Unavailable) as refused:
        world.up_now(vlan, "va", "7", "vz")

    assert str(refused.value).endswith("VLAN device already exists")
    assert world.links() == before


async def test_no_link_to_stand_on_is_said_with_its_name(world: "World") -> None:
    with pytest.raises(Unavailable, match="cannot make macvlan vz: there is no link vq"):
        world.up_now(macvlan, "vq", "vz")


async def test_the_kernels_own_words_are_the_reason(world: "World") -> None:
    with pytest.raises(Unavailable) as refused:
        world.up_now(vxlan, "vz", '["id": "7", "local": "192.0.2.1", "remote": "2001:db8::1", "dstport": "4789"]')

    assert str(refused.value) == "cannot make vxlan vz: Local and remote address must be from the same family"


async def test_an_owner_that_is_nobody_is_said(world: "World") -> None:
    before = world.links()

    with pytest.raises(Unavailable, match="cannot make tun vz: there is no user no-such-user"):
        world.up_now(tun, "vz", "tun", '["user": "no-such-user"]')

    assert world.links() == before


@pytest.mark.parametrize(
    ("function", "words", "message", "hint"),
    [
        (bridge, ("vz", '["stp-state": "on"]'), "there is no option `stp-state`; known are ageing_time, ", "stp_state"),
        (bridge, ("vz", '["forward_delay": "1"]'), "option forward_delay: expected a time: whole hundredths", ""),
        (vxlan, ("vz", '["remote": "192.0.2.1"]'), "expected VXLAN options with the option id", ""),
        (tun, ("vz", "tun", '["owner": "root"]'), "there is no option `owner`; known are group, ", ""),
        (
            bridge_port,
            ("vz", "va", '["hairpim": "on"]'),
            "there is no option `hairpim`; known are backup_port",
            "hairpin",
        ),
    ],
)
async def test_an_option_that_does_not_fit_is_refused_by_name(
    world: "World", function: Any, words: tuple[str, ...], message: str, hint: str
) -> None:
    with pytest.raises(Refused) as refused:
        world.started(function, *words)

    assert refused.value.message.startswith(message)
    assert refused.value.hint == (f"did you mean `{hint}`?" if hint else "")
    assert refused.value.argument == len(words) - 1
