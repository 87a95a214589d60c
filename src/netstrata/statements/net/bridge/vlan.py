"""net.bridge.vlan: which VLANs a bridge's port is in."""

from netstrata.contract import Up, configures
from netstrata.contract.options import NO_OPTIONS
from netstrata.contract.shapes.bridge import BridgeVlanOptions, VlanRanges
from netstrata.contract.shapes.common import Link
from netstrata.ports import Ports
from netstrata.values import Refused


@configures("net.bridge.vlan", layer=1)
async def vlan(ports: Ports, link: Link, vlans: VlanRanges, options: BridgeVlanOptions = NO_OPTIONS) -> Up[None]:
    """Hold a bridge's port, or the bridge itself, in VLANs; put back what it was in, unless it was changed since.

    `untagged` is that frames leave without a tag; `pvid` that frames without a tag are in this VLAN, of which there is
    one for each port.  The bridge itself is in a VLAN if the machine is to be.  A bridge looks at VLANs only with its
    option `vlan_filtering`, and puts each port into VLAN `vlan_default_pvid`, which is 1 unless it is given.

    Example:
        net.bridge("br0", ["vlan_filtering": "on", "vlan_default_pvid": "0"]);
        net.bridge.port("br0", "eth0");
        net.bridge.port("br0", "eth1");
        net.bridge.vlan("eth0", "10, 20-30");
        net.bridge.vlan("eth1", "10", ["pvid": "on", "untagged": "on"]);
        net.bridge.vlan("br0", "10");

    Source: bridge(8), bridge vlan.
    """
    numbers = [vid for first, last in vlans for vid in range(first, last + 1)]
    if options.get("pvid") and len(numbers) > 1:
        raise Refused("only one VLAN of a port can be its `pvid`", argument=1)
    state = "untagged" if options.get("untagged") else "tagged"
    held = {str(vid): state for vid in numbers} | ({"pvid": numbers[0]} if options.get("pvid") else {})
    async with ports.links.held_vlans(link, held):
        yield
