"""What only some kinds of links do, in a real kernel.  Seen with Linux 6.12.95, iproute2 6.1.0."""

from typing import TYPE_CHECKING

import pytest

from netstrata.statements.net.netkit import netkit
from netstrata.statements.net.sit import sit
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from tests.kernel.netlink.conftest import World


@pytest.mark.vm("sit")
async def test_the_name_of_the_tunnel_that_the_kernel_makes_itself_is_in_the_way(world: "World") -> None:
    # With the module there is one in each network namespace: sit0, gre0, gretap0, tunl0, ip6tnl0, ip_vti0, ip6_vti0.
    with pytest.raises(Unavailable) as refused:
        world.up_now(sit, "sit0", '["remote": "192.0.2.2"]')

    assert str(refused.value) == "cannot make sit sit0: it is there, but with another remote"
    assert world.ip("link del sit0") == ""  # it cannot be deleted
    assert world.link("sit0")["linkinfo"]["info_kind"] == "sit"


@pytest.mark.vm("netkit")
async def test_a_netkit_is_as_asked_and_lost_with_either_end(world: "World") -> None:
    told = world.as_statement()
    before = world.links()

    statement = world.up_now(netkit, "vz", "vy", '["mode": "l2", "peer_policy": "blackhole"]')
    held = [world.link(name)["linkinfo"]["info_kind"] for name in ("vz", "vy")]
    world.ip("link del vy")
    reason = await told.losses.get()
    world.down_now(statement)

    assert held == ["netkit", "netkit"]
    assert reason == "cannot hold netkit vz: the link is gone"
    assert world.links() == before
