"""What is held of links, and changes with them: heard of together, and read again where the kernel says nothing."""

from collections.abc import Iterator
from typing import ClassVar, TypeVar

from netstrata.protocols.rtnetlink.constants import RTNLGRP_LINK
from netstrata.protocols.rtnetlink.kinds import Attributes
from netstrata.system.held import GONE, NO_RECOVERY, Held, Loss, Recovery, Store
from netstrata.system.netlink.lookup import LinkLookup
from netstrata.system.netlink.monitor import Monitor, Subscriber
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Unavailable

S = TypeVar("S")
H = TypeVar("H", bound=Held)


class HeldOptions(Held):
    """Something with options, of which the kernel tells as it has made them."""

    __slots__ = ("pieces", "stands")

    def __init__(self) -> None:
        super().__init__()
        self.stands: Attributes = {}  # what the kernel made of the options
        self.pieces: tuple[bytes, ...] = ()


class LinkStore(Store[S, H], Subscriber):
    """All of one kind that are held of links."""

    __slots__ = ("_lookup", "_monitor", "_quiet", "_requests")
    types: ClassVar[tuple[int, ...]] = ()  # of the messages that only this kind understands

    def __init__(
        self, requests: RequestSocket, monitor: Monitor, lookup: LinkLookup, recovery: Recovery = NO_RECOVERY
    ) -> None:
        super().__init__(recovery)
        self._requests = requests
        self._monitor = monitor
        self._lookup = lookup
        self._quiet: dict[H, int] = {}  # with options, and down: the kernel says nothing of changes
        monitor.subscribe(self, *self.types)

    def listen(self, held: H) -> None:
        """Subscribe to links."""
        self._monitor.join(RTNLGRP_LINK)

    def unlisten(self, held: H) -> None:
        """Take back one `listen`."""
        self._monitor.leave(RTNLGRP_LINK)

    def removed(self, held: H) -> None:
        """Look at it no more."""
        self._quiet.pop(held, None)

    def reconcile(self) -> tuple[list[Loss], bool]:
        """Look again at what may be different, also where the kernel says nothing."""
        self.suspects.update(self._quiet)
        result = super().reconcile()
        if self._quiet:
            self._monitor.look_again()
        return result

    def check(self, suspects: dict[H, int]) -> Iterator[tuple[H, Unavailable]]:
        """Look at each; what goes with its link is gone, and what cannot be known now is looked at again."""
        for held in suspects:
            try:
                reason = self.loss_of(held)
            except Unavailable as error:
                if error.errno not in GONE:
                    self.suspects[held] = 0
                    continue
                held.gone = True
                reason = error
            if reason is not None:
                yield held, reason

    def loss_of(self, held: H) -> Unavailable | None:
        """Return why something is held no more, None if it is; note if it is gone.

        Raises: Unavailable if its link is gone, or nothing can be known now.
        """
        raise NotImplementedError

    def _mind(self, held: H, is_quiet: bool) -> None:
        """Read it again now and then if the kernel would not tell what happens to it."""
        if is_quiet:
            self._quiet[held] = 0
            self._monitor.look_again()
        else:
            self._quiet.pop(held, None)
