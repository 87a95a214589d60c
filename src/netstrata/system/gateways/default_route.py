"""One default route of a gateway, through its life."""

from collections.abc import Callable, Iterable

from netstrata.contract import NOTE, Holder
from netstrata.ports.gateways import Gateway
from netstrata.ports.kernel import Route
from netstrata.protocols.gateways import ACTIVE, ASKED, GIVEN_UP, GONE, INACTIVE, THERE, step
from netstrata.system.netlink.held_route import HeldRoute
from netstrata.system.netlink.routes import NetlinkRoutes
from netstrata.values import Unavailable

_ANYWHERE = {4: bytes(4), 6: bytes(16)}


class DefaultRoute:
    """A default route of one metric, and the holder in whose name it is held: a statement's, which need not fall with
    it."""

    def __init__(
        self,
        routes: NetlinkRoutes,
        gateway: Gateway,
        metric: int,
        statement: Holder,
        on_lost: Callable[[Unavailable], None],
    ) -> None:
        """Make one that is not there yet; on_lost is called when somebody else, or the kernel, has taken it away."""
        self.state = INACTIVE
        self._routes = routes
        self._spec = Route(_ANYWHERE[gateway.family], 0, gateway.address, gateway.link, metric, onlink=gateway.onlink)
        self._statement = statement
        self._on_lost = on_lost
        self._held: HeldRoute | None = None

    @property
    def is_active(self) -> bool:
        """Whether the kernel has said that it is there."""
        return self.state == ACTIVE

    def add(self, old: "DefaultRoute | None" = None) -> None:
        """Put it into the kernel: in the place of another one, if there is one, which goes when this one is there.

        Raises: Unavailable, with the old one as it was.
        """
        self.state = step(self.state, ASKED)
        try:
            if old is None or old._held is None:
                self._held = self._routes.hold(self._spec, self)
            else:
                self._held = self._routes.supplant(old._held, self._spec._replace(in_front=True), self)
        except BaseException:
            self.state = step(self.state, GONE)
            raise
        self.state = step(self.state, THERE)
        if old is not None:
            old.remove()

    def remove(self) -> None:
        """Take it out of the kernel, if it is there."""
        self.state = step(self.state, GIVEN_UP)
        self._leave()
        self.state = step(self.state, GONE)

    def _leave(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            self._routes.release(held, self)

    # As the holder of its route.

    def lost(self, reason: Unavailable) -> None:
        """Know that it is gone."""
        if self._held is not None:
            self.state = step(self.state, GONE)
            self._leave()
            self._on_lost(reason)

    @property
    def title(self) -> str:
        """Whose it is."""
        return self._statement.title

    def note(self, line: str, kind: str = NOTE) -> None:
        """Say something in the statement's name."""
        self._statement.note(line, kind)

    def hear(self, child: str, pid: int, line: str) -> None:
        """Have no child."""

    def again(self, reason: str, wait_ms: int) -> None:
        """Say that something is begun again."""
        self._statement.again(reason, wait_ms)

    def awaits(self, what: str) -> None:
        """Say what is waited for."""
        self._statement.awaits(what)

    def uses(self, tool: Callable[[], str] | None) -> None:
        """Use no tool."""

    def did(self, words: Callable[[], Iterable[str]]) -> None:
        """Tell what was done."""
        self._statement.did(words)
