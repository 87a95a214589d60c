"""net.nft.set: a set of nftables."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.nft import Family, NftName, SetOptions, set_text
from netstrata.ports import NftThing, Ports


@configures("net.nft.set", layer=4)
async def set_(ports: Ports, family: Family, table: NftName, name: NftName, options: SetOptions) -> Up[None]:
    """Make a set, which must not be there yet; delete it on the way back.

    Example:
        net.nft.table("inet", "guard");
        net.nft.set("inet", "guard", "admins", ["type": "ipv4_addr", "flags": "interval"]);

    Source: nft(8), SETS.
    """
    async with ports.nftables.held(NftThing("set", family, table, name, set_text(options))):
        yield
