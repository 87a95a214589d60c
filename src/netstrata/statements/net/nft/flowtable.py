"""net.nft.flowtable: a flowtable of nftables."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.nft import Family, FlowtableOptions, NftName, flowtable_text
from netstrata.ports import NftThing, Ports


@configures("net.nft.flowtable", layer=4)
async def flowtable(ports: Ports, family: Family, table: NftName, name: NftName, options: FlowtableOptions) -> Up[None]:
    """Make a flowtable, which must not be there yet, and whose devices must; delete it on the way back.

    Packets of connections that a rule adds to it go from device to device past all other rules.  Each device is in one
    flowtable; one that is deleted leaves it for good.

    Example:
        net.nft.table("inet", "guard");
        net.nft.flowtable("inet", "guard", "fast", ["devices": {"eth0", "eth1"}, "priority": "filter"]);
        net.nft.chain("inet", "guard", "forward", ["type": "filter", "hook": "forward", "priority": "filter"]);
        net.nft.rule("inet", "guard", "forward", "meta l4proto { tcp, udp } flow add @fast");

    Source: nft(8), FLOWTABLES.
    """
    async with ports.nftables.held(NftThing("flowtable", family, table, name, flowtable_text(options))):
        yield
