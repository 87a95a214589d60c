"""net.link.set: what a link is like."""

from netstrata.contract import Up, configures
from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import Link
from netstrata.contract.shapes.link import ipv6_of, is_below_ipv6
from netstrata.ports import Ports
from netstrata.protocols.rtnetlink.settings import LinkSettings
from netstrata.values import Map, Value


def _takes(values: list[Value]) -> Value | None:
    settings = values[1]
    mtu = settings.entries.get(b"mtu") if isinstance(settings, Map) else None
    return ipv6_of(values[0]) if mtu is not None and is_below_ipv6(mtu) else None


@configures("net.link.set", layer=1, roles=Roles(takes=_takes))
async def set_(ports: Ports, link: Link, settings: LinkSettings) -> Up[None]:
    """Hold settings of a link, named as `ip link set` names them; put back what each was, unless it was changed since.

    All are set, or none.  Of several statements about one setting the last one counts; `net.mtu` and `net.mac` are the
    same as `mtu` and `address` here, and the name of a link is held by `net.rename`.  As with `ip`, a `gso_max_size` of
    up to 65536 is the `gso_ipv4_max_size`, too, if that is not given, and likewise with `gro`.

    What somebody else changes is set again.  The kernel tells of most changes; of some, such as those of a size, or of
    an alias while the link is down, it does not, and they are noticed after a few seconds.

    Example:
        net.link.set("eth0", ["alias": "uplink", "txqueuelen": "500"]);
        net.up("eth0");

    Source: ip-link(8), ip link set.
    """
    async with ports.links.held_settings(link, settings):
        yield
