"""net.nft.element: elements of a set of nftables."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.nft import Elements, Family, NftName
from netstrata.ports import NftThing, Ports


@configures("net.nft.element", layer=4)
async def element(ports: Ports, family: Family, table: NftName, set: NftName, elements: Elements) -> Up[None]:
    """Add elements to a set, none of which may be in it yet; delete them on the way back.

    The set must be there, whoever made it, and have no auto-merge.  An element that has timed out takes the statement
    down; then it is added again.

    Example:
        net.nft.table("inet", "guard");
        net.nft.set("inet", "guard", "admins", ["type": "ipv4_addr", "flags": "interval"]);
        net.nft.element("inet", "guard", "admins", "192.0.2.7, 198.51.100.0/24");

    Source: nft(8), ELEMENTS.
    """
    async with ports.nftables.held(NftThing("element", family, table, set, elements)):
        yield
