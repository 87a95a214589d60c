"""The driver of the DHCPv4 machine: it reads whatever a network says, on sockets that it was handed open.

It opens no socket and no file, and needs no capability, so that it can stand in a process of its own.
"""

from netstrata.system.dhcp.driver.conversation import AnotherMac, Callbacks, Conversation, Handed

__all__ = ["AnotherMac", "Callbacks", "Conversation", "Handed"]
