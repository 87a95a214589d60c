"""net.sysctl: a setting of the kernel."""

import re

from netstrata.contract import Up, configures
from netstrata.contract.roles import Roles
from netstrata.contract.shapes.link import ipv6_of
from netstrata.contract.shapes.sysctl import SysctlKey, SysctlValue
from netstrata.ports import Ports
from netstrata.values import Value


def _takes(values: list[Value]) -> Value | None:
    """Return what switching IPv6 off takes away."""
    key, value = values
    words = re.fullmatch(rb"net[./]ipv6[./]conf[./](.+)[./]disable_ipv6", key) if isinstance(key, bytes) else None
    return ipv6_of(words[1].replace(b"/", b".")) if words is not None and value == b"1" else None


@configures("net.sysctl", layer=3, roles=Roles(takes=_takes))
async def sysctl(ports: Ports, key: SysctlKey, value: SysctlValue) -> Up[None]:
    """Hold a setting below /proc/sys at a value; put back what it was, unless somebody has changed it since.

    Of several statements for one setting the last one counts, and they may go in any order.  When somebody else writes
    it, it is set again; what a container writes in a /proc of its own may be noticed later, or only on the way back.

    What the kernel changes along with it is put back with it, too: `ip_forward`, and what is set for `all` links or by
    `default`, change each link's own.  Two things are not: IPv6 `forwarding`, of any link, deletes the routes of router
    advertisements on all links whose `accept_ra` is not 2, and `disable_ipv6` deletes addresses and routes.

    Example:
        net.sysctl("net.ipv4.ip_forward", "1");
        net.sysctl("net.ipv6.conf.eth0/7.accept_ra", "2");

    Source: sysctl(8), proc(5).
    """
    async with ports.sysctl.held_value(key, value):
        yield
