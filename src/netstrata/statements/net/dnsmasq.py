"""net.dnsmasq: addresses, names and routes for the machines on a link."""

from netstrata.contract import Up, configures
from netstrata.contract.shapes.common import Link
from netstrata.contract.shapes.dnsmasq import DnsmasqOptions
from netstrata.ports import Ports


@configures("net.dnsmasq", layer=4)
async def dnsmasq(ports: Ports, link: Link, options: DnsmasqOptions) -> Up[None]:
    """Serve the machines on a link by dnsmasq: leases from `range` or `range6`, router advertisements, names.

    The link needs an address in each range.  Names are answered if `servers` says whom to ask; without `dns` clients
    are then told to ask here.  Without `router` they are told that it is here.  It is up when dnsmasq serves, and
    stays up while that is started again after an end.  What it granted is remembered for the next time.

    `options` are DHCP options by number, or by the names of `dnsmasq --help dhcp`.  Machines boot `file` of `boot`, or
    `efi` if they have UEFI on x86, from its `server`, or from here if that is not said; `tftp` serves a folder.

    Example:
        net.ipv4.addr("eth1", "192.0.2.1/24");
        net.dnsmasq("eth1", [
            "range": {"192.0.2.10", "192.0.2.99"}, "lease_time": "7200", "domain": "example.org",
            "hosts": {{"02:00:00:00:0A:01", "192.0.2.9", "printer"}}, "servers": {"198.51.100.53"},
            "search": {"example.org", "example.com"}, "ntp": {"192.0.2.123"}, "tftp": "/srv/tftp",
            "boot": ["file": "pxelinux.0", "efi": "grubx64.efi"], "options": ["252": "http://192.0.2.1/wpad.dat"]
        ]);

    Source: dnsmasq(8).
    """
    async with ports.servers.held_dnsmasq(link, options):
        yield
