"""net.bridge.fdb: which way frames for a hardware address go."""

from netstrata.contract import Up, configures
from netstrata.contract.options import NO_OPTIONS
from netstrata.contract.shapes.bridge import FdbOptions
from netstrata.contract.shapes.common import Link
from netstrata.contract.shapes.dhcp import Mac
from netstrata.ports import Forwarding, Ports
from netstrata.values import Refused


@configures("net.bridge.fdb", layer=1)
async def fdb(ports: Ports, link: Link, mac: Mac, options: FdbOptions = NO_OPTIONS) -> Up[None]:
    """Hold a way for frames: with `dst` from a VXLAN to another host, else out of a bridge's port.

    00:00:00:00:00:00 is all addresses of which a VXLAN knows no way, and may have several.

    Example:
        net.vxlan("vx0", ["id": "42", "dstport": "4789", "local": "192.0.2.1"]);
        net.bridge.fdb("vx0", "00:00:00:00:00:00", ["dst": "192.0.2.2"]);
        net.bridge.fdb("vx0", "00:00:00:00:00:00", ["dst": "192.0.2.3"]);
        net.bridge.port("br0", "eth0");
        net.bridge.fdb("eth0", "02:00:00:00:0A:09", ["vlan": "10"]);

    Source: bridge(8), bridge fdb.
    """
    host = options.get("dst", b"")
    if not host and set(options) & {"port", "vni", "via"}:
        raise Refused("`port`, `vni` and `via` are of a way to another host: write its `dst`, too", argument=2)
    numbers = (options.get("port", 0), options.get("vni", 0), options.get("via", ""), options.get("vlan", 0))
    async with ports.neighbours.held_forwarding(Forwarding(link, mac, host, *numbers)):
        yield
