"""What the kernel changes along with a setting, and how it is when that has been put back.

Linux 6.18: `echo 1 > /proc/sys/net/ipv4/ip_forward` and back leaves `accept_redirects` at 1 and `forwarding` of each
link at 0, whatever they were.
"""

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from netstrata.statements.net.sysctl import sysctl
from netstrata.system.held import Leaving, Recovery
from netstrata.system.sysctl import KernelSettings, SysctlPort
from netstrata.system.undo_journal import Identity, UndoJournal
from netstrata.testing.child import wait_until

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

pytestmark = pytest.mark.real_kernel("it is about files in /proc/sys")

HERE = Identity("a boot", "a namespace")
FORWARD = "net.ipv4.ip_forward"
VA = "net/ipv4/conf/va/forwarding"
# What cannot be read, what counts, and what one cannot set.
_ASIDE = ("flush", "stable_secret", "fib_sync_mem", "cookie")


def settings() -> dict[str, str]:
    """Return all settings of IP and IPv6, but what only counts."""
    found: dict[str, str] = {}
    for family in ("ipv4", "ipv6"):
        for path in Path("/proc/sys/net", family).rglob("*"):
            if path.is_file() and not any(word in path.name for word in _ASIDE):
                found[str(path)] = path.read_text()
    return found


BEFORE = {
    "ipv4": {
        "conf/all/accept_redirects": "0",
        "conf/va/forwarding": "1",
        "conf/va/rp_filter": "2",
    },
    "ipv6": {"conf/va/forwarding": "1", "conf/vb/disable_ipv6": "1", "conf/vb/addr_gen_mode": "1"},
}


def unlike(world: "World") -> None:
    """Have links that differ from what is set for all."""
    world.links_up()
    for family, paths in BEFORE.items():
        for path, value in paths.items():
            world.sysctl(f"net/{family}/{path}", value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (FORWARD, "1"),
        ("net.ipv4.conf.all.forwarding", "1"),
        ("net.ipv4.conf.default.forwarding", "1"),
        ("net.ipv4.conf.va.forwarding", "0"),
        ("net.ipv4.conf.default.rp_filter", "1"),
        ("net.ipv4.conf.all.rp_filter", "1"),
        ("net.ipv6.conf.all.forwarding", "1"),
        ("net.ipv6.conf.default.forwarding", "1"),
        ("net.ipv6.conf.vb.forwarding", "1"),
        ("net.ipv6.conf.all.disable_ipv6", "1"),
        ("net.ipv6.conf.default.disable_ipv6", "1"),
        ("net.ipv6.conf.va.disable_ipv6", "1"),
        ("net.ipv6.conf.all.addr_gen_mode", "3"),
        ("net.ipv6.conf.all.ignore_routes_with_linkdown", "1"),
        ("net.ipv6.conf.all.accept_ra", "0"),
        ("net.ipv6.conf.va.accept_ra", "0"),
    ],
)
async def test_all_settings_are_as_before_after_one_that_took_others_along(
    world: "World", key: str, value: str
) -> None:
    unlike(world)
    before = settings()

    statement = world.up_now(sysctl, key, value)
    held = settings()
    world.down_now(statement)

    assert held != before
    assert settings() == before


async def test_what_somebody_changed_meanwhile_of_what_went_along_stays(world: "World") -> None:
    unlike(world)

    statement = world.up_now(sysctl, FORWARD, "1")
    world.sysctl("net/ipv4/conf/vb/forwarding", "0")
    world.sysctl("net/ipv4/conf/all/accept_redirects", "1")
    world.sysctl("net/ipv4/conf/vb/forwarding", "0")
    world.down_now(statement)

    assert world.sysctl("net/ipv4/conf/all/accept_redirects") == "1"
    assert (world.sysctl(VA), world.sysctl("net/ipv4/conf/vb/forwarding")) == ("1", "0")


async def test_a_link_that_comes_meanwhile_is_as_one_that_comes_after(world: "World") -> None:
    unlike(world)

    statement = world.up_now(sysctl, FORWARD, "1")
    world.ip("link add br0 type bridge")
    between = world.sysctl("net/ipv4/conf/br0/forwarding")
    world.down_now(statement)

    assert (between, world.sysctl("net/ipv4/conf/br0/forwarding")) == ("1", "0")


@pytest.mark.parametrize("first_out", [0, 1])
async def test_what_another_statement_holds_of_a_link_stands_on(world: "World", first_out: int) -> None:
    told = world.as_statement()
    link = world.up_now(sysctl, "net.ipv4.conf.vb.forwarding", "0")
    every = world.up_now(sysctl, FORWARD, "1")
    other = world.up_now(sysctl, "net.ipv4.conf.va.forwarding", "0")
    both = world.sysctl(VA), world.sysctl("net/ipv4/conf/vb/forwarding")

    world.down_now((every, other)[first_out])
    between = world.sysctl(VA)
    world.down_now((other, every)[first_out])
    world.down_now(link)

    assert both == ("0", "0")
    assert between == ("0", "1")[first_out]
    assert (world.sysctl(VA), world.sysctl("net/ipv4/conf/vb/forwarding")) == ("0", "0")
    assert told.losses.empty()
    assert told.notes == []


async def test_values_one_over_the_other_put_back_what_was_before_the_first(world: "World") -> None:
    unlike(world)
    before = settings()

    held = [world.up_now(sysctl, "net.ipv4.conf.default.rp_filter", value) for value in ("1", "2", "0", "1")]
    for which in (2, 0, 3, 1):
        world.down_now(held[which])

    assert settings() == before


@pytest.mark.parametrize("again", [True, False])
async def test_what_went_along_outlives_a_daemon_that_is_killed(world: "World", tmp_path: Path, again: bool) -> None:
    unlike(world)
    before = settings()
    path = f"{tmp_path}/journal/a"
    first = UndoJournal(path, HERE)
    port = SysctlPort(KernelSettings(world.netlink.monitor, recovery=Recovery(first)))
    await port.held_value("net/ipv4/ip_forward", b"1").__aenter__()
    assert first._file is not None
    first._file.close()

    journal = UndoJournal(path, HERE)
    recovery = Recovery(journal)
    port = SysctlPort(KernelSettings(world.netlink.monitor, recovery=recovery))
    if again:
        async with port.held_value("net/ipv4/ip_forward", b"1"):
            pass
    undone = await recovery.sweep()
    journal.close()

    assert [one.problem for one in undone] == ([] if again else [""])
    assert settings() == before


def advertise(link: str) -> None:
    """Send a router advertisement from a link: a default router for half an hour."""
    with socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as router:
        router.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        index = socket.if_nametoindex(link)
        router.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
        router.sendto(bytes.fromhex("86000000 40000708 00000000 00000000"), ("ff02::1", 0, 0, index))


@pytest.mark.parametrize(("accept", "stays"), [("1", False), ("2", True)])
@pytest.mark.parametrize("which", ["all", "lo"])
async def test_routes_of_router_advertisements_go_with_ipv6_forwarding_as_a_plan_says(
    world: "World", which: str, accept: str, stays: bool
) -> None:
    world.links_up()
    world.sysctl("net/ipv6/conf/va/accept_ra", accept)
    own = "-6 route show table local type local"
    wait_until("the links' own addresses", lambda: world.ip(own).count(" dev v") == 2)
    advertise("vb")
    wait_until("the route", lambda: "proto ra" in world.ip("-6 route show default"))
    held = world.ports.sysctl.held_value(f"net/ipv6/conf/{which}/forwarding", b"1")

    plan = held.to_do(Leaving())
    async with held:
        there = "proto ra" in world.ip("-6 route show default")

    assert there is stays
    assert plan == [
        f"set net.ipv6.conf.{which}.forwarding to 1, which deletes the routes of router advertisements "
        "on all links whose accept_ra is not 2"
    ]
