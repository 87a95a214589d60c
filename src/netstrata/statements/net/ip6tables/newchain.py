"""net.ip6tables.newchain: an IPv6 packet filter chain of one's own."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.filters import Chain
from netstrata.ports import Ports


@configures("net.ip6tables.newchain", layer=4)
async def newchain(ports: Ports, chain: Chain) -> Up[None]:
    """Make a chain, which must not be there yet; delete it on the way back.

    Example:
        net.ip6tables.newchain("filter", "GUESTS");
        net.ip6tables.append("filter", "GUESTS", "-j", "DROP");

    Source: ip6tables(8), -N; NCD, net.ip6tables.newchain.
    """
    async with ports.filters.held_chain("ip6tables", chain.table, chain.chain):
        yield
