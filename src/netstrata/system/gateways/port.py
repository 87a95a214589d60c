"""The `Gateways` port, called on behalf of one statement."""

from collections.abc import AsyncGenerator

from netstrata.contract import Holder
from netstrata.ports.gateways import Gateway, Probe
from netstrata.system.gateways.ranking import RankedGateways


class GatewaysPort:
    """The `Gateways` port."""

    __slots__ = ("_gateways", "_who")

    def __init__(self, gateways: RankedGateways, who: Holder | None = None) -> None:
        self._gateways = gateways
        self._who = who

    def on_behalf_of(self, who: Holder) -> "GatewaysPort":
        """Return the port for a statement."""
        return GatewaysPort(self._gateways, who)

    def watch_gateway(self, gateway: Gateway) -> AsyncGenerator[bool | None, None]:
        """Hold a default route over a gateway while this is iterated; say whether it is the preferred one."""
        assert self._who is not None
        return self._gateways.watch(gateway, self._who)

    def watch_probe(self, probe: Probe) -> AsyncGenerator[bool, None]:
        """Ask whether anything gets through over a link while this is iterated; say so, and at each change."""
        assert self._who is not None
        return self._gateways.watch_probe(probe, self._who)
