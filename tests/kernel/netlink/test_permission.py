"""What a daemon without CAP_NET_ADMIN is told."""

import ctypes
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

import pytest

from netstrata.ports import DhcpOptions
from netstrata.ports.kernel import Route
from netstrata.system.dhcp import DhcpClients
from netstrata.system.events.neighbours import watch_neighbour
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World

pytestmark = pytest.mark.real_kernel("it drops capabilities")

_REASON = "not permitted: this takes the capability CAP_NET_ADMIN in this network namespace"


def drop_capabilities() -> None:
    """Take all capabilities from this thread, for good.  Source: capset(2), version 3."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    assert ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)()) == 0


async def test_without_the_capability_each_operation_says_what_it_takes(world: "World") -> None:
    world.ip("link set vb up")
    drop_capabilities()
    holdings: dict[str, AbstractAsyncContextManager[None]] = {
        "set va up": world.netlink.links.held_up("va"),
        "add 192.0.2.3/24 to va": world.netlink.addresses.held_address("va", b"\xc0\0\2\3", 24),
        "add route 198.51.100.0/24 on vb": world.netlink.routes.held_route(Route(b"\xc6\x33\x64\0", 24, None, "vb", 0)),
    }

    for operation, holding in holdings.items():
        with pytest.raises(Unavailable) as refused:
            await holding.__aenter__()

        assert (refused.value.operation, refused.value.reason, refused.value.errno) == (operation, _REASON, 1)


async def test_an_undo_that_is_not_permitted_is_noted_and_does_not_raise(world: "World") -> None:
    statement = world.as_statement()
    holding = world.netlink.addresses.held_address("va", b"\xc0\0\2\3", 24)
    await holding.__aenter__()
    drop_capabilities()

    await holding.__aexit__(None, None, None)

    assert statement.notes == [f"cannot delete 192.0.2.3/24 on va: {_REASON}; ignoring"]


async def test_who_may_not_send_packets_of_his_own_making_is_told_what_it_takes(world: "World") -> None:
    world.links_up()
    drop_capabilities()
    reason = r"not permitted: this takes the capability CAP_NET_RAW in this network namespace"

    with pytest.raises(Unavailable, match=reason):
        await anext(DhcpClients().leases("va", DhcpOptions()))
    with pytest.raises(Unavailable, match=reason):
        await anext(watch_neighbour("va", b"\xc0\0\2\1", None))
