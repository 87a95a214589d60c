"""What everybody has found who asks over links whether anything gets through."""

from time import time

from netstrata.ports.gateways import Answered


class LinkAnswers:
    """By who asks; several may over one link."""

    def __init__(self) -> None:
        self._found: dict[object, tuple[int, Answered]] = {}

    def believe(self, asker: object, ifindex: int, gets_through: bool) -> bool:
        """Know what somebody has found over a link; say whether the link may be another one by that."""
        old = self._found.get(asker)
        if old is not None and old[1].gets_through == gets_through:
            return False
        self._found[asker] = ifindex, Answered(gets_through, time())
        return old is not None or not gets_through

    def forget(self, asker: object) -> bool:
        """Know that somebody asks no more; say whether the link may be another one by that."""
        old = self._found.pop(asker, None)
        return old is not None and not old[1].gets_through

    def of(self, ifindex: int) -> Answered | None:
        """Return what was found over a link, None if nobody asks: that nothing gets through counts before all else."""
        return min((answered for where, answered in self._found.values() if where == ifindex), default=None)
