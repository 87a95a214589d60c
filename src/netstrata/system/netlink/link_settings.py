"""What links are like, held: every row of `protocols/rtnetlink/settings`.  Put back, if ours still stands.

Of some settings the kernel does not tell when somebody changes them.  These are looked at every few seconds while they
are held, a number of links at a time, so that many do not hold up the daemon.
"""

import errno
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from netstrata.contract import Holder
from netstrata.contract.options import Options
from netstrata.protocols.rtnetlink import SETTINGS, LinkMessage, decode_settings, encode_settings, with_along
from netstrata.protocols.rtnetlink.constants import IPV6_MIN_MTU, RTM_DELLINK, RTM_NEWLINK, RTNLGRP_LINK
from netstrata.system.held import GONE, NO_RECOVERY, Leaving, Loss, Overrides, OverrideStack, Recovery, Spec
from netstrata.system.held.wait_queues import NAME
from netstrata.system.netlink.lookup import LinkLookup
from netstrata.system.netlink.monitor import Monitor, Subscriber
from netstrata.system.netlink.refusals import LINK_WORDS, no_link, refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Awaited, Unavailable

Key = tuple[int, str]  # a link's index, and a row's word
Held = tuple[Key, OverrideStack[Any], Spec[Any]]
_IN_A_ROUND = 100  # links that are looked at, which takes 2 ms


class _HeldLink:
    """A link of which something is held."""

    __slots__ = ("name", "words")

    def __init__(self, name: str) -> None:
        self.name = name  # as it was when something of it was held first
        self.words: dict[str, int] = {}  # what is held of it, by how many

    @property
    def told(self) -> bool:
        """Whether the kernel tells of each change."""
        return all(SETTINGS[word].told for word in self.words)


class LinkSettings(Overrides[Key, Any], Subscriber):
    """All settings of links that are held."""

    __slots__ = ("_former_names", "_links", "_lookup", "_monitor", "_requests", "_suspects", "_untold")

    kind = "setting"

    def __init__(
        self, requests: RequestSocket, monitor: Monitor, lookup: LinkLookup, recovery: Recovery = NO_RECOVERY
    ) -> None:
        super().__init__(recovery)
        self._requests = requests
        self._monitor = monitor
        self._lookup = lookup
        self._links: dict[int, _HeldLink] = {}
        self._suspects: set[int] = set()
        self._untold: dict[int, None] = {}  # links to look at; first, what was looked at longest ago
        monitor.subscribe(self)
        self._former_names = [(found, int(ifindex)) for (ifindex, word), found in self.left() if word == "name"]
        lookup.former = self._former

    def _former(self, link: str) -> int:
        """Return the index of a link that was renamed by us or a daemon before us, 0 for none.

        It has its old name as long as anything is left: another process may have held something by that.
        """
        known = self._former_names if self._recovery.is_left else ()
        return next((ifindex for name, ifindex in reversed(known) if name == link and self._is_there(ifindex)), 0)

    def own_names(self, ifindex: int) -> Sequence[str]:
        """Return how a link that is held under another name was called, and is by this program; () for any other."""
        stack = self.stacks.get((ifindex, "name"))
        return (stack.found, *(spec.value for spec in stack.specs)) if stack is not None else ()

    def renamed(self, name: str) -> int:
        """Return the index of a link that this program has called otherwise since it had that name, 0 for none."""
        for ifindex, word in self.stacks:
            if word == "name" and name in self.own_names(ifindex):
                return ifindex
        return 0

    def _is_there(self, ifindex: int) -> bool:
        return self._requests.index_of(self._requests.name_of(ifindex)) == ifindex

    def hold_all(self, link: str, values: Options, who: Holder | None) -> list[Held]:
        """Find a link, and set things of it: all, or none.

        Raises: Unavailable.
        """
        operation = f"set the {' and the '.join(SETTINGS[word].noun for word in values)} of {link}"
        ifindex = self._lookup.index_of(link)
        if not ifindex:
            raise no_link(operation, link)
        self._links.setdefault(ifindex, _HeldLink(link))
        held: list[Held] = []
        try:
            along = [SETTINGS[word].along for word in values if SETTINGS[word].along]
            known = self._read(ifindex, along, operation) if along else {}
            for word, value in with_along(values, known).items():
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
        return f"set {words_of(link, word, value)}{consequence_of(word, value)}"

    def release_all(self, held: list[Held]) -> None:
        """Take values out again, the last one first."""
        for one in reversed(held):
            self.release(*one)

    def hold(self, key: Key, value: Any, who: Holder | None) -> Held:
        """Set one thing of a link."""
        ifindex, word = key
        if who is not None:
            self._monitor.join(RTNLGRP_LINK)
        try:
            stack, spec = self.put(key, value, who)
        except BaseException:
            if who is not None:
                self._monitor.leave(RTNLGRP_LINK)
            raise
        if word == "name" and self._recovery.is_left:
            self._former_names.append((stack.found, ifindex))
        words = self._links[ifindex].words
        words[word] = words.get(word, 0) + 1
        if who is not None and not SETTINGS[word].told:
            self._untold[ifindex] = None
            self._monitor.look_again()
        return key, stack, spec

    def release(self, key: Key, stack: OverrideStack[Any], spec: Spec[Any]) -> None:
        """Take a value out again."""
        if spec.who is not None:
            self._monitor.leave(RTNLGRP_LINK)
        self.take_out(key, stack, spec)
        ifindex, word = key
        words = self._links[ifindex].words
        words[word] -= 1
        if not words[word]:
            del words[word]
        self._forget(ifindex)

    def read(self, key: Key, operation: str) -> Any:
        """Return what something of a link is."""
        ifindex, word = key
        value = self._read(ifindex, [word], operation)[word]
        if value is None:
            raise Unavailable(operation, f"this kernel knows no {word} of links", errno.EOPNOTSUPP)
        return value

    def write(self, key: Key, value: Any, operation: str) -> None:
        """Change one thing of a link, and nothing that the kernel would change along with it."""
        ifindex, word = key
        along = SETTINGS[word].along
        beside = self._read(ifindex, [along], operation) if along else {}
        values = {word: value} | {name: stays for name, stays in beside.items() if stays is not None}
        answer = self._requests.request(RTM_NEWLINK, 0, encode_settings(ifindex, values))
        self._lookup.forget_values()
        if answer is not None and answer.errno == errno.EEXIST:
            setting = SETTINGS[word]
            reason = f"the {setting.noun} {setting.words(value)} is taken"
            raise Unavailable(operation, reason, errno.EEXIST, (Awaited(NAME, value),) if word == "name" else ())
        if answer is not None:
            raise refused(operation, answer, LINK_WORDS)

    def along(self, key: Key) -> Iterable[Key]:
        """Return the MTU of the links on one whose MTU it is."""
        ifindex, word = key
        return [(above, "mtu") for above in self._lookup.follow_mtu(ifindex)] if word == "mtu" else ()

    def consequence(self, key: Key, value: Any) -> str:
        """Say what goes for good."""
        return consequence_of(key[1], value)

    def describe(self, key: Key, value: Any) -> str:
        """Return what something of a link is to be, for people."""
        ifindex, word = key
        held = self._links.get(ifindex)
        return words_of(held.name if held is not None else self._requests.name_of(ifindex), word, value)

    def link_heard(self, kind: int, link: LinkMessage, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost."""
        held = self._links.get(link.ifindex)
        if held is not None and (
            kind == RTM_DELLINK or self._differs(link.ifindex, decode_settings(data, start, end, held.words))
        ):
            self._suspects.add(link.ifindex)

    def on_round(self) -> None:
        """Note of what the kernel would not tell."""
        for ifindex in list(islice(self._untold, _IN_A_ROUND)):
            del self._untold[ifindex]
            self._untold[ifindex] = None
            self._suspects.add(ifindex)

    def on_overrun(self) -> None:
        """Note that everything may be different."""
        self._suspects.update(self._links)

    def reconcile(self) -> tuple[list[Loss], bool]:
        """Look again at what may be different."""
        losses: list[Loss] = []
        suspects, self._suspects = self._suspects, set()
        for ifindex in suspects:
            if ifindex in self._links:
                losses += self._losses_of(ifindex)
        if self._untold:
            self._monitor.look_again()
        return losses, not self._suspects

    def _losses_of(self, ifindex: int) -> list[Loss]:
        """Give up what of a link does not stand any more."""
        held = self._links[ifindex]
        gone: Unavailable | None = None
        now: dict[str, Any] = {}
        try:
            now = self._read(ifindex, held.words, "")
            lost = self._differs(ifindex, now)
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
            if gone is None:
                reason = Unavailable(operation, f"someone has set {self.describe((ifindex, word), now[word])}")
            else:
                reason = Unavailable(operation, gone.reason, gone.errno)
            losses += [Loss(spec.who, reason) for spec in stack.specs if spec.who is not None]
        return losses

    def _differs(self, ifindex: int, now: Mapping[str, Any]) -> list[str]:
        """Return what of a link does not stand as it was set."""
        stacks = self.stacks
        return [word for word in now if (ifindex, word) in stacks and stacks[ifindex, word].stands != now[word]]

    def _read(self, ifindex: int, words: Iterable[str], operation: str) -> dict[str, Any]:
        return decode_settings(*self._lookup.body(ifindex, operation), words)

    def _forget(self, ifindex: int) -> None:
        """Follow a link no more if nothing of it is held, and look at it no more if the kernel tells of all that is."""
        held = self._links.get(ifindex)
        if held is None or held.told:
            self._untold.pop(ifindex, None)
        if held is not None and not held.words:
            del self._links[ifindex]


def words_of(link: str, word: str, value: Any) -> str:
    """Return what something of a link is to be, for people."""
    setting = SETTINGS[word]
    return f"the {setting.noun} of {link} to {setting.words(value)}"


def consequence_of(word: str, value: Any) -> str:
    """Say what the kernel does with a setting that is not undone with it, "" for nothing."""
    small = word == "mtu" and value < IPV6_MIN_MTU
    return ", which takes IPv6 from it, with its addresses and routes" if small else ""


class HoldingLinkSettings:
    """Hold things of a link while the block runs.  Never suspends: see docs/decisions/0002."""

    __slots__ = ("_held", "_link", "_settings", "_values", "_who")

    def __init__(self, settings: LinkSettings, link: str, values: Options, who: Holder | None) -> None:
        self._who = who
        self._settings = settings
        self._link = link
        self._values = values
        self._held: list[Held] = []

    def to_do(self, leaving: Leaving) -> list[str]:
        """Say what entering does, unless it is so already."""
        return [self._settings.to_do_of(self._link, word, value, leaving) for word, value in self._values.items()]

    async def __aenter__(self) -> None:
        self._held = self._settings.hold_all(self._link, self._values, self._who)

    async def __aexit__(self, *_: object) -> None:
        held, self._held = self._held, []
        self._settings.release_all(held)
