"""Schedules that went wrong once: what chance has found, as small as it could be made.

In some of them the daemon was wrong, in some the checker, which blamed it for what nobody can know.
"""

import pytest

from netstrata.testing.schedules.program import Node, Program
from netstrata.testing.schedules.run import run
from netstrata.testing.schedules.schedule import Schedule, Step

ADDRESS = 'net.ipv4.addr("eth0", "192.0.2.1/24");'
SETTLE: Step = ("settle",)
CRASH: Step = ("crash",)


def made_of(*processes: str, steps: tuple[Step, ...], before: tuple[Step, ...] = ()) -> Schedule:
    """Return a schedule."""
    parts = []
    for number, process in enumerate(processes):
        nodes = tuple(Node(f"{statement.strip()};") for statement in process.split(";") if statement.strip())
        parts.append(Node(f"process p{number}", nodes))
    return Schedule(before, Program(tuple(parts)), steps)


FOUND = {
    "an address that others have given a lifetime is deleted if nobody has said whether others are promoted": made_of(
        ADDRESS,
        steps=(
            SETTLE, ("addr", "life", "eth0", "192.0.2.2/24"), ("silence", "0"),
            ("addr", "life", "eth0", "192.0.2.1/24"), ("turns", "3"),
        ),
    ),
    "and one that has undone some of what differs by then undoes the rest": made_of(
        'net.rule(["priority": "101", "table": "254"]);',
        'net.bridge("br0"); net.backend.waitlink("eth0"); net.backend.waitlink("eth0");',
        steps=(SETTLE, ("change", "0"), ("change", "0"), ("reload",), ("turns", "1"), ("end",)),
    ),
    "a daemon that is told to end when it is about to change its program undoes all of it": made_of(
        'net.dummy("d0"); net.backend.waitdevice("d0");', 'provide("X"); depend("Y");',
        steps=(SETTLE, ("edit", "1"), ("reload",), ("end",)),
    ),
    "a link that promotes addresses while one is deleted promotes none after a crash in that moment": made_of(
        ADDRESS, steps=(SETTLE, ("addr", "add", "eth0", "192.0.2.2/24"), ("die", "write", "0", "after"), ("end",))
    ),
    "a link of ours that others have renamed, and that has another address, is deleted after a crash, too": made_of(
        'net.dummy("d0"); net.mac("d0", "02:00:00:00:0a:02");',
        steps=(("wait", "1"), ("link", "name", "d0", "wan"), CRASH),
    ),
    "a neighbour that others have put in the place of one that was taken over is theirs": made_of(
        'net.up("eth0"); net.neigh("eth0", "2001:db8::9", "02:00:00:00:0a:01");',
        steps=(
            SETTLE, CRASH, SETTLE, ("link", "down", "eth0"),
            ("neigh", "add", "eth0", "2001:db8::9", "02:00:00:00:0a:01"),
        ),
    ),
    "of a setting with two values the upper one stands while both are taken over": made_of(
        'net.mtu("eth0", "1400"); net.mtu("eth0", "1401");', steps=(SETTLE, CRASH, SETTLE)
    ),
    "of three values, too": made_of(
        'net.mtu("eth0", "1400"); net.mtu("eth0", "1401"); net.mtu("eth0", "1402");',
        steps=(SETTLE, CRASH, SETTLE, CRASH),
    ),
    "the lower value counts when nobody takes over the upper one": made_of(
        'net.mtu("eth0", "1400");', 'net.mtu("eth0", "1401");', steps=(SETTLE, ("edit", "0"), CRASH, SETTLE, CRASH)
    ),
    "what counts is written once when several values are wanted no more": made_of(
        'net.mtu("eth0", "1400");', 'net.mtu("eth0", "1400"); net.mtu("eth0", "1401");',
        steps=(SETTLE, ("edit", "1"), CRASH, SETTLE),
    ),
    "a port that was killed between its bridge and its options is given the options in it": made_of(
        'net.bridge("br0"); net.bridge.port("br0", "eth0", ["isolated": "on"]);',
        steps=(("die", "write", "1", "after"), SETTLE),
    ),
    "a link has the name that it had until all that was held by that is taken over": made_of(
        'net.up("eth1");', 'net.ipv6.route("2001:db8:2::/48", "none", "10", "eth1"); net.rename("eth1", "wan");',
        steps=(SETTLE, CRASH),
    ),
    "and who waits for its carrier finds it by that": made_of(
        'net.up("eth1"); net.backend.waitlink("eth1"); net.rename("eth1", "wan");', steps=(SETTLE, CRASH)
    ),
    "also if it was renamed after the crash only": made_of(
        'net.up("eth1");',
        'net.route("203.0.113.0/24", ["dev": "eth1", "table": "7"]); net.rename("eth1", "wan");',
        steps=(SETTLE, ("die", "record", "2", "after"), ("end",), ("turns", "3")),
    ),
    "what comes after a pause is not undone before it": made_of(
        f'sleep("100"); {ADDRESS} sleep("100"); net.up("eth0");', steps=(("wait", "1"), CRASH)
    ),
    "what failed is tried once more before anything is undone": made_of(
        ADDRESS, steps=(SETTLE, ("fault", "read", "0", "EINTR"), CRASH, SETTLE)
    ),
    "a route is taken over although its own table leads to its gateway by now": made_of(
        'net.rule(["priority": "100", "table": "7"]); net.ipv4.addr("eth0", "192.0.2.1/24"); net.up("eth0");'
        ' net.route("0.0.0.0/0", ["via": "192.0.2.254", "table": "7"]);',
        steps=(SETTLE, CRASH),
    ),
    "what others do is theirs or ours, if it is what a daemon was about to do when it was killed": made_of(
        'net.up("eth0");', steps=(("die", "write", "0", "before"), SETTLE, ("link", "up", "eth0"))
    ),
    "also a link": made_of(
        'net.dummy("d0");', steps=(("die", "write", "0", "before"), SETTLE, ("link", "add", "d0", "dummy"))
    ),
    "also a pair of links": made_of(
        'net.veth("v0", "v1");',
        steps=(("die", "record", "0", "after"), SETTLE, ("link", "add", "v0", "veth", "v1")),
    ),
    "a value that was being taken out when the daemon was killed stands while all are wanted again": made_of(
        'net.link.set("eth0", ["alias": "a1"]); net.link.set("eth0", ["alias": "a0"]);',
        steps=(("turns", "3"), ("end",), ("die", "record", "0", "after"), ("wait", "1")),
    ),
    "a value that was to be taken out, and nobody wants again, goes": made_of(
        'net.link.set("eth0", ["alias": "a1"]);', 'net.link.set("eth0", ["alias": "a0"]);',
        steps=(("turns", "3"), ("edit", "0"), ("end",), ("die", "record", "0", "after"), ("wait", "1"), CRASH),
    ),
    "a link that is gone does not have the former name of another": made_of(
        'net.veth("v0", "v1"); net.rename("eth1", "wan");', 'net.rename("eth1", "wan");',
        steps=(("wait", "1"), ("die", "record", "3", "before"), ("link", "name", "v0", "eth1"), SETTLE),
    ),
    "what fails for ever does not keep what nobody wants any more": made_of(
        'net.link.set("eth0", ["alias": "a0"]);', 'net.link.set("eth0", ["alias": "a1"]); call("none", {});',
        steps=(("wait", "1"), ("edit", "0"), CRASH),
    ),
    "a link of which nobody could read what it is like, and that could not be deleted, is deleted at the end": made_of(
        'net.veth("v0", "v1");',
        steps=(("fault", "write", "1", "EOPNOTSUPP"), ("fault", "read", "1", "EOPNOTSUPP"), CRASH, SETTLE),
    ),
    "what could not be told to promote no more is told so at the end": made_of(
        ADDRESS, steps=(CRASH, SETTLE, ("tear", "4"), ("fault", "write", "2", "ERANGE"), ("end",))
    ),
    "also if nobody has said whether it was told to promote": made_of(
        ADDRESS, steps=(CRASH, ("wait", "1"), ("silence", "0"), ("tear", "4"), ("end",))
    ),
    "what the kernel will not undo is undone later, in no order": made_of(
        'net.veth("v0", "v1"); net.rename("eth1", "wan");',
        steps=(("wait", "1"), CRASH, ("link", "name", "v1", "eth1"), ("end",)),
    ),
    "a value that cannot be read is left to whoever comes next": made_of(
        'net.link.set("eth0", ["txqueuelen": "501", "alias": "a1"]);'
        ' net.link.set("eth0", ["txqueuelen": "500", "alias": "a0"]);',
        steps=(("turns", "1"), ("fault", "read", "3", "E2BIG"), CRASH, SETTLE),
    ),
    "an address that is another host's is put there anew": made_of(
        'net.ipv6.addr("eth0", "2001:db8::1/64", ["wait": "off"]);'
        'net.neigh("eth0", "2001:db8::9", "02:00:00:00:0a:02");',
        steps=(SETTLE, ("duplicate", "eth0", "2001:db8::1"), ("die", "write", "0", "after"), ("dad",), SETTLE),
    ),
    "what others bring back that was swept away is theirs": made_of(
        'net.up("eth0");', ADDRESS, steps=(SETTLE, ("edit", "0"), CRASH, SETTLE, ("link", "up", "eth0"))
    ),
}  # fmt: skip


@pytest.mark.parametrize("found", FOUND)
def test_what_chance_has_found_stays_mended(found: str) -> None:
    assert run(FOUND[found]).wrong == []
