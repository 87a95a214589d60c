"""What links are like, by words, held: what is the same for their settings, a bridge's VLANs and what a driver does.

Put back, if ours still stands.  Of some things the kernel does not tell when somebody changes them.  These are looked
at every few seconds while they are held, a number of links at a time, so that many do not hold up the daemon.
"""

import errno
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, ClassVar

from netstrata.contract import Holder
from netstrata.contract.options import Options
from netstrata.protocols.rtnetlink import LinkMessage
from netstrata.protocols.rtnetlink.constants import RTNLGRP_LINK
from netstrata.system.held import GONE, NO_RECOVERY, Leaving, Loss, Overrides, OverrideStack, Recovery, Spec
from netstrata.system.held.wait_queues import LINK
from netstrata.system.netlink.lookup import LinkLookup
from netstrata.system.netlink.monitor import Monitor, Subscriber
from netstrata.system.netlink.refusals import no_link
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Awaited, Unavailable

Key = tuple[int, str]  # a link's index, and the word for one thing of it
Held = tuple[Key, OverrideStack[Any], Spec[Any]]
_IN_A_ROUND = 100  # links that are looked at, which takes 2 ms


class _HeldLink:
    """A link of which something is held."""

    __slots__ = ("name", "words")

    def __init__(self, name: str) -> None:
        self.name = name  # as it was when something of it was held first
        self.words: dict[str, int] = {}  # what is held of it, by how many


class LinkOverrides(Overrides[Key, Any], Subscriber):
    """All things of one sort that are held of links."""

    __slots__ = ("_lookup", "_monitor", "_requests", "_suspects", "_untold", "links")
    groups: ClassVar[tuple[int, ...]] = (RTNLGRP_LINK,)  # where the kernel tells of it
    types: ClassVar[tuple[int, ...]] = ()  # of the messages that only this sort understands

    def __init__(
        self, requests: RequestSocket, monitor: Monitor, lookup: LinkLookup, recovery: Recovery = NO_RECOVERY
    ) -> None:
        super().__init__(recovery)
        self._requests = requests
        self._monitor = monitor
        self._lookup = lookup
        self.links: dict[int, _HeldLink] = {}
        self._suspects: set[int] = set()
        self._untold: dict[int, None] = {}  # links to look at; first, what was looked at longest ago
        monitor.subscribe(self, *self.types)

    # What a sort says.

    def read_all(self, ifindex: int, words: Iterable[str], operation: str) -> dict[str, Any]:
        """Return some things of a link; None is one that nobody knows there.

        Raises: Unavailable.
        """
        raise NotImplementedError

    def noun(self, word: str) -> str:
        """Return what a thing is called: `the MTU`."""
        raise NotImplementedError

    def words_of(self, link: str, word: str, value: Any) -> str:
        """Return what something of a link is to be, for people: `the MTU of eth0 to 1400`."""
        raise NotImplementedError

    def unknown(self, ifindex: int, word: str) -> str:
        """Say why a link has no such thing."""
        raise NotImplementedError

    def is_told(self, word: str) -> bool:
        """Say whether the kernel tells of each change of a thing."""
        return True

    def all_wanted(self, ifindex: int, values: Options, operation: str) -> Mapping[str, Any]:
        """Return what is to be held, in order, if some values are wanted.

        Raises: Unavailable.
        """
        return values

    # What is the same for all.

    def hold_all(self, link: str, values: Options, who: Holder | None) -> list[Held]:
        """Find a link, and set things of it: all, or none.

        Raises: Unavailable.
        """
        operation = f"set {' and '.join(self.noun(word) for word in values)} of {link}"
        ifindex = self._lookup.index_of(link)
        if not ifindex:
            raise no_link(operation, link)
        self.links.setdefault(ifindex, _HeldLink(link))
        held: list[Held] = []
        try:
            for word, value in self.all_wanted(ifindex, values, operation).items():
                held.append(self.hold((ifindex, word), value, who))
        except BaseException:
            self.release_all(held)
            raise
        finally:
            self._forget(ifindex)
        return held

    def to_do_of(self, link: str, word: str, value: Any, leaving: Leaving) -> str:
        """Say what setting something of a link does once some have left; the link may come only then."""
        ifindex = self._lookup.index_of(link)
        if ifindex:
            return self.to_do((ifindex, word), value, leaving)
        return f"set {self.words_of(link, word, value)}{self.consequence((0, word), value)}"

    def release_all(self, held: list[Held]) -> None:
        """Take values out again, the last one first."""
        for one in reversed(held):
            self.release(*one)

    def hold(self, key: Key, value: Any, who: Holder | None) -> Held:
        """Set one thing of a link."""
        ifindex, word = key
        if who is not None:
            self._monitor.join(*self.groups)
        try:
            stack, spec = self.put(key, value, who)
        except BaseException:
            if who is not None:
                self._monitor.leave(*self.groups)
            raise
        words = self.links[ifindex].words
        words[word] = words.get(word, 0) + 1
        if who is not None and not self.is_told(word):
            self._untold[ifindex] = None
            self._monitor.look_again()
        return key, stack, spec

    def release(self, key: Key, stack: OverrideStack[Any], spec: Spec[Any]) -> None:
        """Take a value out again."""
        if spec.who is not None:
            self._monitor.leave(*self.groups)
        self.take_out(key, stack, spec)
        ifindex, word = key
        words = self.links[ifindex].words
        words[word] -= 1
        if not words[word]:
            del words[word]
        self._forget(ifindex)

    def read(self, key: Key, operation: str) -> Any:
        """Return what something of a link is."""
        ifindex, word = key
        value = self.read_all(ifindex, [word], operation)[word]
        if value is None:
            raise self._unknown(key, operation)
        return value

    def _unknown(self, key: Key, operation: str) -> Unavailable:
        """Return the error for something that a link has not, or has no more: what the link is like may bring it."""
        return Unavailable(operation, self.unknown(*key), errno.EOPNOTSUPP, (Awaited(LINK, key[0]),))

    def describe(self, key: Key, value: Any) -> str:
        """Return what something of a link is to be, for people."""
        ifindex, word = key
        held = self.links.get(ifindex)
        return self.words_of(held.name if held is not None else self._requests.name_of(ifindex), word, value)

    def link_heard(self, kind: int, link: LinkMessage, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost."""
        self.suspect(link.ifindex)

    def suspect(self, ifindex: int) -> None:
        """Note that something of a link may have been lost."""
        if ifindex in self.links:
            self._suspects.add(ifindex)

    def on_round(self) -> None:
        """Note of what the kernel would not tell."""
        for ifindex in list(islice(self._untold, _IN_A_ROUND)):
            del self._untold[ifindex]
            self._untold[ifindex] = None
            self._suspects.add(ifindex)

    def on_overrun(self) -> None:
        """Note that everything may be different."""
        self._suspects.update(self.links)

    def reconcile(self) -> tuple[list[Loss], bool]:
        """Look again at what may be different."""
        losses: list[Loss] = []
        suspects, self._suspects = self._suspects, set()
        for ifindex in suspects:
            if ifindex in self.links:
                losses += self._losses_of(ifindex)
        if self._untold:
            self._monitor.look_again()
        return losses, not self._suspects

    def _losses_of(self, ifindex: int) -> list[Loss]:
        """Give up what of a link does not stand any more."""
        held = self.links[ifindex]
        gone: Unavailable | None = None
        now: dict[str, Any] = {}
        try:
            now = self.read_all(ifindex, held.words, "")
            lost = self.differing(ifindex, now)
        except Unavailable as error:
            if error.errno not in GONE:
                self._suspects.add(ifindex)
                return []
            gone = error
            lost = [word for word in held.words if (ifindex, word) in self.stacks]
        losses: list[Loss] = []
        for word in lost:
            stack = self.stacks[ifindex, word]
            self.forget((ifindex, word), stack)
            operation = f"hold {self.describe((ifindex, word), stack.stands)}"
            if gone is None and now[word] is None:
                reason = self._unknown((ifindex, word), operation)
            elif gone is None:
                reason = Unavailable(operation, f"someone has set {self.describe((ifindex, word), now[word])}")
            else:
                reason = Unavailable(operation, gone.reason, gone.errno)
            losses += [Loss(spec.who, reason) for spec in stack.specs if spec.who is not None]
        return losses

    def differing(self, ifindex: int, now: Mapping[str, Any]) -> list[str]:
        """Return what of a link does not stand as it was set."""
        stacks = self.stacks
        return [word for word in now if (ifindex, word) in stacks and stacks[ifindex, word].stands != now[word]]

    def _forget(self, ifindex: int) -> None:
        """Follow a link no more if nothing of it is held, and look at it no more if the kernel tells of all that is."""
        held = self.links.get(ifindex)
        if held is None or all(self.is_told(word) for word in held.words):
            self._untold.pop(ifindex, None)
        if held is not None and not held.words:
            del self.links[ifindex]


class HoldingLinkOverrides:
    """Hold things of a link while the block runs.  Never suspends: see docs/decisions/0002."""

    __slots__ = ("_held", "_link", "_overrides", "_values", "_who")

    def __init__(self, overrides: LinkOverrides, link: str, values: Options, who: Holder | None) -> None:
        self._who = who
        self._overrides = overrides
        self._link = link
        self._values = values
        self._held: list[Held] = []

    def to_do(self, leaving: Leaving) -> list[str]:
        """Say what entering does, unless it is so already."""
        return [self._overrides.to_do_of(self._link, word, value, leaving) for word, value in self._values.items()]

    async def __aenter__(self) -> None:
        self._held = self._overrides.hold_all(self._link, self._values, self._who)

    async def __aexit__(self, *_: object) -> None:
        held, self._held = self._held, []
        self._overrides.release_all(held)
