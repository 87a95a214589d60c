"""Permanent neighbours on links, marked with our own protocol number."""

import errno

from netstrata.contract import Holder
from netstrata.contract.shapes_dhcp import MAC
from netstrata.ports.kernel import Neighbour
from netstrata.protocols.rtnetlink import (
    Answer,
    NeighbourMessage,
    ask_neighbour,
    decode_neighbour,
    encode_neighbour,
    messages,
)
from netstrata.protocols.rtnetlink.constants import (
    AF_INET,
    AF_INET6,
    NLM_F_CREATE,
    NLM_F_EXCL,
    NLM_F_REPLACE,
    NUD_PERMANENT,
    RTM_DELNEIGH,
    RTM_GETNEIGH,
    RTM_NEWNEIGH,
    RTNLGRP_NEIGH,
    RTPROT_NETSTRATA,
)
from netstrata.system.netlink.held import Held, Hold, IndexOf
from netstrata.system.netlink.monitor import Loss, Monitor, Subscriber
from netstrata.system.netlink.refusals import GONE, NEIGHBOUR_WORDS, no_link, refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Unavailable, format_address

Key = tuple[int, bytes]  # link, address


class HeldNeighbour(Held):
    """A neighbour that is held; its link by index."""

    __slots__ = ("key", "neighbour")

    def __init__(self, ours: bool, neighbour: Neighbour, key: Key) -> None:
        super().__init__(ours)
        self.neighbour = neighbour
        self.key = key


class NetlinkNeighbours(Subscriber):
    """The `Neighbours` port over rtnetlink."""

    __slots__ = ("_held", "_index_of", "_marks", "_monitor", "_requests", "_suspects")

    def __init__(self, requests: RequestSocket, monitor: Monitor, index_of: IndexOf) -> None:
        self._requests = requests
        self._monitor = monitor
        self._index_of = index_of
        self._held: dict[Key, HeldNeighbour] = {}
        self._suspects: dict[Key, None] = {}
        self._marks = False  # this kernel says whose a neighbour is, as it does since Linux 5.0
        monitor.tell(self, RTM_NEWNEIGH, RTM_DELNEIGH)

    def held_neighbour(self, neighbour: Neighbour) -> Hold[Neighbour, HeldNeighbour]:
        """Put a permanent neighbour into the kernel's table, in the place of one that was only learned."""
        return Hold(self, neighbour)

    def hold(self, wish: Neighbour, who: Holder | None) -> HeldNeighbour:
        """Add a neighbour, if it is not there."""
        operation = f"add neighbour {_words(wish)}"
        ifindex = self._index_of(wish.link)
        if not ifindex:
            raise no_link(operation, wish.link)
        key = (ifindex, wish.address)
        if who is not None:
            self._monitor.join(RTNLGRP_NEIGH)
        try:
            held = self._held.get(key)
            if held is None:
                held = self._held[key] = HeldNeighbour(self._put(wish, key, operation), wish, key)
            elif held.neighbour.mac != wish.mac:
                raise Unavailable(operation, f"this program holds {_words(held.neighbour)}", errno.EEXIST)
        except Unavailable:
            if who is not None:
                self._monitor.leave(RTNLGRP_NEIGH)
            raise
        held.add(who)
        return held

    def release(self, held: HeldNeighbour, who: Holder | None) -> None:
        """Delete a neighbour if the last one leaves who held it, and it was not there before."""
        if who is not None:
            self._monitor.leave(RTNLGRP_NEIGH)
        if not held.remove(who) or held.gone:
            return
        del self._held[held.key]
        operation = f"delete neighbour {_words(held.neighbour)}"
        try:
            if not held.ours or not self._stands(held, operation):
                return
            ifindex, address = held.key
            body = encode_neighbour(_family(address), ifindex, 0, address, b"")
            answer = self._requests.request(RTM_DELNEIGH, 0, body)
            if answer is not None and answer.errno not in GONE:
                raise refused(operation, answer, NEIGHBOUR_WORDS)
        except Unavailable as error:
            if who is not None:
                who.note(f"cannot {operation}: {error.reason}; ignoring")

    def on_message(self, kind: int, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost."""
        if not self._held:
            return
        message = decode_neighbour(data, start, end)
        held = self._held.get((message.ifindex, message.address))
        if held is not None and (kind == RTM_DELNEIGH or not self._is(message, held)):
            self._suspects[held.key] = None

    def overrun(self) -> None:
        """Note that everything may be different."""
        self._suspects.update(dict.fromkeys(self._held))

    def settle(self) -> tuple[list[Loss], bool]:
        """Look again at what may be different."""
        losses: list[Loss] = []
        suspects, self._suspects = self._suspects, {}
        for key in suspects:
            held = self._held.get(key)
            try:
                if held is None or self._stands(held, ""):
                    continue
            except Unavailable:
                self._suspects[key] = None
                continue
            held.gone = True
            del self._held[key]
            there = self._requests.index_of(held.neighbour.link) == key[0]
            why = "someone removed or changed it" if there else f"{held.neighbour.link} is gone or has a new name"
            reason = Unavailable(f"hold neighbour {_words(held.neighbour)}", why)
            losses += [Loss(holder, reason) for holder in held.holders]
        return losses, not self._suspects

    def _put(self, wish: Neighbour, key: Key, operation: str) -> bool:
        """Add a neighbour; return whether it is ours, and not one that was there before.

        Raises: Unavailable.
        """
        ifindex, address = key
        body = encode_neighbour(_family(address), ifindex, NUD_PERMANENT, address, wish.mac, RTPROT_NETSTRATA)
        answer = self._requests.request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, body)
        if answer is not None and answer.errno == errno.EEXIST:
            there = self._find(key, operation)
            if there is not None and there.state & NUD_PERMANENT:
                if there.mac == wish.mac:
                    return False
                mac = MAC.write(there.mac).decode() if len(there.mac) == 6 else "another address"  # type: ignore[union-attr]
                raise Unavailable(operation, f"it is there at {mac}", errno.EEXIST)
            answer = self._requests.request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, body)
        if answer is not None:
            raise refused(operation, answer, NEIGHBOUR_WORDS)
        return True

    def _stands(self, held: HeldNeighbour, operation: str) -> bool:
        found = self._find(held.key, operation)
        return found is not None and self._is(found, held)

    def _is(self, message: NeighbourMessage, held: HeldNeighbour) -> bool:
        """Say whether a neighbour is one that is held, and not one that somebody has put in its place."""
        ours = message.protocol == RTPROT_NETSTRATA
        self._marks = self._marks or ours
        same = bool(message.state & NUD_PERMANENT) and message.mac == held.neighbour.mac
        return same and (ours or not held.ours or not self._marks)

    def _find(self, key: Key, operation: str) -> NeighbourMessage | None:
        """Return a neighbour, None if it is not there.

        Raises: Unavailable if that cannot be read now.
        """
        ifindex, address = key
        found = self._requests.get(RTM_GETNEIGH, ask_neighbour(_family(address), ifindex, address))
        if isinstance(found, Answer):
            if found.errno not in GONE:
                raise refused(operation, found, NEIGHBOUR_WORDS)
            return None
        (one,) = messages(found, len(found))
        return decode_neighbour(found, one.start, one.end)


def _family(address: bytes) -> int:
    return AF_INET if len(address) == 4 else AF_INET6


def _words(neighbour: Neighbour) -> str:
    mac = MAC.write(neighbour.mac).decode()  # type: ignore[union-attr]
    return f"{format_address(neighbour.address).decode()} at {mac} on {neighbour.link}"
