"""net.nft.map: a map of nftables."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.nft import Family, MapOptions, NftName, set_text
from netstrata.ports import NftThing, Ports


@configures("net.nft.map", layer=4)
async def map_(ports: Ports, family: Family, table: NftName, name: NftName, options: MapOptions) -> Up[None]:
    """Make a map, which must not be there yet; delete it on the way back.

    Its elements are those of `net.nft.element`, with a space on both sides of each colon.

    Example:
        net.nft.table("inet", "guard");
        net.nft.map("inet", "guard", "doors", ["type": "ipv4_addr : verdict", "timeout": "1h"]);
        net.nft.element("inet", "guard", "doors", "192.0.2.7 : accept, 192.0.2.8 timeout 5m : drop");

    Source: nft(8), MAPS.
    """
    async with ports.nftables.held(NftThing("set", family, table, name, set_text(options), noun="map")):
        yield
