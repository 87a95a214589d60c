"""Links that we make.

One that is there already, of the same kind and as it was asked for, is used and left alone; any other one of that name
is in the way.  Each is held by its index, so that never anybody else's is deleted.
"""

import errno
from collections.abc import Mapping
from typing import TYPE_CHECKING

from netstrata.contract import Running
from netstrata.contract.options import Options
from netstrata.ports.kernel import NewLink
from netstrata.protocols.rtnetlink import (
    COMMON,
    KINDS,
    Answer,
    LinkDetails,
    LinkMessage,
    ask_link,
    decode_details,
    differing,
    encode_link,
    encode_new_link,
    encode_options,
    messages,
    pieces_of,
)
from netstrata.protocols.rtnetlink.constants import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    RTM_DELLINK,
    RTM_GETLINK,
    RTM_NEWLINK,
    RTNLGRP_LINK,
)
from netstrata.protocols.rtnetlink.kinds import Given
from netstrata.system.netlink.held import Held, Holding
from netstrata.system.netlink.monitor import Ear, Loss, Monitor
from netstrata.system.netlink.refusals import GONE, LINK_WORDS, no_link, reason_of, refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from netstrata.system.netlink.links import NetlinkLinks

_COMMON = frozenset(field.attribute for field in COMMON.values())


class HeldLink(Held):
    """A link that is held, by its index."""

    __slots__ = ("ifindex", "pieces", "stands", "wish")

    def __init__(self, ours: bool, wish: NewLink, details: LinkDetails | None, ifindex: int, asked: list[int]) -> None:
        super().__init__(ours)
        self.wish = wish
        self.ifindex = ifindex
        # What the kernel made of the options, which is not always what was asked for to the last digit.
        self.stands = {n: details.data[n] for n in asked if n in details.data} if details is not None else {}
        self.pieces = pieces_of(self.stands)

    @property
    def words(self) -> str:
        """The link with its kind."""
        return f"{self.wish.kind} {self.wish.name}"


class MadeLinks(Ear):
    """All links that are held as such."""

    __slots__ = ("_held", "_links", "_monitor", "_requests", "_suspects")

    def __init__(self, requests: RequestSocket, monitor: Monitor, links: "NetlinkLinks") -> None:
        self._requests = requests
        self._monitor = monitor
        self._links = links
        self._held: dict[int, HeldLink] = {}
        self._suspects: set[int] = set()
        monitor.tell(self)

    def held_link(self, link: NewLink) -> Holding[NewLink, HeldLink]:
        """Make a link; deleted when the last holder leaves, unless one that is the same was there before."""
        return Holding(self, link)

    def hold(self, wish: NewLink, who: Running | None) -> HeldLink:
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
                self._held[held.ifindex] = held
        except Unavailable:
            if who is not None:
                self._monitor.leave(RTNLGRP_LINK)
            raise
        held.add(who)
        return held

    def release(self, held: HeldLink, who: Running | None) -> None:
        """Delete a link if the last one leaves who held it, and it was not there before."""
        if who is not None:
            self._monitor.leave(RTNLGRP_LINK)
        if not held.remove(who):
            return
        if self._held.get(held.ifindex) is held:
            del self._held[held.ifindex]
        if held.ours and not held.gone:
            answer = self._requests.request(RTM_DELLINK, 0, encode_link(held.ifindex))
            self._links.forget_names()
            if answer is not None and answer.errno not in GONE and who is not None:
                who.note(f"cannot delete {held.words}: {reason_of(answer, LINK_WORDS)}; ignoring")

    def link_heard(self, kind: int, link: LinkMessage, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost."""
        held = self._held.get(link.ifindex)
        if held is not None and (
            kind == RTM_DELLINK or not all(data.find(piece, start, end) >= 0 for piece in held.pieces)
        ):
            self._suspects.add(link.ifindex)

    def overrun(self) -> None:
        """Note that everything may be different."""
        self._suspects.update(self._held)

    def settle(self) -> tuple[list[Loss], bool]:
        """Look again at what may be different."""
        losses: list[Loss] = []
        suspects, self._suspects = self._suspects, set()
        for ifindex in suspects:
            held = self._held.get(ifindex)
            if held is None:
                continue
            operation = f"hold {held.words}"
            try:
                details = read_details(self._requests, ifindex, operation)
                if all(details.data.get(number) == value for number, value in held.stands.items()):
                    continue
                reason = Unavailable(operation, "someone changed its options")
            except Unavailable as error:
                reason = error
                held.gone = True
            del self._held[ifindex]
            losses += [Loss(holder, reason) for holder in held.holders]
        return losses, True

    def _take(self, wish: NewLink, ifindex: int, below: int, options: Mapping[str, Given], operation: str) -> HeldLink:
        """Use the link that is there, or make one."""
        fields = KINDS[wish.kind]
        if ifindex:
            details = read_details(self._requests, ifindex, operation)
            self._accept(wish, details, below, options, operation)
            return HeldLink(False, wish, details, ifindex, [])
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
        self._links.forget_names()
        ifindex = self._index_of(wish.name, operation)
        shown = read_details(self._requests, ifindex, operation) if data else None
        return HeldLink(True, wish, shown, ifindex, list(data))

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


def read_details(requests: RequestSocket, ifindex: int, operation: str) -> LinkDetails:
    """Return how a link was made.

    Raises: Unavailable.
    """
    found = requests.get(RTM_GETLINK, ask_link(ifindex))
    if isinstance(found, Answer):
        if found.errno == errno.ENODEV:
            raise Unavailable(operation, "the link is gone", errno.ENODEV)
        raise refused(operation, found, LINK_WORDS)
    (message,) = [message for message in messages(found, len(found)) if message.type == RTM_NEWLINK]
    return decode_details(found, message.start, message.end, _COMMON)


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
