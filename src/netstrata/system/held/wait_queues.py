"""Who waits for what outside: an error says what may end it (`Awaited`), and a queue of each wakes who waits for it.

Each kind of thing has somebody who hears of it, asked to listen only as long as anybody waits.  Who is woken waits no
more: it tries again, and waits anew if that fails, so that a storm of changes costs one attempt and not one for each.
What ends between an attempt that fails and the listening, which is in the same turn of the event loop where the attempt
takes no time, is not heard of: then the retry time must do.
"""

from collections.abc import Callable
from typing import Any, Final

from netstrata.values import Awaited

# The kinds of things that are waited for, and what tells one from another.
NAME: Final = "name"  # the name of a link: which link has it, if any
LINK: Final = "link"  # the index of one: what it is like
ROUTE: Final = "route"  # destination with its prefix length as one more byte, metric, table, type of service
DESTINATION: Final = "destination"  # with its prefix length as one more byte: all routes to it
ON_LINK: Final = "on link"  # the index of a link: what the kernel takes from it without a word
WAY: Final = "way"  # an address: the routes on which it is reached without a gateway
RULE: Final = "rule"  # family, priority
ADDRESS: Final = "address"  # packed, on whatever link
ADDRESSES: Final = "addresses"  # the index of a link, or 0: its addresses, or those of any
NEIGHBOUR: Final = "neighbour"  # the index of a link, address
NFT: Final = "nft"  # family, table, "": itself, its chains and sets; or a set, of which elements go
PORT: Final = "port"  # of TCP or UDP: the sockets that have it
PATHS: Final = "paths"  # of files: what they lead to

Wake = Callable[[], None]
Stop = Callable[[], None]
Listen = Callable[[Any], Stop]  # hears of one thing from now on, and returns how to do so no more; raises Unavailable


def _nothing() -> None:
    """Do nothing."""


class WaitQueues:
    """All who wait for something outside."""

    __slots__ = ("_listen", "_prepare", "_waiting")

    def __init__(self, prepare: Callable[[str], None] = lambda kind: None) -> None:
        """Have nobody wait.

        Shapes: prepare makes whoever hears of a kind that nobody has called `knows` for, if there is such.
        """
        self._prepare = prepare
        self._listen: dict[str, Listen] = {}
        self._waiting: dict[Awaited, dict[Wake, Stop]] = {}

    def knows(self, kind: str, listen: Listen) -> None:
        """Know who hears of all things of a kind, and calls `changed`."""
        self._listen[kind] = listen

    def wait(self, awaited: Awaited, wake: Wake) -> Stop:
        """Be woken at the next change of something; return how to wait no more.

        Raises: Unavailable, OSError if nobody can listen now.
        """
        if awaited.kind not in self._listen:
            self._prepare(awaited.kind)
        listen = self._listen.get(awaited.kind)
        if listen is None:
            return _nothing
        stop = listen(awaited.key)
        self._waiting.setdefault(awaited, {})[wake] = stop
        return lambda: self._leave(awaited, wake)

    def changed(self, kind: str, key: Any) -> None:
        """Wake who waits for something: it is gone, has come, or is otherwise."""
        for wake in list(self._waiting.get(Awaited(kind, key), ())):
            wake()

    def all_changed(self, kinds: frozenset[str]) -> None:
        """Wake who waits for anything of some kinds: what has changed was not told."""
        for awaited in [awaited for awaited in self._waiting if awaited.kind in kinds]:
            self.changed(*awaited)

    def _leave(self, awaited: Awaited, wake: Wake) -> None:
        waiting = self._waiting.get(awaited, {})
        stop = waiting.pop(wake, None)
        if not waiting:
            self._waiting.pop(awaited, None)
        if stop is not None:
            stop()
