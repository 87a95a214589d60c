"""Policy rules in a real kernel, with ip as the judge."""

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from netstrata.statements.net.rule import rule
from netstrata.values import Refused

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

# A statement's words, how ip makes the same, and how the program says it.
RULES = [
    ('["priority": "100"]', "-4 rule add priority 100 lookup main", "100 lookup 254"),
    (
        '["priority": "100", "from": "192.0.2.0/24", "table": "7"]',
        "-4 rule add priority 100 from 192.0.2.0/24 lookup 7", "100 from 192.0.2.0/24 lookup 7",
    ),
    (
        '["priority": "101", "to": "198.51.100.1", "iif": "va", "oif": "vb", "table": "1000"]',
        "-4 rule add priority 101 to 198.51.100.1 iif va oif vb lookup 1000",
        "101 to 198.51.100.1/32 iif va oif vb lookup 1000",
    ),
    (
        '["priority": "102", "fwmark": "0x10/0xf0", "not": "on", "table": "7"]',
        "-4 rule add priority 102 not fwmark 0x10/0xf0 lookup 7", "102 not fwmark 0x10/0xf0 lookup 7",
    ),
    ('["priority": "103", "fwmark": "7", "table": "7"]', "-4 rule add priority 103 fwmark 7 lookup 7",
     "103 fwmark 0x7 lookup 7"),
    ('["priority": "104", "iif": "lo", "type": "prohibit"]', "-4 rule add priority 104 iif lo prohibit",
     "104 iif lo prohibit"),
    ('["priority": "105", "table": "main", "suppress_prefixlength": "0"]',
     "-4 rule add priority 105 lookup main suppress_prefixlength 0", "105 lookup 254 suppress_prefixlength 0"),
    ('["priority": "106", "uidrange": "0", "table": "7"]',
     "-4 rule add priority 106 uidrange 0-0 lookup 7", "106 uidrange 0-0 lookup 7"),
    (
        '["priority": "107", "from": "2001:db8::/32", "to": "2001:db8:1::/48", "table": "7"]',
        "-6 rule add priority 107 from 2001:db8::/32 to 2001:db8:1::/48 lookup 7",
        "107 from 2001:db8::/32 to 2001:db8:1::/48 lookup 7",
    ),
    ('["priority": "108", "family": "inet6", "fwmark": "7", "table": "7"]',
     "-6 rule add priority 108 fwmark 7 lookup 7", "108 fwmark 0x7 lookup 7"),
    # Linux 6.18, iproute2 6.1
    (
        '["priority": "109", "ipproto": "tcp", "sport": "80", "dport": "1000-1999", "table": "7"]',
        "-4 rule add priority 109 ipproto tcp sport 80 dport 1000-1999 lookup 7",
        "109 ipproto tcp sport 80 dport 1000-1999 lookup 7",
    ),
    (
        '["priority": "110", "family": "inet6", "ipproto": "99", "dport": "65534", "table": "7"]',
        "-6 rule add priority 110 ipproto 99 dport 65534 lookup 7", "110 ipproto 99 dport 65534 lookup 7",
    ),
    ('["priority": "111", "tos": "0x10", "table": "7"]', "-4 rule add priority 111 tos 0x10 lookup 7",
     "111 tos 0x10 lookup 7"),
    ('["priority": "112", "tos": "252", "family": "inet6", "table": "7"]',
     "-6 rule add priority 112 tos 0xfc lookup 7", "112 tos 0xfc lookup 7"),
    ('["priority": "113", "iif": "va", "goto": "32766"]', "-4 rule add priority 113 iif va goto 32766",
     "113 iif va goto 32766"),
    ('["priority": "114", "l3mdev": "on"]', "-4 rule add priority 114 l3mdev", "114 l3mdev"),
    ('["priority": "115", "l3mdev": "on", "family": "inet6"]', "-6 rule add priority 115 l3mdev", "115 l3mdev"),
    ('["priority": "116", "table": "7", "suppress_ifgroup": "0", "suppress_prefixlength": "24"]',
     "-4 rule add priority 116 lookup 7 suppress_ifgroup 0 suppress_prefixlength 24",
     "116 suppress_ifgroup 0 lookup 7 suppress_prefixlength 24"),
    ('["priority": "117", "family": "inet6", "table": "7", "suppress_ifgroup": "9"]',
     "-6 rule add priority 117 lookup 7 suppress_ifgroup 9", "117 suppress_ifgroup 9 lookup 7"),
]  # fmt: skip
EACH = pytest.mark.parametrize(("options", "by_ip", "words"), RULES)


@EACH
async def test_a_rule_is_as_ip_makes_it_while_held_and_gone_after(
    world: "World", options: str, by_ip: str, words: str
) -> None:
    world.ip(f"{by_ip} protocol 110")
    expected = world.rules()
    world.ip(by_ip.replace(" add ", " del "))
    before = world.rules()
    world.as_statement()

    statement = world.up_now(rule, options)
    held = world.rules()
    world.down_now(statement)

    assert held == expected
    assert (before, world.rules()) == ([], [])
    assert world.netlink.monitor.groups() == set()


@EACH
async def test_an_equal_rule_that_was_there_before_stays(world: "World", options: str, by_ip: str, words: str) -> None:
    world.ip(by_ip)
    before = world.rules()

    statement = world.up_now(rule, options)
    held = world.rules()
    world.down_now(statement)

    assert held == before
    assert world.rules() == before


@EACH
async def test_a_rule_that_someone_deletes_is_lost_and_can_be_held_again(
    world: "World", options: str, by_ip: str, words: str
) -> None:
    told = world.as_statement()

    statement = world.up_now(rule, options)
    world.ip(by_ip.replace(" add ", " del "))
    reason = await told.losses.get()
    world.down_now(statement)
    again = world.up_now(rule, options)
    held = world.rules()
    world.down_now(again)

    assert reason == f"cannot hold rule {words}: someone removed it"
    assert len(held) == 1
    assert world.rules() == []
    assert told.notes == []


async def test_two_holders_share_a_rule_and_the_last_one_deletes_it(world: "World") -> None:
    first, second = world.up_now(rule, RULES[1][0]), world.up_now(rule, RULES[1][0])

    world.down_now(first)

    assert world.rules() == ["100: from 192.0.2.0/24 lookup 7 proto 110"]
    world.down_now(second)
    assert world.rules() == []


async def test_a_rule_that_differs_only_in_what_is_not_read_here_is_not_taken_for_ours(world: "World") -> None:
    world.ip("rule add priority 100 from 192.0.2.0/24 ipproto tcp lookup 7")
    before = world.rules()

    statement = world.up_now(rule, RULES[1][0])
    held = world.rules()
    world.down_now(statement)

    assert len(held) == 2
    assert world.rules() == before


async def test_somebody_elses_rule_of_the_same_priority_is_left_alone(world: "World") -> None:
    world.ip("rule add priority 100 from 203.0.113.0/24 lookup 9")
    before = world.rules()
    told = world.as_statement()

    statement = world.up_now(rule, RULES[1][0])
    world.ip("rule del priority 100 from 203.0.113.0/24 lookup 9")
    world.ip("rule add priority 100 from 203.0.113.0/24 lookup 9")
    world.netlink.monitor.drain()
    world.down_now(statement)

    assert world.rules() == before
    assert told.losses.empty()


async def test_many_rules_that_are_there_already_are_read_once(world: "World") -> None:
    world.batch("".join(f"rule add priority {n} from 10.0.0.{n} lookup 7\n" for n in range(1, 201)))
    before = world.rules()
    world.as_statement()
    dumps = counted(world)

    program = [world.up_now(rule, f'["priority": "{n}", "from": "10.0.0.{n}", "table": "7"]') for n in range(1, 201)]
    for statement in program:
        world.down_now(statement)

    assert len(dumps) == 1
    assert world.rules() == before


async def test_a_rule_that_came_since_the_last_turn_of_the_loop_is_seen_in_the_next(world: "World") -> None:
    world.as_statement()
    first = world.up_now(rule, RULES[0][0])
    world.ip(RULES[1][1])
    before = world.rules()
    await asyncio.sleep(0)

    second = world.up_now(rule, RULES[1][0])
    held = world.rules()
    world.down_now(second)

    assert held == before
    assert world.rules() == before
    world.down_now(first)


async def test_a_rule_that_is_let_go_and_held_again_in_one_turn_is_there_again(world: "World") -> None:
    world.as_statement()
    statement = world.up_now(rule, RULES[0][0])
    await asyncio.sleep(0)
    other = world.up_now(rule, RULES[1][0])

    world.down_now(statement)
    statement = world.up_now(rule, RULES[0][0])

    assert len(world.rules()) == 2
    world.down_now(other)
    world.down_now(statement)
    assert world.rules() == []


def counted(world: "World") -> list[int]:
    """Return a list that grows with each rule table that is read."""
    dumps: list[int] = []
    rules: Any = world.netlink.rules._rules
    requests = rules._requests

    class Counting:
        def __getattr__(self, name: str) -> Any:
            if name == "dump":
                dumps.append(1)
            return getattr(requests, name)

    rules._requests = Counting()
    return dumps


@pytest.mark.parametrize(
    "options",
    [
        '["priority": "1", "from": "192.0.2.0/24", "to": "2001:db8::/32"]',
        '["priority": "1", "from": "192.0.2.0/24", "family": "inet6"]',
    ],
)
async def test_networks_of_two_families_are_refused(world: "World", options: str) -> None:
    with pytest.raises(Refused, match="have to be of one family"):
        world.up_now(rule, options)


# The caret stands under the map, and the message names the option.
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            '["priority": "1", "dport": "0"]',
            "option dport: expected a port or a range of ports: such as 80 or 1000-1999",
        ),
        ('["priority": "1", "sport": "9-8"]', "option sport: expected a port"),
        ('["priority": "1", "ipproto": "http"]', "option ipproto: expected an IP protocol"),
        ('["priority": "1", "tos": "17"]', "option tos: expected a type of service: a multiple of 4"),
        ('["priority": "1", "tos": "0x20"]', "of IPv4 packets a rule sees no `tos` above 0x1c"),
        ('["priority": "7", "goto": "7"]', "`goto` needs a rule behind this one, of a greater priority"),
        ('["priority": "1", "goto": "7", "table": "7"]', "a rule has one of `table`, `type`, `goto` and `l3mdev`"),
        ('["priority": "1", "l3mdev": "on", "type": "prohibit"]', "a rule has one of"),
        ('["priority": "1", "table": "7x"]', "option table: expected a routing table: whole, 1 to 4294967295, or main"),
    ],
)
async def test_what_no_rule_can_be_is_refused_by_name(world: "World", options: str, message: str) -> None:
    with pytest.raises(Refused) as refused:
        world.up_now(rule, options)

    assert refused.value.message.startswith(message)
    assert refused.value.argument == 0
