"""DHCPv4 on real links: who opens what a client needs, and the driver that is handed it."""

from netstrata.system.dhcp.clients import DhcpClients
from netstrata.system.dhcp.held import HeldLeases

__all__ = ["DhcpClients", "HeldLeases"]
