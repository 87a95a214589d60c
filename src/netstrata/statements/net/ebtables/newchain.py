"""net.ebtables.newchain: a bridge packet filter chain of one's own."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.filters import Chain
from netstrata.ports import Ports


@configures("net.ebtables.newchain", layer=4)
async def newchain(ports: Ports, chain: Chain) -> Up[None]:
    """Make a chain, which must not be there yet; delete it on the way back.

    Example:
        net.ebtables.newchain("filter", "GUESTS");
        net.ebtables.append("filter", "GUESTS", "-j", "DROP");

    Source: ebtables(8), -N; NCD, net.ebtables.newchain.
    """
    async with ports.filters.held_chain("ebtables", chain.table, chain.chain):
        yield
