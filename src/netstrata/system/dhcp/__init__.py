"""DHCPv4 on real links: packet sockets, the ARP probe, leases kept on disk, and the driver of the machine."""

from netstrata.system.dhcp.client import DhcpClients

__all__ = ["DhcpClients"]
