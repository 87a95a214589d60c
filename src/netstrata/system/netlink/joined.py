"""Links in bridges, bonds and VRFs."""

import errno

from netstrata.contract import Holder
from netstrata.ports.kernel import NewPort
from netstrata.protocols.rtnetlink import (
    PORTS,
    Answer,
    LinkDetails,
    LinkMessage,
    differing,
    encode_options,
    pieces_of,
    set_master,
    set_port,
)
from netstrata.protocols.rtnetlink.constants import RTM_DELLINK, RTM_NEWLINK, RTNLGRP_LINK
from netstrata.protocols.rtnetlink.kinds import Attributes
from netstrata.system.netlink.held import Held, Hold
from netstrata.system.netlink.lookup import LinkLookup
from netstrata.system.netlink.made import read_details, resolved
from netstrata.system.netlink.monitor import Loss, Monitor, Subscriber
from netstrata.system.netlink.refusals import GONE, LINK_WORDS, no_link, refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Unavailable


class HeldPort(Held):
    """A link that is held in another one, both by index."""

    __slots__ = ("ifindex", "master", "pieces", "stands", "wish")

    def __init__(self, ours: bool, wish: NewPort, ifindex: int, master: int) -> None:
        super().__init__(ours)
        self.wish = wish
        self.ifindex = ifindex
        self.master = master
        self.stands: Attributes = {}
        self.pieces: tuple[bytes, ...] = ()

    @property
    def words(self) -> str:
        """The link and the one that it is in."""
        return f"{self.wish.link} in {self.wish.kind} {self.wish.master}"


class JoinedLinks(Subscriber):
    """All links that are held in others."""

    __slots__ = ("_held", "_lookup", "_monitor", "_quiet", "_requests", "_suspects")

    def __init__(self, requests: RequestSocket, monitor: Monitor, lookup: LinkLookup) -> None:
        self._requests = requests
        self._monitor = monitor
        self._lookup = lookup
        self._held: dict[int, HeldPort] = {}
        self._suspects: set[int] = set()
        self._quiet: set[int] = set()  # with options, and down: the kernel says nothing of changes
        monitor.tell(self)

    def held_port(self, port: NewPort) -> Hold[NewPort, HeldPort]:
        """Put a link into a bridge, bond or VRF; taken out when the last holder leaves, unless it was in it before."""
        return Hold(self, port)

    def hold(self, wish: NewPort, who: Holder | None) -> HeldPort:
        """Put a link into another one, if it is not in it."""
        operation = f"put {wish.link} into {wish.kind} {wish.master}"
        master, ifindex = self._lookup.index_of(wish.master), self._lookup.index_of(wish.link)
        if not master or not ifindex:
            raise no_link(operation, wish.link if master else wish.master)
        if who is not None:
            self._monitor.join(RTNLGRP_LINK)
        try:
            held = self._held.get(ifindex)
            if held is None or held.master != master:
                before, held = held, self._join(wish, ifindex, master, operation)
                self._held[ifindex] = held
                if before is not None:  # of which we have not heard yet that it went
                    before.gone = True
                    for holder in before.holders:
                        holder.lost(Unavailable(f"hold {before.words}", "someone took it out"))
            elif held.wish.options != wish.options:
                raise Unavailable(operation, "this program holds it there with other options", errno.EEXIST)
        except Unavailable:
            if who is not None:
                self._monitor.leave(RTNLGRP_LINK)
            raise
        held.add(who)
        return held

    def release(self, held: HeldPort, who: Holder | None) -> None:
        """Take a link out if the last one leaves who held it, it was not in it before, and it still is."""
        if who is not None:
            self._monitor.leave(RTNLGRP_LINK)
        if not held.remove(who):
            return
        if self._held.get(held.ifindex) is held:
            del self._held[held.ifindex]
            self._quiet.discard(held.ifindex)
        if not held.ours or held.gone:
            return
        try:
            if read_details(self._lookup, held.ifindex, "").master != held.master:
                return
            self._change(set_master(held.ifindex, 0), "")
        except Unavailable as error:
            if error.errno not in GONE and who is not None:
                who.note(f"cannot take {held.wish.link} out of {held.wish.master}: {error.reason}; ignoring")

    def link_heard(self, kind: int, link: LinkMessage, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost."""
        held = self._held.get(link.ifindex)
        if held is not None and (
            kind == RTM_DELLINK
            or link.master != held.master
            or not all(data.find(piece, start, end) >= 0 for piece in held.pieces)
        ):
            self._suspects.add(link.ifindex)

    def port_heard(self, ifindex: int) -> None:
        """Note that a bridge has spoken of a port, which it does in words of its own."""
        if ifindex in self._held:
            self._suspects.add(ifindex)

    def overrun(self) -> None:
        """Note that everything may be different."""
        self._suspects.update(self._held)

    def settle(self) -> tuple[list[Loss], bool]:
        """Look again at what may be different."""
        losses: list[Loss] = []
        complete = True
        suspects, self._suspects = self._suspects | self._quiet, set()
        for ifindex in suspects:
            held = self._held.get(ifindex)
            if held is None:
                continue
            operation = f"hold {held.words}"
            try:
                details = read_details(self._lookup, ifindex, operation)
                if details.master != held.master:
                    held.gone = True
                    reason = Unavailable(operation, "someone took it out")
                elif all(details.port_data.get(number) == value for number, value in held.stands.items()):
                    self._mind(held, details)
                    continue
                else:
                    reason = Unavailable(operation, "someone changed its options")
            except Unavailable as error:
                if error.errno not in GONE:
                    self._suspects.add(ifindex)
                    complete = False
                    continue
                held.gone = True
                reason = error
            del self._held[ifindex]
            self._quiet.discard(ifindex)
            losses += [Loss(holder, reason) for holder in held.holders]
        if self._quiet:
            self._monitor.look_again()
        return losses, complete

    def _mind(self, held: HeldPort, details: LinkDetails) -> None:
        """Read a port again now and then if the kernel would not tell what happens to it."""
        if held.pieces and not details.up:
            self._quiet.add(held.ifindex)
            self._monitor.look_again()
        else:
            self._quiet.discard(held.ifindex)

    def _join(self, wish: NewPort, ifindex: int, master: int, operation: str) -> HeldPort:
        """Put a link into another one, or see that it is in it, as it was asked for."""
        self._check_kind(wish, master, operation)
        options = resolved(wish.options, operation, self._requests)
        there = read_details(self._lookup, ifindex, operation)
        held = HeldPort(there.master == 0, wish, ifindex, master)
        if there.master:
            reason = ""
            other = differing(PORTS[wish.kind], options, there.port_data)
            if there.master != master:
                reason = f"it is in {self._requests.name_of(there.master)}"
            elif other:
                reason = f"it is in it already, but with another {' and '.join(other)}"
            if reason:
                raise Unavailable(operation, reason, errno.EBUSY)
            return held
        self._change(set_master(ifindex, master), operation)
        data = encode_options(PORTS[wish.kind], options)
        if data:
            try:
                self._change(set_port(ifindex, wish.kind, data), operation)
                details = read_details(self._lookup, ifindex, operation)
            except Unavailable:
                self._requests.request(RTM_NEWLINK, 0, set_master(ifindex, 0))
                raise
            shown = details.port_data
            held.stands = {number: shown[number] for number in data if number in shown}
            held.pieces = pieces_of(held.stands)
            self._mind(held, details)
        return held

    def _check_kind(self, wish: NewPort, master: int, operation: str) -> None:
        there: LinkDetails = read_details(self._lookup, master, operation)
        if there.kind != wish.kind:
            raise Unavailable(operation, f"{wish.master} is no {wish.kind}", errno.EINVAL)

    def _change(self, body: bytes, operation: str) -> None:
        answer: Answer | None = self._requests.request(RTM_NEWLINK, 0, body)
        if answer is not None:
            raise refused(operation, answer, LINK_WORDS)
