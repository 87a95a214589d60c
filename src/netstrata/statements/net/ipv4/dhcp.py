"""net.ipv4.dhcp: an IPv4 address leased from a DHCP server."""

from contextlib import aclosing

from netstrata.contract import DOWN, Revised, Watch, watches
from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import Link, Network
from netstrata.contract.shapes.dhcp_client import ClientOptions
from netstrata.contract.shapes.uplink import UplinkTerms, terms_of
from netstrata.ports import DhcpOptions, Lease, Ports
from netstrata.values import format_address

NOTHING = DhcpOptions()


@watches("net.ipv4.dhcp", layer=3, roles=Roles(comes=True))
async def dhcp(ports: Ports, link: Link, options: ClientOptions = NOTHING) -> Watch[UplinkTerms]:
    """Lease an IPv4 address, and assign nothing: up while a lease is held.

    A renewal that changes its terms leaves it up, and redoes the first statement that has read what changed, with all
    after it: what reads the address is best written before what reads gateway, routes and name servers.
    The same name servers and routes in another order are no change.

    `routes` are all that the lease means, for `net.ipv4.routes`: its classless static routes (option 121), else a
    default route over the router, if there is one; those on the link first, with one to each gateway that is outside
    of the leased network.

    `lease.options` are all that the server says of the network, as bytes by their number; those with a variable of
    their own are checked.

    What it says: `hostname` (option 12) is the name of the host, or `fqdn` (81) with its domain, which the server is
    asked to write into the DNS.  `client_id` (61) is `mac`, `duid` or bytes as they stand; without it the server knows
    the host by its MAC.  `duid` is a number of the link's name, and a DUID of its MAC, as RFC 4361 has it.
    `vendor_class` (60) and `user_class` (77) say of what kind the host is; each user class has its length before it,
    and servers that do not expect that want it by `send`, which sends any option by its number, and wins.  `lease_time`
    (51) is a wish.  `request` are the numbers of the options to ask for, instead of the usual ones.

    With `broadcast` the server is asked to answer to everybody, which some relays and access points need; to renew, one
    server is asked, by unicast.  `priority` is that of the packets, which a VLAN can write into its tag.

    `ipv6_only` says that this host can do without IPv4 here: if the network prefers that (108), no address is taken for
    as long as the network says, at least 300 s; an address that is held stays.

    At the end the lease is given back.  With `release` off it is kept, as when the link has no carrier then or the
    machine loses its power, and the same address is asked for the next time (INIT-REBOOT), with one question and one
    answer; as long as no server answers there is no address.

    Whether another host has the address is asked by ARP `before` it is used, which takes a quarter of a second;
    `conflict_check` `beside` asks while it is used, and takes it away then; `never` does not ask.  This machine's own
    links do not count, nor does who answers for every address.

    Example:
        net.ipv4.dhcp("eth0", ["hostname": "example", "user_class": "guest"]) lease;
        net.ipv4.addr("eth0", lease.cidr_addr);
        net.ipv4.routes("eth0", lease.routes, "20");

    Source: RFC 2131; RFC 5227 section 2.1 (the address is probed before it is used); RFC 3004 (user class), RFC 4361
    (client id), RFC 4702 (FQDN), RFC 8925 (IPv6 alone).
    """
    async with aclosing(ports.dhcp.leases(link, options)) as leases:
        async for lease in leases:
            if lease is None:
                yield DOWN
                continue
            yield Revised(_terms(lease))


def _terms(lease: Lease) -> UplinkTerms:
    return terms_of(
        Network(lease.address, lease.prefix),
        lease.gateway or b"",
        lease.routes,
        map(format_address, lease.dns_servers),
        lease.domain,
        lease.search,
        map(format_address, lease.ntp_servers),
        lease.mtu,
        lease.hostname,
        lease.captive_portal,
        lease.server_mac,
        lease.options,
    )
