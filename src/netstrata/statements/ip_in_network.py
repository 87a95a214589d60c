"""ip_in_network: whether an address is inside a network."""

from netstrata.contract import computes
from netstrata.contract.shapes.common import Ipv4, Ipv4Network, Truth
from netstrata.values import mask_bits


@computes("ip_in_network")
def ip_in_network(address: Ipv4, network: Ipv4Network) -> Truth:
    """Say whether an address is inside a network.

    Example:
        ip_in_network("192.0.2.7", "192.0.2.0/24") inside;
        println(inside);  # true

    Source: NCD, ip_in_network.
    """
    return mask_bits(address, network.prefix) == mask_bits(network.address, network.prefix)
