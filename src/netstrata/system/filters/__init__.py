"""Packet filters by the programs iptables, ip6tables and ebtables."""

from netstrata.system.filters.port import PacketFilters

__all__ = ["PacketFilters"]
