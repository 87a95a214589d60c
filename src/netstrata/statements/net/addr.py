"""net.addr: an address of either family, with what iproute2 says of one."""

from typing import Any

from netstrata.contract import Up, configures
from netstrata.contract.options import NO_OPTIONS, Options
from netstrata.contract.roles import Roles
from netstrata.contract.shapes.address import DETECTION, check_detection
from netstrata.contract.shapes.common import Link, Network
from netstrata.contract.shapes.link import ipv6_of
from netstrata.contract.shapes.route import NetworkAddress
from netstrata.ports import Ports
from netstrata.protocols.rtnetlink.address_options import OPTIONS, AddressOptions, last_of, with_lifetimes
from netstrata.protocols.rtnetlink.constants import FOREVER
from netstrata.values import ITS_NAME, Refused, Value


def _keeps(values: list[Value]) -> Value | None:
    network = values[1]
    return ipv6_of(values[0]) if isinstance(network, bytes) and b":" in network else None


@configures("net.addr", layer=3, roles=Roles(keeps=_keeps))
async def addr(ports: Ports, link: Link, network: NetworkAddress, options: AddressOptions = NO_OPTIONS) -> Up[None]:
    """Hold an address on a link; the same address that was there before stays on the way back.

    `metric` is that of the route to its network, which says over which of two links in one network packets go; with
    `noprefixroute` there is no such route.  When `valid_lft` ends, the kernel deletes the address, and it is added
    anew; with a `preferred_lft` of 0 no connection begins from it if it is of IPv6.  `broadcast`, `label` and `scope`
    are IPv4's; the kernel changes a label with the name of the link.  `nodad`, `optimistic` and `wait` are IPv6's, as
    `net.ipv6.addr` says.

    Example:
        net.addr("eth0", "192.0.2.1/24", ["metric": "20", "broadcast": "+"]);
        net.addr("eth0", "2001:db8::1/64", ["preferred_lft": "0"]);
        net.addr("ppp0", "198.51.100.1/32", ["peer": "198.51.100.2"]);

    Source: ip-address(8).
    """
    checked = _checked(network, options)
    async with ports.addresses.held_address(link, network.address, network.prefix, checked):
        yield


def _checked(network: Network, options: Options) -> dict[str, Any]:
    """Return options that go together, with an address in the place of a `+`.

    Raises: Refused.
    """
    is_ipv4 = len(network.address) == 4
    for word in options:
        only = 6 if word in DETECTION else 4 if OPTIONS[word].only_ipv4 else 0
        if only and (only == 4) != is_ipv4:
            raise Refused(f"an IPv{10 - only} address has no `{word}`", argument=2, within=(word.encode(), ITS_NAME))
    check_detection(options, argument=2)
    peer = options.get("peer", network.address)
    if len(peer) != len(network.address):
        raise Refused("`peer` has to be of the address's family", argument=2, within=(b"peer",))
    checked = with_lifetimes(options)
    if checked.get("preferred_lft", 0) > checked.get("valid_lft", FOREVER):
        raise Refused("`preferred_lft` has to be no longer than `valid_lft`", argument=2)
    if is_ipv4 and checked.get("preferred_lft") not in (None, 0, FOREVER) and "valid_lft" not in options:
        raise Refused("an IPv4 address without `valid_lft` has a `preferred_lft` of 0 or none", argument=2)
    if checked.get("broadcast") == b"+":
        checked["broadcast"] = last_of(network.address, network.prefix)
    return checked
