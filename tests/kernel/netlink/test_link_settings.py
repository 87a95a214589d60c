"""The size, address and name of links in a real kernel, with ip as the judge."""

import json
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from netstrata.protocols.rtnetlink import SETTINGS, attributes
from netstrata.protocols.rtnetlink.constants import RTM_GETLINK, RTM_NEWLINK
from netstrata.statements.net.ipv4.addr import addr
from netstrata.statements.net.link.set import set_
from netstrata.statements.net.mac import mac
from netstrata.statements.net.mtu import mtu
from netstrata.statements.net.rename import rename
from netstrata.statements.net.up import up
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

MAC = "02:00:00:00:0A:77"
_VXLAN = "link add vz type vxlan id 42 remote 192.0.2.2 dstport 4789"


class Case(NamedTuple):
    """One setting: what a statement makes of it, what ip makes, and what somebody else makes of it."""

    word: str
    value: str
    other: str
    noun: str = ""
    single: Any = None  # the statement that is only about this
    link: str = "va"
    ready: str = "link set lo down"  # is down
    lose: str = "link del vb"
    called: str = "va"  # afterwards, if somebody else has set it

    @property
    def statement(self) -> tuple[Any, ...]:
        """The function, and what it is given."""
        value = self.value if self.single else f'["{self.word}": "{self.value}"]'
        return (self.single or set_, self.link, value)


# By hand and by the words of iproute2 6.1.0, Linux 6.18.
CASES = [
    Case("mtu", "1400", "1300", "MTU", mtu),
    Case("mtu", "1400", "1300", "MTU"),
    Case("address", MAC, "02:00:00:00:0A:66", "hardware address", mac),
    Case("address", MAC, "02:00:00:00:0A:66", "hardware address"),
    Case("name", "vz", "vy", "name", rename, called="vz"),
    Case("alias", "uplink", "backup"),
    Case("group", "7", "8"),
    Case("txqueuelen", "500", "600"),
    Case("gso_max_size", "40000", "50000"),
    Case("gso_max_segs", "100", "200"),
    Case("gro_max_size", "40000", "50000"),
    Case("arp", "off", "on", "ARP"),
    Case("multicast", "off", "on"),
    Case("allmulticast", "on", "off"),
    Case("promisc", "on", "off", "promiscuous mode"),
    Case("mode", "dormant", "default"),
    Case("protodown", "on", "off", link="vz", ready=_VXLAN, lose="link del vz", called="vz"),
]
# What the kernel makes IPv6 addresses of, which the model does not.
OF_IPV6 = [Case("addrgenmode", "none", "random")]
real_kernel = pytest.mark.real_kernel("the model makes no addresses by itself")
EACH = [*CASES, *(pytest.param(case, marks=real_kernel) for case in OF_IPV6)]
each = pytest.mark.parametrize("case", EACH, ids=lambda case: f"{case.statement[0].__name__}-{case.word}")
_NOT_IN_IP = {"gso_ipv4_max_size": 63, "gro_ipv4_max_size": 64}  # iproute2 6.1 does not know them


def test_every_setting_has_a_case() -> None:
    assert {case.word for case in CASES + OF_IPV6} | {*_NOT_IN_IP, "token"} == set(SETTINGS)


@real_kernel
async def test_a_token_is_as_ip_makes_it_while_held_and_none_after(world: "World") -> None:
    # `ip token set`, which the kernel lets nobody do on a link without ARP, or whose accept_ra is 0
    world.as_statement()
    before = world.ip("token show dev va")

    statement = world.up_now(set_, "va", '["token": "::5"]')
    held = world.ip("token show dev va")
    world.down_now(statement)

    assert (before, held) == ("token :: dev va\n", "token ::5 dev va\n")
    assert world.ip("token show dev va") == before
    with pytest.raises(Unavailable, match="cannot set the token of lo to ::5"):
        world.up_now(set_, "lo", '["token": "::5"]')


@each
async def test_a_setting_is_as_ip_makes_it_while_held_and_as_before_after(world: "World", case: Case) -> None:
    world.as_statement()
    world.ip(case.ready)
    statement = world.up_now(*case.statement)
    held = world.links()
    world.down_now(statement)
    before = world.links()
    world.ip(f"link set {case.link} {case.word} {case.value}")
    expected = world.links()

    assert held == expected
    assert before != expected
    assert world.netlink.monitor.groups() == set()


@each
async def test_a_setting_that_someone_changes_is_lost_and_stays_as_it_was_changed(world: "World", case: Case) -> None:
    told = world.as_statement()
    world.ip(case.ready)

    statement = world.up_now(*case.statement)
    world.ip(f"link set {case.called} {case.word} {case.other}")
    changed = world.links()
    reason = await told.losses.get()
    world.down_now(statement)

    what = f"the {case.noun or case.word} of {case.link}"
    assert reason == f"cannot hold {what} to {case.value}: someone has set {what} to {case.other}"
    assert world.links() == changed
    assert told.notes == []


@each
async def test_a_setting_of_a_link_that_vanishes_is_lost_without_a_word_at_the_end(world: "World", case: Case) -> None:
    told = world.as_statement()
    world.ip(case.ready)

    statement = world.up_now(*case.statement)
    world.ip(case.lose)
    reason = await told.losses.get()
    world.down_now(statement)

    assert reason.endswith(": the link is gone")
    assert told.notes == []


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
async def test_the_last_of_several_counts_and_the_first_one_found_comes_back(
    world: "World", order: tuple[int, ...]
) -> None:
    before = world.links()
    sizes = ["1400", "1300", "1200"]
    held = [world.up_now(mtu, "va", size) for size in sizes]
    left = [0, 1, 2]

    for which in order:
        assert world.link("va")["mtu"] == int(sizes[max(left)])
        world.down_now(held[which])
        left.remove(which)

    assert world.links() == before


async def test_what_was_changed_unheard_is_left_alone_with_a_word(world: "World") -> None:
    told = world.as_statement()

    statement = world.up_now(mtu, "va", "1400")
    world.ip("link set va mtu 1300")
    world.down_now(statement)

    assert world.link("va")["mtu"] == 1300
    assert told.notes == [
        "cannot put back the MTU of va to 1500: someone has set the MTU of va to 1300 meanwhile; ignoring"
    ]


async def test_a_setting_is_put_back_under_another_name(world: "World") -> None:
    statement = world.up_now(mtu, "va", "1400")
    world.ip("link set va name vz")

    world.down_now(statement)

    assert world.link("vz")["mtu"] == 1500


async def test_a_renamed_link_is_called_by_its_new_name_in_the_same_step(world: "World") -> None:
    before = world.links()
    world.as_statement()

    program = [
        world.up_now(mtu, "va", "1400"),
        world.up_now(rename, "va", "wan"),
        world.up_now(up, "wan"),
        world.up_now(addr, "wan", "192.0.2.1/24"),
    ]
    held = world.addresses("wan")
    with pytest.raises(Unavailable, match="there is no link va"):
        world.up_now(up, "va")
    for statement in reversed(program):
        world.down_now(statement)

    assert held == ["192.0.2.1/24"]
    assert world.links() == before


@pytest.mark.vm("tun")
async def test_what_the_kernel_refuses_is_said_in_its_words_and_changes_nothing(world: "World") -> None:
    world.ip("tuntap add vz mode tap")
    before = world.links()
    world.as_statement()

    with pytest.raises(Unavailable) as taken:
        world.up_now(rename, "va", "vb")
    with pytest.raises(Unavailable) as large:
        world.up_now(mtu, "vz", "65535")

    assert str(taken.value) == "cannot set the name of va to vb: the name vb is taken"
    assert str(large.value) == "cannot set the MTU of vz to 65535: mtu greater than device maximum"
    assert world.links() == before
    assert world.netlink.monitor.groups() == set()


REFUSED = [
    ('["gso_max_size": "600000"', "the gso_max_size of va to 600000: too big gso_max_size"),
    ('["gso_max_size": "10"', "the gso_max_size of va to 10: integer out of range (the gso_max_size)"),
    ('["gro_max_size": "4294967295"', "the gro_max_size of va to 4294967295: too big gro_max_size"),
    ('["protodown": "on"', "the protodown of va to on: Protodown not supported by device"),
]


@pytest.mark.parametrize(("settings", "reason"), REFUSED)
async def test_of_several_settings_none_is_left_if_the_kernel_refuses_one(
    world: "World", settings: str, reason: str
) -> None:
    world.as_statement()
    before = world.links()

    with pytest.raises(Unavailable) as refused:
        world.up_now(set_, "va", f'{settings}, "alias": "x", "txqueuelen": "7"]')

    assert str(refused.value) == f"cannot set {reason}"
    assert world.links() == before
    assert world.netlink.monitor.groups() == set()


async def test_settings_of_no_link_are_refused_by_their_names(world: "World") -> None:
    world.as_statement()

    with pytest.raises(Unavailable) as refused:
        world.up_now(set_, "vz", '["alias": "x", "mtu": "1400"]')

    assert str(refused.value) == "cannot set the alias and the MTU of vz: there is no link vz"


async def test_one_setting_is_held_by_several_statements_whatever_they_are_called(world: "World") -> None:
    before = world.links()
    world.as_statement()

    first = world.up_now(mtu, "va", "1400")
    second = world.up_now(set_, "va", '["mtu": "1300", "alias": "x"]')
    world.down_now(first)
    between = world.link("va")["mtu"]
    world.down_now(second)

    assert between == 1300
    assert world.links() == before


def ipv4_sizes(world: "World", **sizes: int) -> list[int]:
    """Return the largest GSO and GRO packets of IPv4 of va, after setting some; ip cannot before iproute2 6.3."""
    (ifindex,) = [row["ifindex"] for row in json.loads(world.ip("-j link show dev va"))]
    head = struct.pack("=BxHiII", 0, 0, ifindex, 0, 0)
    for word, size in sizes.items():
        world.netlink.requests.request(RTM_NEWLINK, 0, head + struct.pack("=HHI", 8, _NOT_IN_IP[word], size))
    found = world.netlink.requests.get(RTM_GETLINK, head)
    assert isinstance(found, bytes)
    shown = {kind: found[first:last] for kind, first, last in attributes(found, 32, len(found))}
    return [int.from_bytes(shown[number], "little") for number in _NOT_IN_IP.values() if number in shown]


async def shown_again(world: "World") -> None:
    """Let the kernel show all of va, and wait until that has been looked at."""
    told = world.as_statement()
    probe = world.up_now(set_, "va", '["txqueuelen": "77"]')
    world.ip("link set va txqueuelen 1000")
    await told.losses.get()
    world.down_now(probe)


@pytest.mark.parametrize("which", ["gso", "gro"])
@pytest.mark.parametrize("words", ["one", "two", "apart", "apart the other way round", "large"])
async def test_what_the_kernel_sets_along_with_a_size_is_held_with_it_and_comes_back(
    world: "World", which: str, words: str
) -> None:
    told = world.as_statement()
    at = ["gso", "gro"].index(which)
    size, small = f'"{which}_max_size": "40000"', f'"{which}_ipv4_max_size": "30000"'
    settings, expected = {
        "one": ([size], 40000),
        "two": ([f"{size}, {small}"], 30000),
        "apart": ([size, small], 30000),
        "apart the other way round": ([small, size], 40000),
        "large": ([f'"{which}_max_size": "100000"'], 20000),
    }[words]
    before = ipv4_sizes(world, gso_ipv4_max_size=20000, gro_ipv4_max_size=20000), world.links()

    statements = [world.up_now(set_, "va", f"[{each}]") for each in settings]
    held = ipv4_sizes(world)
    await shown_again(world)  # what did not stand now would be lost
    for statement in reversed(statements):
        world.down_now(statement)

    assert held[at] == expected
    assert (ipv4_sizes(world), world.links()) == before
    assert (told.losses.qsize(), told.notes) == (0, [])


@pytest.mark.parametrize("word", _NOT_IN_IP)
async def test_an_ipv4_size_that_somebody_changes_is_lost(world: "World", word: str) -> None:
    told = world.as_statement()

    statement = world.up_now(set_, "va", f'["{word}": "30000"]')
    ipv4_sizes(world, **{word: 31000})
    reason = await told.losses.get()
    world.down_now(statement)

    assert reason == f"cannot hold the {word} of va to 30000: someone has set the {word} of va to 31000"
    assert 31000 in ipv4_sizes(world)


async def test_many_links_are_looked_at_in_turn_and_again(world: "World") -> None:
    number = 150  # more than in one round
    world.batch("".join(f"link add v{n} type veth peer name w{n}\n" for n in range(number)))
    told = world.as_statement()
    statements = [world.up_now(set_, f"v{n}", '["group": "7"]') for n in range(number)]

    reasons = set()
    for which in (range(100, number), range(100)):
        world.batch("".join(f"link set v{n} group 8\n" for n in which))
        reasons |= {await told.losses.get() for _ in which}
    for statement in statements:
        world.down_now(statement)

    assert len(reasons) == number
    assert told.notes == []


@pytest.mark.vm
async def test_a_setting_that_the_kernel_lacks_is_refused_with_words(world: "World") -> None:
    if ipv4_sizes(world):
        pytest.skip("this kernel knows the sizes for IPv4; tools/vm-tests runs this in an older one")
    world.as_statement()
    before = world.links()

    with pytest.raises(Unavailable) as refused:
        world.up_now(set_, "va", '["alias": "x", "gso_ipv4_max_size": "30000"]')
    after = world.links()
    statement = world.up_now(set_, "va", '["gso_max_size": "40000", "gro_max_size": "40000"]')  # there are only these
    held = world.link("va")
    world.down_now(statement)

    reason = "this kernel knows no gso_ipv4_max_size of links"
    assert str(refused.value) == f"cannot set the gso_ipv4_max_size of va to 30000: {reason}"
    assert after == before
    assert (held["gso_max_size"], held["gro_max_size"]) == (40000, 40000)
    assert world.links() == before
