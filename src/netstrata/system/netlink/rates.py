"""How much links let through: the discipline of what goes out, and the policing of what comes in.

What is ours bears our handle, or our priority.  A default discipline has no handle, and comes back by itself.
"""

import errno
from struct import Struct

from netstrata.contract.shapes.rate import RATE
from netstrata.ports.kernel import Rate
from netstrata.protocols.rtnetlink import Answer, LinkMessage, messages
from netstrata.protocols.rtnetlink.constants import (
    NLM_F_CREATE,
    NLM_F_EXCL,
    RTM_DELLINK,
    RTM_DELQDISC,
    RTM_DELTCLASS,
    RTM_DELTFILTER,
    RTM_GETQDISC,
    RTM_GETTCLASS,
    RTM_GETTFILTER,
    RTM_NEWQDISC,
    RTM_NEWTCLASS,
    RTM_NEWTFILTER,
    RTNLGRP_TC,
)
from netstrata.protocols.rtnetlink.queues import (
    INGRESS_FILTERS,
    INGRESS_HANDLE,
    OUR_HANDLE,
    TC_H_INGRESS,
    TC_H_ROOT,
    Queue,
    ask_queues,
    decode_queue,
    encode_class,
    encode_police,
    encode_queue,
    is_police,
    queue_link,
)
from netstrata.system.held import GONE, Held
from netstrata.system.held.wait_queues import LINK
from netstrata.system.netlink.link_store import LinkStore
from netstrata.system.netlink.refusals import no_link, refused
from netstrata.values import Awaited, Unavailable

_KEY = Struct("=I?")  # link, and whether it is about what comes in
_NEW = NLM_F_CREATE | NLM_F_EXCL
_WORDS: dict[int, str] = {}
_MADE = b"ingress"  # what filters are on is ours


class HeldRate(Held):
    """What a link lets through in one direction; by its index."""

    __slots__ = ("key", "rate", "record")

    def __init__(self, rate: Rate, ifindex: int) -> None:
        super().__init__()
        self.rate = rate
        self.key = ifindex, rate.kind == "police"
        self.record = _KEY.pack(*self.key)

    @property
    def words(self) -> str:
        """What is held, for people."""
        return words_of(self.rate)

    @property
    def undo_words(self) -> str:
        """What is done when it is undone."""
        return f"let all {'into' if self.key[1] else 'out of'} {self.rate.link}"


class LinkRates(LinkStore[Rate, HeldRate]):
    """All that is held of what links let through."""

    __slots__ = ()
    kind = "rate"
    bears_mark = True
    types = (RTM_NEWQDISC, RTM_DELQDISC, RTM_NEWTCLASS, RTM_DELTCLASS, RTM_NEWTFILTER, RTM_DELTFILTER)

    def prepare(self, spec: Rate) -> HeldRate:
        """Find the link."""
        ifindex = self._lookup.index_of(spec.link)
        if not ifindex:
            raise no_link(self.operation(spec), spec.link)
        return HeldRate(spec, ifindex)

    def operation(self, spec: Rate) -> str:
        """Return what is to be done."""
        return f"let {words_of(spec)}"

    def share(self, held: HeldRate, made: HeldRate) -> None:
        """See that it is the same."""
        if held.rate != made.rate:
            reason = f"this program lets {held.words} already"
            raise Unavailable(self.operation(made.rate), reason, errno.EEXIST, (Awaited(LINK, made.key[0]),))

    def listen(self, held: HeldRate) -> None:
        """Hear of links, and of what they let through."""
        super().listen(held)
        self._monitor.join(RTNLGRP_TC)

    def unlisten(self, held: HeldRate) -> None:
        """Take back one `listen`."""
        super().unlisten(held)
        self._monitor.leave(RTNLGRP_TC)

    def look(self, held: HeldRate) -> None:
        """Use what somebody has put there, if it is what is wanted."""
        operation = self.operation(held.rate)
        if held.key[1]:
            held.undo = b"" if self._has_ingress(held.key[0], operation) else _MADE
            return
        root = self._root(held.key[0], operation)
        if root is not None and root.handle:
            if (root.kind, root.rate) != (held.rate.kind, held.rate.rate):
                reason = f"it has a queueing discipline {root.kind} of somebody else"
                raise Unavailable(operation, reason, errno.EEXIST, (Awaited(LINK, held.key[0]),))
            held.ours = False

    def do(self, held: HeldRate) -> None:
        """Have a link let through no more."""
        operation = self.operation(held.rate)
        try:
            if held.key[1]:
                self._police(held, operation)
            else:
                self._queue(held, operation)
        except Unavailable:
            self.undo(held.record, held.undo)
            raise

    def stands(self, held: HeldRate, undo: bytes) -> bool:
        """Say whether it is there, as it was asked for."""
        held.undo = undo or held.undo
        return self._now(held, self.operation(held.rate)) == (held.rate.kind, held.rate.rate)

    def undo(self, key: bytes, undo: bytes) -> None:
        """Take away what is ours."""
        ifindex, is_in = _KEY.unpack(key)
        operation = f"let all through {self._requests.name_of(ifindex)}"
        if is_in:
            self._police_no_more(ifindex, undo == _MADE, operation)
            return
        root = self._root(ifindex, operation)
        if root is not None and root.handle == OUR_HANDLE:
            self._delete(RTM_DELQDISC, encode_queue(ifindex, TC_H_ROOT, OUR_HANDLE), operation)

    def on_message(self, kind: int, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost."""
        self._suspect(queue_link(data, start, end))

    def link_heard(self, kind: int, link: LinkMessage) -> None:
        """Note that a link has gone, which takes all with it."""
        if kind == RTM_DELLINK:
            self._suspect(link.ifindex)

    def loss_of(self, held: HeldRate) -> Unavailable | None:
        """Read a rate."""
        operation = f"hold {held.words}"
        self._lookup.body(held.key[0], operation)
        now = self._now(held, operation)
        if now == (held.rate.kind, held.rate.rate):
            return None
        held.gone = not now[0] and not held.key[1]  # what the filter was on may be there still
        return Unavailable(operation, "someone changed it" if now[0] else "someone removed it")

    def _suspect(self, ifindex: int) -> None:
        for is_in in (False, True):
            held = self.held.get((ifindex, is_in))
            if held is not None:
                self.suspects[held] = 0

    def _queue(self, held: HeldRate, operation: str) -> None:
        ifindex, kind, rate = held.key[0], held.rate.kind, held.rate.rate
        self._change(RTM_NEWQDISC, _NEW, encode_queue(ifindex, TC_H_ROOT, OUR_HANDLE, kind, rate), kind, operation)
        if kind == "htb":
            self._change(RTM_NEWTCLASS, _NEW, encode_class(ifindex, OUR_HANDLE, rate), kind, operation)
            # No stream waits for another one, where the kernel has what does that; else it has one queue for all.
            self._requests.request(RTM_NEWQDISC, _NEW, encode_queue(ifindex, OUR_HANDLE | 1, 0, "fq_codel"))

    def _police(self, held: HeldRate, operation: str) -> None:
        ifindex = held.key[0]
        if held.undo == _MADE:
            body = encode_queue(ifindex, TC_H_INGRESS, INGRESS_HANDLE, "ingress")
            self._change(RTM_NEWQDISC, _NEW, body, "ingress", operation)
        self._change(RTM_NEWTFILTER, _NEW, encode_police(ifindex, held.rate.rate), "police", operation)

    def _police_no_more(self, ifindex: int, is_made: bool, operation: str) -> None:
        """Take our filter away, and what we have made to put it on, if nobody else's is on it.

        Raises: Unavailable.
        """
        if self._filters(ifindex, operation, ours=True):
            self._delete(RTM_DELTFILTER, encode_police(ifindex), operation)
        if is_made and self._has_ingress(ifindex, operation) and not self._filters(ifindex, operation, ours=False):
            self._delete(RTM_DELQDISC, encode_queue(ifindex, TC_H_INGRESS, INGRESS_HANDLE), operation)

    def _has_ingress(self, ifindex: int, operation: str) -> bool:
        return any(queue.parent == TC_H_INGRESS for queue in self._queues(ifindex, operation))

    def _now(self, held: HeldRate, operation: str) -> tuple[str, int]:
        """Return what limits a link, and to what; "" for nothing of ours."""
        ifindex, is_in = held.key
        if is_in:
            return next((("police", one.rate) for one in self._filters(ifindex, operation, ours=True)), ("", 0))
        root = self._root(ifindex, operation)
        if root is None or not root.handle or (held.ours and root.handle != OUR_HANDLE):
            return "", 0
        return root.kind, root.rate

    def _root(self, ifindex: int, operation: str) -> Queue | None:
        """Return the discipline of what goes out; of an HTB with the rate of its class."""
        root = next((one for one in self._queues(ifindex, operation) if one.parent == TC_H_ROOT), None)
        if root is not None and root.kind == "htb":
            classes = self._read(RTM_GETTCLASS, RTM_NEWTCLASS, ask_queues(ifindex), operation)
            rates = [one.rate for one in classes if one.handle == root.handle | 1]
            return root._replace(rate=rates[0] if rates else 0)
        return root

    def _queues(self, ifindex: int, operation: str) -> list[Queue]:
        # The kernel tells all who listen when one is asked for alone, up to Linux 6.5: so all are.
        found = self._read(RTM_GETQDISC, RTM_NEWQDISC, ask_queues(), operation)
        return [one for one in found if one.ifindex == ifindex]

    def _filters(self, ifindex: int, operation: str, *, ours: bool) -> list[Queue]:
        found = self._read(RTM_GETTFILTER, RTM_NEWTFILTER, ask_queues(ifindex, INGRESS_FILTERS), operation)
        return [one for one in found if is_police(one) is ours and (one.handle or not ours)]

    def _read(self, kind: int, told: int, body: bytes, operation: str) -> list[Queue]:
        dump = self._requests.dump(kind, body)
        if dump.answer is not None:
            raise refused(operation, dump.answer, _WORDS)
        return [
            decode_queue(data, one.start, one.end)
            for data in dump.datagrams
            for one in messages(data, len(data))
            if one.type == told
        ]

    def _change(self, kind: int, flags: int, body: bytes, what: str, operation: str) -> None:
        answer = self._requests.request(kind, flags, body)
        if answer is not None:
            raise _not_made(answer, what, operation)

    def _delete(self, kind: int, body: bytes, operation: str) -> None:
        answer = self._requests.request(kind, 0, body)
        if answer is not None and answer.errno not in GONE:
            raise refused(operation, answer, _WORDS)


def words_of(rate: Rate) -> str:
    """Return what is let through: `20mbit out of eth0 by cake`."""
    if rate.kind == "police":
        return f"{_text(rate.rate)} into {rate.link}"
    return f"{_text(rate.rate) if rate.rate else 'all'} out of {rate.link} by {rate.kind}"


def _text(rate: int) -> str:
    written = RATE.write(rate)
    return written.decode() if isinstance(written, bytes) else ""


def _not_made(answer: Answer, what: str, operation: str) -> Unavailable:
    if answer.errno == errno.ENOENT or "action module" in answer.text or "qdisc kind is unknown" in answer.text:
        named = "policing (act_police, cls_matchall)" if what == "police" else f"queueing discipline {what}"
        return Unavailable(operation, f"this kernel has no {named}", errno.EOPNOTSUPP)
    return refused(operation, answer, _WORDS)
