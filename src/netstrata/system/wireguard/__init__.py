"""WireGuard: links, keys and peers, by the kernel or by a program."""

from netstrata.system.wireguard.port import WireguardPort, WireguardStores

__all__ = ["WireguardPort", "WireguardStores"]
