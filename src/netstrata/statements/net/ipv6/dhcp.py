"""net.ipv6.dhcp: IPv6 addresses and prefixes leased from a DHCPv6 server."""

from contextlib import aclosing

from netstrata.contract import DOWN, Revised, Watch, watches
from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import Link, Network
from netstrata.contract.shapes.dhcpv6 import Dhcpv6ClientOptions, Dhcpv6Options
from netstrata.contract.shapes.route import is_link_local
from netstrata.contract.shapes.uplink import NO_NETWORK, UplinkTerms, terms_of
from netstrata.ports import Dhcpv6Lease, Ports
from netstrata.values import format_ipv6


@watches("net.ipv6.dhcp", layer=3, roles=Roles(comes=True))
async def dhcp(ports: Ports, link: Link, options: Dhcpv6ClientOptions = Dhcpv6Options()) -> Watch[UplinkTerms]:  # noqa: B008 - it never changes
    """Lease an IPv6 address, a prefix for networks behind this host, or both; assign nothing: up while a lease is held.

    A renewal that changes its terms leaves it up, and redoes the first statement that has read what changed, with all
    after it.  Another order of servers is no change.

    Its variables are those of `net.ipv4.dhcp` and `net.static`.  The address is a single one (/128): which network is
    on the link, and where its router is, routers advertise, for which `net.gateway("eth0", "advertised")` waits; so
    `gateway` is none, and there are no `routes`.  `addresses` and `prefixes` are what is best used: what is
    preferred, or what is still valid if nothing is; `addr` and `cidr_addr` are the first address, or empty.
    An address on a link that is not preferred any more is deprecated there, whichever statement holds it, and nothing
    is undone.  If another host has the address, it is declined, and another one asked for.

    Options: `address` off asks for none; `prefix` on, or a length that is wished for, asks for a prefix, which
    `net.ipv6.prefix` hands on; `stateless` on asks only for what is said of the network.  `rapid_commit` takes what
    comes first, a second earlier: for networks with one server.  `send` are options by number, `request` the numbers
    of those that are asked for; `hostname`, `user_class` and `vendor_class` are said to the server.  The client's name
    is made of the link's Ethernet address, or of the machine's id where a link has none, and the `iaid` of the link's
    name, if `duid` and `iaid` do not say something else.

    Example:
        net.ipv6.dhcp("eth0", ["prefix": "/56"]) lease;
        net.ipv6.addr("eth0", lease.cidr_addr);
        net.ipv6.prefix(lease.prefixes, "lan0", ["subnet": "1"]) lan;
        net.dns(lease.dns_servers, "20");

    Source: RFC 8415.
    """
    async with aclosing(ports.dhcpv6.leases(link, options)) as leases:
        async for lease in leases:
            yield DOWN if lease is None else Revised(_terms(link, lease))


def _terms(link: str, lease: Dhcpv6Lease) -> UplinkTerms:
    addresses = [Network(*one) for one in lease.addresses]
    return terms_of(
        addresses[0] if addresses else NO_NETWORK,
        dns_servers=[_with_zone(server, link) for server in lease.dns_servers],
        domain=lease.search[0] if lease.search else b"",
        search=lease.search,
        ntp_servers=lease.ntp_servers,
        hostname=lease.hostname,
        captive_portal=lease.captive_portal,
        options=lease.options,
        addresses=addresses,
        prefixes=[Network(*one) for one in lease.prefixes],
        server_duid=lease.server_duid,
    )


def _with_zone(server: bytes, link: str) -> bytes:
    zone = b"%" + link.encode("utf-8", "surrogateescape") if is_link_local(server) else b""
    return format_ipv6(server) + zone
