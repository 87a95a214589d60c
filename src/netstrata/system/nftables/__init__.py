"""nftables: made by transactions of nft(8), watched and deleted over netlink."""

from netstrata.system.nftables.port import RealNftables

__all__ = ["RealNftables"]
