"""Links, addresses and routes in the kernel, over rtnetlink."""

from netstrata.system.netlink.netlink import Netlink

__all__ = ["Netlink"]
