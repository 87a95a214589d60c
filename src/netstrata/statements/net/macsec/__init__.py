"""net.macsec: Ethernet, encrypted."""

from netstrata.contract import Up, configures
from netstrata.contract.options import NO_OPTIONS
from netstrata.contract.shapes.common import Link, LinkName
from netstrata.contract.shapes.tunnels import MacsecOptions
from netstrata.ports import NewLink, Ports


@configures("net.macsec", layer=1)
async def macsec(ports: Ports, link: Link, name: LinkName, options: MacsecOptions = NO_OPTIONS) -> Up[None]:
    """Hold a MACsec link on another link; its keys come from a program that agrees on them (MKA), or from `ip macsec`.

    Example:
        net.macsec("eth0", "macsec0", ["encrypt": "on"]);
        net.up("macsec0");

    Source: ip-macsec(8).
    """
    async with ports.links.held_link(NewLink(name, "macsec", options, link)):
        yield
