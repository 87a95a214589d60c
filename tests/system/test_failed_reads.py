"""A read that fails says nothing: not that a thing is gone, nor that it is not there.

Whatever a statement is doing when the kernel has no memory for an answer, it goes on later, nothing of it stays behind
at the end, and nothing of others goes with it.
"""

import pytest

from netstrata.testing.schedules.program import Node, Program
from netstrata.testing.schedules.run import run
from netstrata.testing.schedules.schedule import Schedule, Step

PROGRAMS = {
    "dummy": 'net.dummy("d0");',
    "veth": 'net.veth("v0", "v1");',
    "bridge": 'net.bridge("br0");',
    "port": 'net.bridge("br0"); net.bridge.port("br0", "eth0", ["isolated": "on"]);',
    "up": 'net.up("eth0");',
    "mac": 'net.mac("eth0", "02:00:00:00:0a:01");',
    "settings": 'net.link.set("eth0", ["txqueuelen": "501", "alias": "a0"]);',
    "rename": 'net.rename("eth0", "wan");',
    "address": 'net.ipv4.addr("eth0", "192.0.2.1/24");',
    "address6": 'net.ipv6.addr("eth0", "2001:db8::1/64");',
    "route": 'net.up("eth0"); net.ipv4.route("203.0.113.0/24", "none", "0", "eth0");',
    "route6": 'net.up("eth0"); net.ipv6.route("2001:db8:2::/48", "none", "0", "eth0");',
    "rule": 'net.rule(["priority": "100", "table": "7"]);',
    "neighbour": 'net.neigh("eth0", "192.0.2.9", "02:00:00:00:0a:01");',
}
_OTHERWISE = {
    "mac": 'net.mac("eth0", "02:00:00:00:0a:02");',
    "settings": 'net.link.set("eth0", ["txqueuelen": "502", "alias": "a1"]);',
    "rename": 'net.rename("eth0", "lan");',
}
READS = 12  # more than any of these takes


def wrong(program: str, steps: list[Step], before: tuple[Step, ...] = ()) -> list[str]:
    """Return what goes wrong with a process."""
    return run(Schedule(before, Program((Node("process main", (Node(program),)),)), tuple(steps))).wrong


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_read_that_fails_on_the_way_up_leaves_nothing_behind(program: str) -> None:
    for number in range(READS):
        assert wrong(program, [("fault", "read", str(number), "ENOMEM"), ("settle",)]) == [], number


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
@pytest.mark.parametrize("news", [("link", "up", "eth1"), ("link", "alias", "eth0", "x")], ids=["of another", "of it"])
def test_a_read_that_fails_after_news_were_lost_takes_nothing_for_gone(program: str, news: Step) -> None:
    for number in range(READS):
        lost: list[Step] = [("settle",), ("lose", "1"), ("fault", "read", str(number), "ENOMEM"), news, ("settle",)]
        assert wrong(program, lost) == [], number


@pytest.mark.parametrize(
    ("program", "step"),
    [
        ("up", ("link", "up", "eth0")),
        ("port", ("link", "add", "br0", "bridge")),
        ("mac", ("link", "mac", "eth0", "02:00:00:00:0a:01")),
        ("settings", ("link", "txqueuelen", "eth0", "501")),
        ("address", ("addr", "add", "eth0", "192.0.2.1/24")),
        ("address6", ("addr", "add", "eth0", "2001:db8::1/64")),
        ("rule", ("rule", "add", "100", "7")),
        ("neighbour", ("neigh", "add", "eth0", "192.0.2.9", "02:00:00:00:0a:02")),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_others_have_there_stays_when_a_read_fails(program: str, step: Step) -> None:
    for number in range(READS):
        assert wrong(PROGRAMS[program], [("fault", "read", str(number), "ENOMEM"), ("settle",)], (step,)) == [], number


@pytest.mark.parametrize("what", ["read", "write"])
@pytest.mark.parametrize("program", ["mac", "settings", "rename"])
def test_what_fails_when_the_first_of_two_leaves_is_tried_again_and_nothing_forgotten(program: str, what: str) -> None:
    first = Node("process first", (Node(PROGRAMS[program]),))
    waits = (Node('net.up("eth1");'), Node('net.backend.waitlink("eth1");'))
    second = Node("process second", (*waits, Node(_OTHERWISE[program])))
    for number in range(READS):
        fault = ("fault", what, str(number), "ENOMEM")
        steps: tuple[Step, ...] = (("settle",), fault, ("link", "carrier", "eth1", "off"), ("settle",))
        for program_of_two in (Program((first, second)), Program((second, first))):
            assert run(Schedule((), program_of_two, steps)).wrong == [], number


def test_the_address_of_another_does_not_go_with_ours_when_something_fails() -> None:
    for number in range(READS):
        for what in ("read", "write"):
            fault = ("fault", what, str(number), "ENOMEM")
            steps: list[Step] = [("settle",), ("addr", "add", "eth0", "192.0.2.2/24"), fault, ("end",)]
            assert wrong(PROGRAMS["address"], steps) == [], number
