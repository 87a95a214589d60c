"""net.ethtool: what a link's driver does."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Link
from netstrata.ports import Ports
from netstrata.protocols.ethtool_netlink import DriverOptions


@configures("net.ethtool", layer=1)
async def ethtool(ports: Ports, link: Link, settings: DriverOptions) -> Up[None]:
    """Hold settings of a link's driver; put back what each was, unless it was changed since.

    All are set, or none.  Features have the kernel's names, as `rx-gro` and `tx-tcp-segmentation`.  `speed` is the
    only one that is offered to the other end, or `auto`; `wol` is what wakes the machine.  What a driver does not know,
    or does not let be changed, is an error.

    What somebody else changes is set again: of a feature at once, of all else after a few seconds, since the kernel
    does not tell of it.

    Example:
        net.ethtool("eth0", ["ring-rx": "4096", "pause-rx": "off", "wol": "g"]);
        net.ethtool("eth1", ["rx-gro": "off", "tx-tcp-segmentation": "off", "speed": "100/full"]);

    Source: ethtool(8); linux/ethtool_netlink.h.
    """
    async with ports.links.held_driver(link, settings):
        yield
