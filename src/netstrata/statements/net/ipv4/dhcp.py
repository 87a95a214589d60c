"""net.ipv4.dhcp: an IPv4 address leased from a DHCP server."""

from contextlib import aclosing
from typing import NamedTuple

from netstrata.contract import DOWN, Revised, Watch, watches
from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import Ipv4, Ipv4List, Ipv4Network, Link, Network, Prefix4, Strings, Text
from netstrata.contract.shapes.dhcp import DhcpOptions, Gateway, GrantedMtu, GrantedOptions, GrantedRoutes, Mac, Options
from netstrata.ports import Lease, Ports


class Found(NamedTuple):
    """A lease."""

    addr: Ipv4
    prefix: Prefix4
    cidr_addr: Ipv4Network
    gateway: Gateway
    dns_servers: Ipv4List
    server_mac: Mac
    domain: Text
    routes: GrantedRoutes
    mtu: GrantedMtu
    ntp_servers: Ipv4List
    search: Strings
    hostname: Text
    captive_portal: Text
    options: GrantedOptions


@watches("net.ipv4.dhcp", layer=3, roles=Roles(comes=True))
async def dhcp(ports: Ports, link: Link, options: Options = DhcpOptions()) -> Watch[Found]:  # noqa: B008 - it never changes
    """Lease an IPv4 address, and assign nothing: up while a lease is held.

    A renewal that changes its terms leaves it up, and redoes the first statement that has read what changed, with all
    after it: what reads the address is best written before what reads gateway, routes and name servers.
    The same name servers and routes in another order are no change.

    `routes` are all that the lease means, for `net.ipv4.routes`: its classless static routes (option 121), else a
    default route over the router, if there is one; those on the link first, with one to each gateway that is outside
    of the leased network.

    `options` are all that the server says of the network, as bytes by their number; those with a variable of their own
    are checked.  {"send", NUMBER, BYTES} sends any option, such as "77" (user class) or "90" (authentication),
    {"request", {NUMBER, …}} asks for these options only, "client_id" is sent as it stands (option 61), "priority" is
    that of the packets, which a VLAN can write into its tag.

    Whether another host has the address is asked by ARP "before" it is used, which takes a quarter of a second;
    {"conflict_check", "beside"} asks while it is used, and takes it away then; "never" does not ask.  This machine's
    own links do not count, nor does who answers for every address.

    Example:
        net.ipv4.dhcp("eth0", {"hostname", "example", "send", "77", "guest"}) lease;
        net.ipv4.addr("eth0", lease.cidr_addr);
        net.ipv4.routes("eth0", lease.routes, "20");

    Source: RFC 2131; RFC 5227 section 2.1 (the address is probed before it is used).
    """
    async with aclosing(ports.dhcp.leases(link, options)) as leases:
        async for lease in leases:
            if lease is None:
                yield DOWN
                continue
            yield Revised(_found(lease))


def _found(lease: Lease) -> Found:
    return Found(
        lease.address,
        lease.prefix,
        Network(lease.address, lease.prefix),
        lease.gateway or b"",
        list(lease.dns_servers),
        lease.server_mac,
        lease.domain,
        list(lease.routes),
        lease.mtu,
        list(lease.ntp_servers),
        list(lease.search),
        lease.hostname,
        lease.captive_portal,
        lease.options,
    )
