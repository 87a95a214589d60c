"""net.iptables.newchain: an IPv4 packet filter chain of one's own."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.filters import Chain
from netstrata.ports import Ports


@configures("net.iptables.newchain", layer=4)
async def newchain(ports: Ports, chain: Chain) -> Up[None]:
    """Make a chain, which must not be there yet; delete it on the way back.

    Example:
        net.iptables.newchain("filter", "GUESTS");
        net.iptables.append("filter", "GUESTS", "-j", "DROP");

    Source: iptables(8), -N; NCD, net.iptables.newchain.
    """
    async with ports.filters.held_chain("iptables", chain.table, chain.chain):
        yield
