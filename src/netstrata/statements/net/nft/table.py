"""net.nft.table: a table of nftables."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.nft import Family, NftName
from netstrata.ports import NftThing, Ports


@configures("net.nft.table", layer=4)
async def table(ports: Ports, family: Family, name: NftName) -> Up[None]:
    """Make a table, which must not be there yet; delete it, with all that is in it, on the way back.

    Example:
        net.nft.table("inet", "guard");

    Source: nft(8), TABLES.
    """
    async with ports.nftables.held(NftThing("table", family, name)):
        yield
