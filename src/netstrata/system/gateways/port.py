"""The `Gateways` port, called on behalf of one statement."""

from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING

from netstrata.contract import Holder
from netstrata.contract.shapes.probe import PortalAnswer
from netstrata.ports.gateways import Gateway
from netstrata.ports.probes import Portal, Probe
from netstrata.system.gateways.asked_links import AskedLinks
from netstrata.system.gateways.ranking import RankedGateways

if TYPE_CHECKING:
    from netstrata.system.netlink import Netlink


class GatewaysPort:
    """The `Gateways` port."""

    __slots__ = ("_asked", "_gateways", "_who")

    def __init__(self, gateways: RankedGateways, asked: AskedLinks, who: Holder | None = None) -> None:
        self._gateways = gateways
        self._asked = asked
        self._who = who

    @classmethod
    def over(cls, netlink: "Netlink", gateways: RankedGateways) -> "GatewaysPort":
        """Return the port over a kernel, and the gateways that are held of it."""
        return cls(gateways, AskedLinks(netlink, gateways))

    def on_behalf_of(self, who: Holder) -> "GatewaysPort":
        """Return the port for a statement."""
        return GatewaysPort(self._gateways, self._asked, who)

    def watch_gateway(self, gateway: Gateway) -> AsyncGenerator[bool | None, None]:
        """Hold a default route over a gateway while this is iterated; say whether it is the preferred one."""
        assert self._who is not None
        return self._gateways.watch(gateway, self._who)

    def watch_probe(self, probe: Probe) -> AsyncGenerator[bool, None]:
        """Ask whether anything gets through over a link while this is iterated; say so, and at each change."""
        assert self._who is not None
        return self._asked.watch_probe(probe, self._who)

    def watch_portal(self, portal: Portal) -> AsyncGenerator[PortalAnswer, None]:
        """Ask whether a captive portal is in the way while this is iterated; say what is known, and at each change."""
        assert self._who is not None
        return self._asked.watch_portal(portal, self._who)
