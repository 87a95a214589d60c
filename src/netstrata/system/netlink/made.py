"""Links that we make.

One that is there already, of the same kind and as it was asked for, is used and left alone; any other one of that name
is in the way.  Each is held by its index, so that never anybody else's is deleted; of a pair both halves are, since
one may leave for another network namespace, and only the half that stays here can still be deleted.
"""

import errno
from collections.abc import Iterator, Mapping

from netstrata.contract.options import Options
from netstrata.ports.kernel import NewLink
from netstrata.protocols.rtnetlink import (
    COMMON,
    KINDS,
    PAIRS,
    Answer,
    LinkDetails,
    LinkMessage,
    decode_details,
    differing,
    encode_link,
    encode_new_link,
    encode_options,
    pieces_of,
    shows_link,
)
from netstrata.protocols.rtnetlink.constants import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    RTM_DELLINK,
    RTM_NEWLINK,
)
from netstrata.protocols.rtnetlink.kinds import Given
from netstrata.system.held import GONE, NO_RECOVERY, Recovery, Unanswered
from netstrata.system.held.wait_queues import LINK, NAME
from netstrata.system.netlink.halves import LinkIdentity, read_halves, write_halves
from netstrata.system.netlink.link_store import HeldOptions, LinkStore
from netstrata.system.netlink.lookup import LinkLookup
from netstrata.system.netlink.monitor import Monitor
from netstrata.system.netlink.refusals import LINK_WORDS, no_link, refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.system.netlink.table_names import table_number
from netstrata.values import Awaited, Unavailable

_COMMON = frozenset(field.attribute for field in COMMON.values())


class HeldLink(HeldOptions):
    """A link that is held, by its index, which it has when it is made."""

    __slots__ = ("below", "common", "concerns", "here", "key", "left", "own", "record", "spec")

    def __init__(self, spec: NewLink, ifindex: int, below: int, options: Mapping[str, Given]) -> None:
        super().__init__()
        self.spec = spec
        # The options, with the names of links and users as numbers: those of its kind, and those that any link has.
        fields = KINDS[spec.kind]
        self.own = {name: value for name, value in options.items() if name in fields}
        self.common = {name: value for name, value in options.items() if name not in fields}
        self.key = ifindex
        self.record = self.words.encode("utf-8", "surrogateescape")
        self.below = below
        self.here: dict[int, LinkIdentity] = {}  # what is held and has not left, by index
        self.concerns: tuple[int, ...] = ()  # every link that matters to it
        self.left: set[int] = set()  # indexes of which we have heard that they do not belong to the same link any more

    @property
    def words(self) -> str:
        """The link with its kind."""
        return f"{self.spec.kind} {self.spec.name}"


class MadeLinks(LinkStore[NewLink, HeldLink]):
    """All links that are held as such."""

    __slots__ = ("_concerned", "_torn")
    kind = "link"

    def __init__(
        self, requests: RequestSocket, monitor: Monitor, lookup: LinkLookup, recovery: Recovery = NO_RECOVERY
    ) -> None:
        super().__init__(requests, monitor, lookup, recovery)
        self._concerned: dict[int, list[HeldLink]] = {}  # by each link that matters to them
        self._torn: dict[HeldLink, int] = {}  # pairs whose other half is elsewhere

    def prepare(self, spec: NewLink) -> HeldLink:
        """Find the link that it is to stand on, and the one of its name."""
        operation = self.operation(spec)
        below = self._index_of(spec.link, operation) if spec.link else 0
        options = resolved(spec.options, operation, self._requests)
        return HeldLink(spec, self._lookup.index_of(spec.name), below, options)

    def operation(self, spec: NewLink) -> str:
        """Return what is to be done."""
        return f"make {spec.kind} {spec.name}"

    def share(self, held: HeldLink, made: HeldLink) -> None:
        """See that it is the same link."""
        if held.spec != made.spec:
            reason = f"this program holds {held.words} otherwise already"
            raise Unavailable(f"make {made.words}", reason, errno.EEXIST, _awaits(made))

    def look(self, held: HeldLink) -> None:
        """Use the link that is there."""
        if held.key:
            operation = f"make {held.words}"
            details = read_details(self._lookup, held.key, operation)
            reason = self._obstacle(held, details)
            if reason:
                raise Unavailable(operation, reason, errno.EEXIST, _awaits(held))
            held.ours = False
            held.here = {held.key: _identity(details)}

    def do(self, held: HeldLink) -> None:
        """Make a link."""
        operation = f"make {held.words}"
        self._make(held, operation)
        self._lookup.forget()
        made = self._index_of(held.spec.name, operation)
        try:
            self._follow(held, read_details(self._lookup, made, operation))
        except Unavailable as error:
            try:
                self._delete({made: LinkIdentity(held.spec.kind, held.spec.name, b"")})
            except Unavailable:  # it is there, and nobody knows what it is like
                raise Unanswered(error.operation, error.reason, error.errno) from error
            raise

    def stands(self, held: HeldLink, undo: bytes) -> bool:
        """Say whether it is the link that was made, as it was asked for."""
        operation = f"make {held.words}"
        halves = read_halves(undo) if undo else {}
        if not held.key or (undo and held.key not in halves):
            return False
        if self._is_as_left(held, halves, operation):
            held.here, held.undo = halves, undo
            return True
        details = read_details(self._lookup, held.key, operation)
        if self._obstacle(held, details):
            return False
        self._follow(held, details)
        return True

    def _is_as_left(self, held: HeldLink, halves: dict[int, LinkIdentity], operation: str) -> bool:
        """Say whether a link of which nothing else was asked for is just as it was left, without reading all of it.

        Raises: Unavailable.
        """
        if len(halves) != 1 or held.below or held.spec.peer or held.own or held.common:
            return False
        kind, name, mac = halves[held.key]
        return (
            kind == held.spec.kind
            and bool(mac)
            and shows_link(*self._lookup.body(held.key, operation), name, kind, mac)
        )

    def undo(self, key: bytes, undo: bytes) -> None:
        """Delete a link, if it is still the same; of one that nobody knows the index of, the one of its name."""
        kind, _, name = key.decode("utf-8", "surrogateescape").partition(" ")
        halves = read_halves(undo) if undo else {self._requests.index_of(name): LinkIdentity(kind, name, b"")}
        for ifindex, identity in halves.items():
            try:
                if ifindex and identity.was_of(_identity(read_details(self._lookup, ifindex, ""))):
                    self._delete({ifindex: identity})
                    return
            except Unavailable as error:
                if error.errno not in GONE:
                    raise

    def leave(self, held: HeldLink) -> None:
        """Delete what is still here of a link."""
        self._sort_out(held)
        self._delete(held.here)

    def _delete(self, here: Mapping[int, LinkIdentity]) -> None:
        for ifindex, identity in here.items():  # with one half of a pair the other one goes
            answer = self._requests.request(RTM_DELLINK, 0, encode_link(ifindex))
            self._lookup.forget()
            if answer is None:
                return
            if answer.errno not in GONE:
                raise refused(f"delete {identity.kind} {identity.name}", answer, LINK_WORDS)

    def added(self, held: HeldLink) -> None:
        """Find it by each link that matters to it."""
        held.concerns = (*held.here, *((held.below,) if held.below else ()))
        for ifindex in held.concerns:
            self._concerned.setdefault(ifindex, []).append(held)

    def removed(self, held: HeldLink) -> None:
        """Find it no more."""
        super().removed(held)
        self._torn.pop(held, None)
        for ifindex in held.concerns:
            self._concerned[ifindex].remove(held)
            if not self._concerned[ifindex]:
                del self._concerned[ifindex]

    def link_heard(self, kind: int, link: LinkMessage, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost."""
        if self._torn and kind != RTM_DELLINK and link.kind in PAIRS:
            self.suspects.update(self._torn)  # perhaps it is the other half that has come back
        for held in self._concerned.get(link.ifindex, ()):
            if kind == RTM_DELLINK:
                held.left.add(link.ifindex)
                self.suspects[held] = 0
                continue
            if link.ifindex in held.here and link.ifindex not in held.left:
                self._know(held, link.ifindex, LinkIdentity(link.kind, link.name, link.mac))
            if link.ifindex == held.key and not all(data.find(one, start, end) >= 0 for one in held.pieces):
                self.suspects[held] = 0

    def _know(self, held: HeldLink, ifindex: int, identity: LinkIdentity) -> None:
        """Know by what a link is known again, also whoever reads our undo journal."""
        if held.here.get(ifindex) != identity:
            held.here[ifindex] = identity
            if held.number:
                held.undo = write_halves(held.here)
                self._recovery.journal.done(held.number, held.undo)

    def on_overrun(self) -> None:
        """Note that everything may be different."""
        super().on_overrun()
        for held in self.held.values():
            held.left.update(held.here)

    def check(self, suspects: dict[HeldLink, int]) -> Iterator[tuple[HeldLink, Unavailable]]:
        """Read each link."""
        for held in suspects:
            try:
                reason = self._loss_of(held)
            except Unavailable:
                self.suspects[held] = 0
                continue
            if reason is not None:
                yield held, reason

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
        if not held.ours or not held.spec.peer:
            return
        self._torn.pop(held, None)
        if not half:
            self._torn[held] = 0
        elif half not in held.here:
            self._know(held, half, _identity(read_details(self._lookup, half, f"hold {held.words}")))
            if half not in held.concerns:
                held.concerns += (half,)
                self._concerned.setdefault(half, []).append(held)

    def _loss_of(self, held: HeldLink) -> Unavailable | None:
        """Return why a link is not any more what was asked for; None if it is.

        Raises: Unavailable if that cannot be read now.
        """
        operation = f"hold {held.words}"
        self._sort_out(held)
        if held.key not in held.here:
            return Unavailable(operation, "the link is gone", errno.ENODEV)
        try:
            details = read_details(self._lookup, held.key, operation)
            self._find_half(held, details.link)
        except Unavailable as error:
            if error.errno not in GONE:
                raise
            del held.here[held.key]
            return error
        self._mind(held, bool(held.pieces) and not details.up)
        if held.below and details.link != held.below:
            return Unavailable(operation, f"{held.spec.link}, which it stands on, is gone", errno.ENODEV)
        shown = details.data if held.stands else {}
        if all(shown.get(number) == value for number, value in held.stands.items()):
            return None
        return Unavailable(operation, "someone changed its options")

    def _make(self, held: HeldLink, operation: str) -> None:
        spec = held.spec
        if spec.kind == "tun":
            from netstrata.system.netlink.tun import make_tun

            make_tun(spec.name, held.own, operation)
            return
        own, common = encode_options(KINDS[spec.kind], held.own), encode_options(COMMON, held.common)
        body = encode_new_link(spec.name, spec.kind, held.below, spec.peer, own, common)
        answer = self._requests.request(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, body)
        if answer is not None:
            raise _not_made(spec, answer, operation)

    def _follow(self, held: HeldLink, details: LinkDetails) -> None:
        """Know a link that is ours, its other half, and what the kernel made of the options."""
        held.key = details.ifindex
        held.here = {details.ifindex: _identity(details)}
        if held.spec.peer and details.link:
            held.here[details.link] = _identity(read_details(self._lookup, details.link, f"make {held.words}"))
        held.undo = write_halves(held.here)
        data = encode_options(KINDS[held.spec.kind], held.own)
        shown = details.data if data else {}
        held.stands = {number: shown[number] for number in data if number in shown}
        held.pieces = pieces_of(held.stands)
        self._mind(held, bool(held.pieces) and not details.up)

    def _obstacle(self, held: HeldLink, there: LinkDetails) -> str:
        """Say why a link that is there is not as it was asked for, "" if it is."""
        spec = held.spec
        if there.kind != spec.kind:
            return f"a {there.kind or 'hardware'} link of that name is there"
        if held.below and there.link != held.below:
            return f"it is there, but on {self._requests.name_of(there.link) if there.link else 'another link'}"
        if spec.peer and there.link != self._requests.index_of(spec.peer):
            return f"it is there, but {spec.peer} is not its other end"
        other = differing(KINDS[spec.kind], held.own, there.data) if held.own else []
        other += differing(COMMON, held.common, there.common) if held.common else []
        return f"it is there, but with another {' and '.join(other)}" if other else ""

    def _index_of(self, link: str, operation: str) -> int:
        ifindex = self._lookup.index_of(link)
        if not ifindex:
            raise no_link(operation, link)
        return ifindex


def _awaits(held: HeldLink) -> tuple[Awaited, ...]:
    """Return what may change about a link that is in the way: its name, and what it is like."""
    return Awaited(NAME, held.spec.name), Awaited(LINK, held.key)


def _identity(details: LinkDetails) -> LinkIdentity:
    return LinkIdentity(details.kind, details.name, details.mac)


def read_details(lookup: LinkLookup, ifindex: int, operation: str) -> LinkDetails:
    """Return how a link was made.

    Raises: Unavailable.
    """
    return decode_details(*lookup.body(ifindex, operation), _COMMON)


def resolved(options: Options, operation: str, requests: RequestSocket) -> dict[str, Given]:
    """Return options with the names of links, users and routing tables as numbers.

    Raises: Unavailable if there is none of that name.
    """
    found: dict[str, Given] = {}
    for name, value in options.items():
        if not isinstance(value, str):
            found[name] = value
        elif name in ("user", "group"):
            from netstrata.system.netlink.tun import number_of

            found[name] = number_of(name, value, operation)
        elif name == "table":
            found[name] = table_number(value, operation)
        else:
            ifindex = requests.index_of(value)
            if not ifindex:
                raise no_link(operation, value)
            found[name] = ifindex
    return found


def _not_made(spec: NewLink, answer: Answer, operation: str) -> Unavailable:
    text = answer.text.lower()
    if answer.errno == errno.EOPNOTSUPP and (not text or "unknown device type" in text):
        reason = f"this kernel has no {spec.kind} links"
        if not text and spec.options:
            reason += f", or none with {', '.join(spec.options)}"
        return Unavailable(operation, reason, errno.EOPNOTSUPP)
    if answer.errno == errno.EEXIST and not text:
        # The name was free: it is the other end's, or what the link is to do that one already does.
        if spec.peer:
            return Unavailable(operation, f"the name {spec.peer} is taken", errno.EEXIST, (Awaited(NAME, spec.peer),))
        return Unavailable(operation, f"another {spec.kind} link does this already", errno.EEXIST)
    return refused(operation, answer, LINK_WORDS)
