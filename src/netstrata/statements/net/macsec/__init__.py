"""net.macsec: a link on another one, whose frames are encrypted and authenticated."""

from netstrata.contract import Up, configures
from netstrata.contract.options import NO_OPTIONS
from netstrata.contract.shapes.common import Link, LinkName
from netstrata.contract.shapes.tunnels import MacsecOptions
from netstrata.ports import NewLink, Ports


@configures("net.macsec", layer=1)
async def macsec(ports: Ports, link: Link, name: LinkName, options: MacsecOptions = NO_OPTIONS) -> Up[None]:
    """Hold a MACsec link on another link.

    It lets nothing through before it has keys: from `net.macsec.tx_key` and `net.macsec.rx_key`, or from a program that
    agrees on them with the other end (MKA), as wpa_supplicant does.

    Example:
        net.macsec("eth0", "macsec0", ["encrypt": "on"]);
        net.up("macsec0");

    Source: ip-macsec(8).
    """
    async with ports.links.held_link(NewLink(name, "macsec", options, link)):
        yield
