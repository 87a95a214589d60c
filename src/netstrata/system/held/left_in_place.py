"""What a statement leaves in place that is undone only to begin again."""

from asyncio import get_running_loop
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from netstrata.system.held.recovery import Recovery

_COMES_AGAIN_S: Final = 1.0  # within which a statement begins again, if that is all that it leaves for


class LeftInPlace:
    """One such thing: it is let go of when its statement has begun again, or does not, within a second.

    That is known sooner if all has settled by then, or the daemon ends.
    """

    def __init__(self, recovery: "Recovery", let_go: Callable[[], None]) -> None:
        """Leave it; let_go is called once."""
        self._let_go: Callable[[], None] | None = let_go
        self._timer = get_running_loop().call_later(_COMES_AGAIN_S, self.end)
        recovery.takes_parts(self.end)

    def end(self) -> None:
        """Let go of it, if that was not done before."""
        let_go, self._let_go = self._let_go, None
        if let_go is not None:
            self._timer.cancel()
            let_go()
