"""All routes of an uplink, in an order in which a kernel takes them."""

from collections.abc import Iterable

from netstrata.contract.shapes.dhcp import ON_LINK, GrantedRoute
from netstrata.contract.shapes.route import is_link_local
from netstrata.values import mask_bits


def in_order(address: bytes, prefix: int, granted: Iterable[GrantedRoute]) -> tuple[GrantedRoute, ...]:
    """Return routes with those on the link itself first, and one for each gateway that no network of it has.

    The kernel refuses a gateway that it knows no way to.  Of routes to the same network the first counts.
    """
    direct: dict[tuple[bytes, int], bytes] = {}
    over: dict[tuple[bytes, int], bytes] = {}
    for destination, length, gateway in granted:
        if (destination, length) not in direct and (destination, length) not in over:
            (direct if gateway == ON_LINK else over)[(destination, length)] = gateway
    near = [(address, prefix), *direct]
    for gateway in over.values():
        if not is_link_local(gateway) and not any(mask_bits(gateway, n) == mask_bits(at, n) for at, n in near):
            direct[(gateway, 8 * len(gateway))] = ON_LINK
    return tuple((network, length, gateway) for (network, length), gateway in (*direct.items(), *over.items()))
