"""net.tun: a link whose other end is a program."""

from netstrata.contract import Up, configures
from netstrata.contract.options import NO_OPTIONS
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.link import TunMode, TunOptions
from netstrata.ports import NewLink, Ports


@configures("net.tun", layer=4)
async def tun(ports: Ports, name: LinkName, mode: TunMode, options: TunOptions = NO_OPTIONS) -> Up[None]:
    """Hold a tun or tap link, which stands also while no program uses it.

    With `user` and `group`, names or numbers, a program needs no rights to use it.  It is deleted on the way back even
    if a program still does.

    Example:
        net.tun("vpn0", "tun", ["user": "nobody"]);
        net.ipv4.addr("vpn0", "192.0.2.1/24");

    Source: ip-tuntap(8).
    """
    async with ports.links.held_link(NewLink(name, "tun", {**options, "mode": mode})):
        yield
