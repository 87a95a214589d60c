"""vpn.wireguard: a WireGuard link; its peers are statements of their own."""

from contextlib import aclosing
from typing import NamedTuple

from netstrata.contract import Revised, Watch, watches
from netstrata.contract.shapes.common import LinkName
from netstrata.contract.shapes.wireguard import PublicKey, UdpPort, WireguardOptions
from netstrata.ports import Ports, WireguardDevice
from netstrata.protocols.wireguard.x25519 import public_key


class Keyed(NamedTuple):
    """What its peers have to know."""

    public_key: PublicKey
    listen_port: UdpPort


@watches("vpn.wireguard", layer=4)
async def wireguard(ports: Ports, link: LinkName, options: WireguardOptions) -> Watch[Keyed]:
    """Hold a WireGuard link with its private key; peers are added by `vpn.wireguard.peer`.

    The link is the kernel's.  Where the kernel has no WireGuard it is one of wireguard-go, which is started for it:
    then its kind is `tun`, and it goes when that program ends.  A link of that name that is there is used as it is, if
    it has no private key, or this one.  It is not set up: `net.up` does that.

    `private_key` is what `wg genkey` prints.  It may come from a file by `file_read`, and is shown to nobody, nor is
    what it was read into.  Without `listen_port` the kernel chooses a port when the link comes up; what has read the
    variable is done again then.  Packets that carry the tunnel have the mark `fwmark`, for `net.rule`.

    Example:
        file_read("/etc/netstrata/wg0.key") key;
        vpn.wireguard("wg0", ["private_key": key, "listen_port": "51820"]) tunnel;
        net.up("wg0");
        net.addr("wg0", "10.66.0.1/24");
        println("this end is ", tunnel.public_key);

    Source: wg(8); linux/wireguard.h; https://www.wireguard.com/xplatform/.
    """
    device = WireguardDevice(link, options["private_key"], options.get("listen_port"), options.get("fwmark"))
    known = public_key(device.private_key)
    async with (
        ports.wireguard.held_link(link),
        ports.wireguard.held_device(device),
        aclosing(ports.wireguard.watch_port(link)) as listening,
    ):
        async for port in listening:
            yield Revised(Keyed(known, port))
