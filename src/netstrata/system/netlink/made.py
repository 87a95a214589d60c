"""Links that we make.

One that is there already, of the same kind and as it was asked for, is used and left alone; any other one of that name
is in the way.  Each is held by its index, so that never anybody else's is deleted; of a pair both halves are, since
one may leave for another network namespace, and only the half that stays here can still be deleted.
"""

import errno
from collections.abc import Mapping
from typing import NamedTuple

from netstrata.contract import Holder
from netstrata.contract.options import Options
from netstrata.ports.kernel import NewLink
from netstrata.protocols.rtnetlink import (
    COMMON,
    KINDS,
    Answer,
    LinkDetails,
    LinkMessage,
    decode_details,
    differing,
    encode_link,
    encode_new_link,
    encode_options,
    pieces_of,
)
from netstrata.protocols.rtnetlink.constants import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    RTM_DELLINK,
    RTM_NEWLINK,
    RTNLGRP_LINK,
)
from netstrata.protocols.rtnetlink.kinds import Attributes, Given
from netstrata.system.netlink.held import Held, Hold
from netstrata.system.netlink.lookup import LinkLookup
from netstrata.system.netlink.monitor import Loss, Monitor, Subscriber
from netstrata.system.netlink.refusals import GONE, LINK_WORDS, no_link, reason_of, refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Unavailable

_COMMON = frozenset(field.attribute for field in COMMON.values())


class Identity(NamedTuple):
    """What a link takes along when it moves, and may get anew while it stays."""

    kind: str
    name: str
    mac: bytes

    def is_of(self, other: "Identity") -> bool:
        """Say whether this can be the same link."""
        return self.kind == other.kind and (self.name == other.name or (self.mac == other.mac != b""))


class HeldLink(Held):
    """A link that is held, by its index."""

    __slots__ = ("below", "concerns", "here", "ifindex", "left", "pieces", "stands", "wish")

    def __init__(self, ours: bool, wish: NewLink, below: int, details: LinkDetails) -> None:
        super().__init__(ours)
        self.wish = wish
        self.ifindex = details.ifindex
        self.below = below
        self.here = {details.ifindex: _identity(details)}  # what is held and has not left, by index
        self.concerns: tuple[int, ...] = ()  # every link that matters to it
        self.left: set[int] = set()  # indexes of which we have heard that they do not belong to the same link any more
        self.stands: Attributes = {}  # what the kernel made of the options
        self.pieces: tuple[bytes, ...] = ()

    @property
    def words(self) -> str:
        """The link with its kind."""
        return f"{self.wish.kind} {self.wish.name}"


class MadeLinks(Subscriber):
    """All links that are held as such."""

    __slots__ = ("_concerned", "_held", "_lookup", "_monitor", "_quiet", "_requests", "_suspects", "_torn")

    def __init__(self, requests: RequestSocket, monitor: Monitor, lookup: LinkLookup) -> None:
        self._requests = requests
        self._monitor = monitor
        self._lookup = lookup
        self._held: dict[int, HeldLink] = {}
        self._concerned: dict[int, list[HeldLink]] = {}  # by each link that matters to them
        self._suspects: dict[HeldLink, None] = {}
        self._torn: dict[HeldLink, None] = {}  # pairs whose other half is elsewhere
        self._quiet: dict[HeldLink, None] = {}  # with options, and down: the kernel says nothing of changes
        monitor.tell(self)

    def held_link(self, link: NewLink) -> Hold[NewLink, HeldLink]:
        """Make a link; deleted when the last holder leaves, unless one that is the same was there before."""
        return Hold(self, link)

    def hold(self, wish: NewLink, who: Holder | None) -> HeldLink:
        """Make a link, if it is not there."""
        operation = f"make {wish.kind} {wish.name}"
        below = self._index_of(wish.link, operation) if wish.link else 0
        options = resolved(wish.options, operation, self._requests)
        if who is not None:
            self._monitor.join(RTNLGRP_LINK)
        try:
            ifindex = self._requests.index_of(wish.name)
            held = self._held.get(ifindex) if ifindex else None
            if held is not None:
                if held.wish != wish:
                    raise Unavailable(operation, f"this program holds {held.words} otherwise already", errno.EEXIST)
            else:
                held = self._take(wish, ifindex, below, options, operation)
                self._remember(held)
        except Unavailable:
            if who is not None:
                self._monitor.leave(RTNLGRP_LINK)
            raise
        held.add(who)
        return held

    def release(self, held: HeldLink, who: Holder | None) -> None:
        """Delete a link if the last one leaves who held it, and it was not there before."""
        if who is not None:
            self._monitor.leave(RTNLGRP_LINK)
        if not held.remove(who):
            return
        self._forget(held)
        if not held.ours:
            return
        try:
            self._sort_out(held)
        except Unavailable as error:
            if who is not None:
                who.note(f"cannot delete {held.words}: {error.reason}; ignoring")
            return
        for ifindex in held.here:  # with one half of a pair the other one goes
            answer = self._requests.request(RTM_DELLINK, 0, encode_link(ifindex))
            self._lookup.forget_names()
            if answer is None:
                break
            if answer.errno not in GONE and who is not None:
                who.note(f"cannot delete {held.words}: {reason_of(answer, LINK_WORDS)}; ignoring")

    def link_heard(self, kind: int, link: LinkMessage, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost."""
        if self._torn and kind != RTM_DELLINK and link.kind == "veth":
            self._suspects.update(self._torn)  # perhaps it is the other half that has come back
        for held in self._concerned.get(link.ifindex, ()):
            if kind == RTM_DELLINK:
                held.left.add(link.ifindex)
                self._suspects[held] = None
                continue
            if link.ifindex in held.here and link.ifindex not in held.left:
                held.here[link.ifindex] = Identity(link.kind, link.name, link.mac)
            if link.ifindex == held.ifindex and not all(data.find(one, start, end) >= 0 for one in held.pieces):
                self._suspects[held] = None

    def overrun(self) -> None:
        """Note that everything may be different."""
        for held in self._held.values():
            held.left.update(held.here)
            self._suspects[held] = None

    def settle(self) -> tuple[list[Loss], bool]:
        """Look again at what may be different."""
        losses: list[Loss] = []
        complete = True
        suspects, self._suspects = {**self._suspects, **self._quiet}, {}
        for held in suspects:
            if self._held.get(held.ifindex) is not held:
                continue
            try:
                reason = self._loss_of(held)
            except Unavailable:
                self._suspects[held] = None
                complete = False
                continue
            if reason is not None:
                self._forget(held)
                losses += [Loss(holder, reason) for holder in held.holders]
        if self._quiet:
            self._monitor.look_again()
        return losses, complete

    def _remember(self, held: HeldLink) -> None:
        self._held[held.ifindex] = held
        held.concerns = (*held.here, *((held.below,) if held.below else ()))
        for ifindex in held.concerns:
            self._concerned.setdefault(ifindex, []).append(held)

    def _forget(self, held: HeldLink) -> None:
        if self._held.get(held.ifindex) is not held:
            return
        del self._held[held.ifindex]
        self._quiet.pop(held, None)
        self._torn.pop(held, None)
        for ifindex in held.concerns:
            self._concerned[ifindex].remove(held)
            if not self._concerned[ifindex]:
                del self._concerned[ifindex]

    def _sort_out(self, held: HeldLink) -> None:
        """Know what of a link and its other half is still here: another link may have come in under its index.

        Raises: Unavailable if that cannot be read now.
        """
        for ifindex in held.left & held.here.keys():
            try:
                same = held.here[ifindex].is_of(_identity(read_details(self._lookup, ifindex, "")))
            except Unavailable as error:
                if error.errno not in GONE:
                    raise
                same = False
            if not same:
                del held.here[ifindex]
            held.left.discard(ifindex)
        held.left.clear()

    def _find_half(self, held: HeldLink, half: int) -> None:
        """Know by its index the other half of a pair that we made, wherever it has been."""
        if not held.ours or not held.wish.peer:
            return
        self._torn.pop(held, None)
        if not half:
            self._torn[held] = None
        elif half not in held.here:
            held.here[half] = _identity(read_details(self._lookup, half, f"hold {held.words}"))
            if half not in held.concerns:
                held.concerns += (half,)
                self._concerned.setdefault(half, []).append(held)

    def _loss_of(self, held: HeldLink) -> Unavailable | None:
        """Return why a link is not any more what was asked for; None if it is.

        Raises: Unavailable if that cannot be read now.
        """
        operation = f"hold {held.words}"
        self._sort_out(held)
        if held.ifindex not in held.here:
            return Unavailable(operation, "the link is gone", errno.ENODEV)
        try:
            details = read_details(self._lookup, held.ifindex, operation)
            self._find_half(held, details.link)
        except Unavailable as error:
            if error.errno not in GONE:
                raise
            del held.here[held.ifindex]
            return error
        self._mind(held, details)
        if held.below and details.link != held.below:
            return Unavailable(operation, f"{held.wish.link}, which it stands on, is gone", errno.ENODEV)
        if all(details.data.get(number) == value for number, value in held.stands.items()):
            return None
        return Unavailable(operation, "someone changed its options")

    def _mind(self, held: HeldLink, details: LinkDetails) -> None:
        """Read a link again now and then if the kernel would not tell what happens to it."""
        if held.pieces and not details.up:
            self._quiet[held] = None
            self._monitor.look_again()
        else:
            self._quiet.pop(held, None)

    def _take(self, wish: NewLink, ifindex: int, below: int, options: Mapping[str, Given], operation: str) -> HeldLink:
        """Use the link that is there, or make one."""
        fields = KINDS[wish.kind]
        if ifindex:
            details = read_details(self._lookup, ifindex, operation)
            self._accept(wish, details, below, options, operation)
            return HeldLink(False, wish, below, details)
        own = {name: value for name, value in options.items() if name in fields}
        data = encode_options(fields, own)
        if wish.kind == "tun":
            from netstrata.system.netlink.tun import make_tun

            make_tun(wish.name, own, operation)
        else:
            common = encode_options(COMMON, {name: value for name, value in options.items() if name not in fields})
            body = encode_new_link(wish.name, wish.kind, below, wish.peer, data, common)
            answer = self._requests.request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body)
            if answer is not None:
                raise _not_made(wish, answer, operation)
        self._lookup.forget_names()
        made = self._index_of(wish.name, operation)
        try:
            details = read_details(self._lookup, made, operation)
            held = HeldLink(True, wish, below, details)
            if wish.peer and details.link:
                held.here[details.link] = _identity(read_details(self._lookup, details.link, operation))
        except Unavailable:
            self._requests.request(RTM_DELLINK, 0, encode_link(made))
            raise
        held.stands = {number: details.data[number] for number in data if number in details.data}
        held.pieces = pieces_of(held.stands)
        self._mind(held, details)
        return held

    def _accept(
        self, wish: NewLink, there: LinkDetails, below: int, options: Mapping[str, Given], operation: str
    ) -> None:
        """Take a link that was there before as it is.

        Raises: Unavailable if it is another one than was asked for.
        """
        reason = ""
        fields = KINDS[wish.kind]
        if there.kind != wish.kind:
            reason = f"a {there.kind or 'hardware'} link of that name is there"
        elif below and there.link != below:
            reason = f"it is there, but on {self._requests.name_of(there.link) if there.link else 'another link'}"
        elif wish.peer and there.link != self._requests.index_of(wish.peer):
            reason = f"it is there, but {wish.peer} is not its other end"
        else:
            other = differing(fields, {n: v for n, v in options.items() if n in fields}, there.data)
            other += differing(COMMON, {n: v for n, v in options.items() if n not in fields}, there.common)
            if other:
                reason = f"it is there, but with another {' and '.join(other)}"
        if reason:
            raise Unavailable(operation, reason, errno.EEXIST)

    def _index_of(self, link: str, operation: str) -> int:
        ifindex = self._requests.index_of(link)
        if not ifindex:
            raise no_link(operation, link)
        return ifindex


def _identity(details: LinkDetails) -> Identity:
    return Identity(details.kind, details.name, details.mac)


def read_details(lookup: LinkLookup, ifindex: int, operation: str) -> LinkDetails:
    """Return how a link was made.

    Raises: Unavailable.
    """
    return decode_details(*lookup.body(ifindex, operation), _COMMON)


def resolved(options: Options, operation: str, requests: RequestSocket) -> dict[str, Given]:
    """Return options with the names of links and users as numbers.

    Raises: Unavailable if there is none of that name.
    """
    found: dict[str, Given] = {}
    for name, value in options.items():
        if not isinstance(value, str):
            found[name] = value
        elif name in ("user", "group"):
            from netstrata.system.netlink.tun import number_of

            found[name] = number_of(name, value, operation)
        else:
            ifindex = requests.index_of(value)
            if not ifindex:
                raise no_link(operation, value)
            found[name] = ifindex
    return found


def _not_made(wish: NewLink, answer: Answer, operation: str) -> Unavailable:
    text = answer.text.lower()
    if answer.errno == errno.EOPNOTSUPP and (not text or "unknown device type" in text):
        reason = f"this kernel has no {wish.kind} links"
        if not text and wish.options:
            reason += f", or none with {', '.join(wish.options)}"
        return Unavailable(operation, reason, errno.EOPNOTSUPP)
    if answer.errno == errno.EEXIST and not text:
        # The name was free: it is the other end's, or what the link is to do that one already does.
        taken = f"the name {wish.peer} is taken" if wish.peer else f"another {wish.kind} link does this already"
        return Unavailable(operation, taken, errno.EEXIST)
    return refused(operation, answer, LINK_WORDS)
