"""One thing that is held for an uplink, through its life."""

from asyncio import get_running_loop
from collections.abc import Callable, Iterable
from typing import Any, Final

from netstrata.contract import NOTE, Holder
from netstrata.protocols.gateways import ACTIVE, ASKED, GIVEN_UP, GONE, INACTIVE, THERE, step
from netstrata.system.held import Store
from netstrata.values import Unavailable

AGAIN_S: Final = 10.0  # until what the kernel would not take is tried again, if nothing else says when
_CALM_S: Final = 10.0  # after which what is taken away is put back at once again


class Calm:
    """Tells what happens now and then from a fight."""

    __slots__ = ("_last_s",)

    def __init__(self) -> None:
        self._last_s = -_CALM_S

    def is_disturbed(self) -> bool:
        """Know that something is taken away just now; say whether that was so a moment ago, too."""
        before, self._last_s = self._last_s, get_running_loop().time()
        return self._last_s < before + _CALM_S


class HeldForUplink:
    """A route or a rule, and the holder in whose name it is held: a statement's, which need not fall with it."""

    def __init__(
        self, store: Store[Any, Any], spec: Any, statement: Holder, on_lost: Callable[[Unavailable], None]
    ) -> None:
        """Have one that is not there yet; on_lost is called when somebody else, or the kernel, has taken it away."""
        self.state = INACTIVE
        self._store = store
        self._spec = spec
        self.statement = statement
        self._on_lost = on_lost
        self._calm = Calm()
        self._held: Any = None

    @property
    def is_active(self) -> bool:
        """Whether the kernel has said that it is there."""
        return self.state == ACTIVE

    def is_same(self, other: "HeldForUplink") -> bool:
        """Say whether both are the very same route or rule."""
        return bool(self._spec == other._spec)

    def add(self, old: "HeldForUplink | None" = None) -> None:
        """Put it into the kernel: a route in front of another one, which goes when this one is there.

        Raises: Unavailable, with the old one as it was.
        """
        self.state = step(self.state, ASKED)
        try:
            if old is None or old._held is None or self.is_same(old):  # the same one is held by both
                self._held = self._store.hold(self._spec, self)
            else:
                self._held = self._store.supplant(old._held, self._spec._replace(in_front=True), self)
        except BaseException:
            self.state = step(self.state, GONE)
            raise
        self.state = step(self.state, THERE)
        if old is not None:
            old.remove()

    def put_back(self, reason: Unavailable) -> bool:
        """Put back what was taken away, unless that was done a moment ago, too; say whether it is there."""
        if self._calm.is_disturbed():
            return False
        try:
            self.add()
        except Unavailable:
            return False
        self.statement.note(f"{reason}; it was put back")
        return True

    def remove(self) -> None:
        """Take it out of the kernel, if it is there."""
        self.state = step(self.state, GIVEN_UP)
        self._leave()
        self.state = step(self.state, GONE)

    def _leave(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            self._store.release(held, self)

    # As the holder of it.

    def lost(self, reason: Unavailable) -> None:
        """Know that it is gone."""
        if self._held is not None:
            self.state = step(self.state, GONE)
            self._leave()
            self._on_lost(reason)

    @property
    def title(self) -> str:
        """Whose it is."""
        return self.statement.title

    def is_redone_above(self, layer: int) -> bool:
        """Say whether the statement begins again."""
        return self.statement.is_redone_above(layer)

    def note(self, line: str, kind: str = NOTE) -> None:
        """Say something in the statement's name."""
        self.statement.note(line, kind)

    def mended(self, line: str) -> None:
        """Say something in the statement's name."""
        self.statement.mended(line)

    def hear(self, child: str, pid: int, line: str) -> None:
        """Have no child."""

    def again(self, reason: str, wait_ms: int) -> None:
        """Say that something is begun again."""
        self.statement.again(reason, wait_ms)

    def awaits(self, what: str) -> None:
        """Say what is waited for."""
        self.statement.awaits(what)

    def uses(self, tool: Callable[[], str] | None) -> None:
        """Use no tool."""

    def did(self, words: Callable[[], Iterable[str]]) -> None:
        """Tell what was done."""
        self.statement.did(words)
