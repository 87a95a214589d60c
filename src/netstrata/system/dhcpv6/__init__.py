"""DHCPv6 on real links: who opens what a client needs, and the driver that is handed it."""

from netstrata.system.dhcpv6.clients import Dhcpv6Clients

__all__ = ["Dhcpv6Clients"]
