"""The driver of the DHCPv6 machine: it reads whatever a network says, on a socket that it was handed open.

It opens no socket and no file, and needs no capability, so that it can stand in a process of its own.
"""

from netstrata.system.dhcpv6.driver.conversation import Dhcpv6Callbacks, Dhcpv6Conversation, Dhcpv6Handed, Ours

__all__ = ["Dhcpv6Callbacks", "Dhcpv6Conversation", "Dhcpv6Handed", "Ours"]
