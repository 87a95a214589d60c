"""Uplinks: which of several gateways the default route goes to."""

from collections.abc import AsyncGenerator
from typing import NamedTuple, Protocol

from netstrata.contract import Holder
from netstrata.contract.shapes.probe import PortalAnswer
from netstrata.ports.probes import Portal, Probe


class Gateway(NamedTuple):
    """A way out.  Addresses are packed."""

    link: str
    family: int  # 4 or 6
    address: bytes | None  # None: whatever is at the other end of the link, or the router that advertises itself
    preference: int  # the lower wins
    kind: str  # ethernet, wifi, cellular, vpn or point-to-point
    onlink: bool = False  # it is on the link, whatever the addresses say
    advertised: bool = False  # it is the router that the kernel has heard of
    server: bytes = b""  # of a tunnel: reached over the best uplink that is none


class Answered(NamedTuple):
    """What was found last of a link by asking hosts behind it."""

    gets_through: bool
    since: float  # seconds of wall time


class UplinkFacts(NamedTuple):
    """How an uplink stands among the others."""

    gateway: Gateway
    ifindex: int
    holder: Holder  # whose it is
    is_preferred: bool
    is_usable: bool  # the kernel has a route over it
    answered: Answered | None  # None if nobody asks
    problem: str  # why it is not preferred although it is the best, "" for no reason
    signal_dbm: float | None = None  # of a Wi-Fi uplink, None if that is not known or compared with none


class Gateways(Protocol):
    """All gateways of this program; the best one has the default route, the others can be used by who binds to them."""

    def watch_gateway(self, gateway: Gateway) -> AsyncGenerator[bool | None, None]:
        """Hold a default route over a gateway while this is iterated; say whether it is the preferred one.

        While there is no router that advertises itself, that is None.

        Another one becomes it without a moment in which there is no default route.
        Raises: Unavailable if the kernel does not take its route.
        """

    def watch_probe(self, probe: Probe) -> AsyncGenerator[bool, None]:
        """Ask whether anything gets through over a link while this is iterated; say so, and at each change.

        As long as nothing does, the gateways of the link are worse than all others.
        Raises: Unavailable.
        """

    def watch_portal(self, portal: Portal) -> AsyncGenerator[PortalAnswer, None]:
        """Ask whether a captive portal is in the way while this is iterated; say what is known, and at each change.

        While one is, the gateways of the link are worse than all others.
        Raises: Unavailable.
        """
