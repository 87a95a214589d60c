"""One gateway among others, and the statement that wants it used."""

from typing import TYPE_CHECKING, Final

from netstrata.contract import Holder
from netstrata.ports.gateways import Gateway
from netstrata.ports.kernel import Route
from netstrata.protocols.rtnetlink.constants import RT_TABLE_MAIN
from netstrata.system.gateways.held_for_uplink import Calm
from netstrata.system.netlink.watchers import Queue

if TYPE_CHECKING:
    from netstrata.system.gateways.by_source import SourceRouting
    from netstrata.system.gateways.held_for_uplink import HeldForUplink
    from netstrata.system.gateways.pinned import PinnedServer

_ANYWHERE: Final = {4: bytes(4), 6: bytes(16)}


class RankedUplink(Queue[bool | None]):
    """What is held of it, and what its statement is told."""

    def __init__(self, gateway: Gateway, ifindex: int, seniority: int, who: Holder) -> None:
        super().__init__()
        self.gateway = gateway
        self.ifindex = ifindex
        self.who = who
        self.seniority = seniority
        self.place = 0
        self.low: HeldForUplink | None = None
        self.high: HeldForUplink | None = None  # of the preferred one
        self.by_source: SourceRouting | None = None
        self.pinned: PinnedServer | None = None  # if it is a tunnel
        self.calm = Calm()
        self._told: bool | None = None
        self._problems: dict[str, str] = {}  # what of it cannot be done, and why, as told last

    @property
    def is_usable(self) -> bool:
        """Whether the kernel has a route over it."""
        return self.low is not None and self.low.is_active

    def route(self, metric: int, table: int = RT_TABLE_MAIN) -> Route:
        """Return a default route over it."""
        gateway = self.gateway
        anywhere = _ANYWHERE[gateway.family]
        return Route(anywhere, 0, gateway.address, gateway.link, metric, table=table, onlink=gateway.onlink)

    def tell(self, is_preferred: bool | None) -> None:
        """Say whether it is the preferred one, if that is new."""
        if is_preferred != self._told:
            self._told = is_preferred
            self.put(is_preferred)

    def tell_problem(self, what: str, problem: str) -> None:
        """Say why something cannot be done, if that is new."""
        if problem and problem != self._problems.get(what):
            self.who.note(problem)
        self._problems[what] = problem

    def problem(self, what: str) -> str:
        """Return why something cannot be done."""
        return self._problems.get(what, "")
