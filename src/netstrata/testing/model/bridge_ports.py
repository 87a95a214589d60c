"""Links in bridges.  What a bridge says of its ports as family AF_BRIDGE is not modelled.

Source: net/bridge/br_if.c.
"""

import errno
from collections.abc import Callable

from netstrata.protocols.rtnetlink.wire import attributes
from netstrata.testing.model.kinds import BRIDGE_PORT, check_port
from netstrata.testing.model.link import ModelLink
from netstrata.testing.model.messages import Refusal

_MASK = 0x3FFF
_MTU = 1500  # of a bridge without ports


class BridgePorts:
    """Puts links into bridges, and takes them out."""

    def __init__(self, links: dict[int, ModelLink], tell: Callable[[ModelLink], None]) -> None:
        """Take all links, by index, and what tells of one."""
        self._links = links
        self._tell = tell

    def put(self, link: ModelLink, master: int) -> bool:
        """Make a link a port of a bridge, or of none; return whether anything is different."""
        if link.master == master:
            return False
        bridge = self._links.get(master)
        if master and bridge is None:
            raise Refusal(errno.EINVAL)
        if link.master:
            self.leave(link)
        if bridge is None:
            return True
        if bridge.kind != "bridge":
            raise Refusal(errno.EOPNOTSUPP)
        if link.loopback:
            raise Refusal(errno.EINVAL)
        if link.kind == "bridge":
            raise Refusal(errno.ELOOP, "Can not enslave a bridge to a bridge")
        link.master, link.port = master, dict(BRIDGE_PORT)
        self._take_after(bridge)
        return True

    def mtu_changed(self, port: ModelLink) -> None:
        """Let a bridge follow the MTU of a port."""
        self._tell(port)
        self._take_after(self._links[port.master])

    def leave(self, link: ModelLink) -> None:
        """Take a link out of its bridge."""
        bridge = self._links[link.master]
        link.master, link.port = 0, {}
        self._take_after(bridge)
        self._tell(link)

    def set(self, link: ModelLink, value: bytes) -> bool:
        """Change how a port behaves."""
        if not link.master:
            raise Refusal(errno.EINVAL)
        data = {kind & _MASK: value[first:last] for kind, first, last in attributes(value, 0, len(value))}
        check_port(data)
        link.port.update(data)
        return True

    def _take_after(self, bridge: ModelLink) -> None:
        """Give a bridge the least address and MTU of its ports, if it has none of its own."""
        ports = [one for one in self._links.values() if one.master == bridge.ifindex]
        if not bridge.own_mac and ports:
            mac = min(one.mac for one in ports)
            if mac != bridge.mac:
                bridge.mac = mac
                self._tell(bridge)
        mtu = min((one.mtu for one in ports), default=_MTU)
        if not bridge.own_mtu and mtu != bridge.mtu:
            bridge.mtu = mtu
            self._tell(bridge)
