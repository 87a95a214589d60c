"""net.ipv6.addr_in_network: whether an address is inside a network."""

from netstrata.contract import computes
from netstrata.contract.shapes.common import Ipv6, Ipv6Network, Truth
from netstrata.values import mask_bits


@computes("net.ipv6.addr_in_network")
def addr_in_network(address: Ipv6, network: Ipv6Network) -> Truth:
    """Say whether an address is inside a network.

    Example:
        net.ipv6.addr_in_network("2001:db8::7", "2001:db8::/64") inside;
        println(inside);  # true

    Source: NCD, net.ipv6.addr_in_network.
    """
    return mask_bits(address, network.prefix) == mask_bits(network.address, network.prefix)
