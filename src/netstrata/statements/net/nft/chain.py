"""net.nft.chain: a chain of nftables."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.nft import NO_OPTIONS, ChainOptions, Family, NftName, chain_text
from netstrata.ports import NftThing, Ports


@configures("net.nft.chain", layer=4)
async def chain(
    ports: Ports, family: Family, table: NftName, name: NftName, options: ChainOptions = NO_OPTIONS
) -> Up[None]:
    """Make a chain, which must not be there yet; delete it on the way back.

    With a type, a hook and a priority packets come to it by themselves; else rules jump to it.  A policy and, with the
    hook ingress or egress, a device go with these.

    Example:
        net.nft.table("inet", "guard");
        net.nft.chain("inet", "guard", "input", ["type": "filter", "hook": "input", "priority": "0", "policy": "drop"]);
        net.nft.chain("inet", "guard", "guests");

    Source: nft(8), CHAINS.
    """
    async with ports.nftables.held(NftThing("chain", family, table, name, chain_text(options))):
        yield
