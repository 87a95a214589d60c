"""Permanent neighbours on links, marked with our own protocol number."""

import errno
from collections.abc import Callable, Iterator

from netstrata.contract.shapes.dhcp import MAC
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
    AF_BRIDGE,
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
from netstrata.system.held import GONE, NO_RECOVERY, Held, Recovery, Store
from netstrata.system.held.wait_queues import LINK, NEIGHBOUR
from netstrata.system.netlink.lookup import IndexOf
from netstrata.system.netlink.monitor import Monitor, Subscriber
from netstrata.system.netlink.refusals import NEIGHBOUR_WORDS, no_link, refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Awaited, Unavailable, format_address

Key = tuple[int, bytes]  # link, address


class HeldNeighbour(Held):
    """A neighbour that is held; its link by index."""

    __slots__ = ("key", "neighbour", "record")
    noun = "neighbour"

    def __init__(self, neighbour: Neighbour, key: Key) -> None:
        super().__init__()
        self.neighbour = neighbour
        self.key = key
        self.record = encode_neighbour(_family(key[1]), key[0], 0, key[1], b"")
        self.undo = neighbour.mac

    @property
    def words(self) -> str:
        """The neighbour with its hardware address and link."""
        return _words(self.neighbour)


class NetlinkNeighbours(Store[Neighbour, HeldNeighbour], Subscriber):
    """The `Neighbours` port over rtnetlink."""

    __slots__ = ("_index_of", "_marks", "_monitor", "_requests", "bridges")
    kind = "neighbour"
    bears_mark = True

    def __init__(
        self, requests: RequestSocket, monitor: Monitor, index_of: IndexOf, recovery: Recovery = NO_RECOVERY
    ) -> None:
        super().__init__(recovery)
        self._requests = requests
        self._monitor = monitor
        self._index_of = index_of
        self.bridges: list[Callable[[int, bytearray, int, int], None]] = []
        self._marks = False  # this kernel says whose a neighbour is, as it does since Linux 5.0
        monitor.subscribe(self, RTM_NEWNEIGH, RTM_DELNEIGH)

    def prepare(self, spec: Neighbour) -> HeldNeighbour:
        """Find the link."""
        ifindex = self._index_of(spec.link)
        if not ifindex:
            raise no_link(self.operation(spec), spec.link)
        return HeldNeighbour(spec, (ifindex, spec.address))

    def operation(self, spec: Neighbour) -> str:
        """Return what is to be done."""
        return f"add neighbour {_words(spec)}"

    def share(self, held: HeldNeighbour, made: HeldNeighbour) -> None:
        """See that it is at the same hardware address."""
        if held.neighbour.mac != made.neighbour.mac:
            reason = f"this program holds {held.words}"
            raise Unavailable(f"add neighbour {made.words}", reason, errno.EEXIST, (Awaited(NEIGHBOUR, made.key),))

    def listen(self, held: HeldNeighbour) -> None:
        """Subscribe to neighbours."""
        self._monitor.join(RTNLGRP_NEIGH)

    def unlisten(self, held: HeldNeighbour) -> None:
        """Take back one `listen`."""
        self._monitor.leave(RTNLGRP_NEIGH)

    def do(self, held: HeldNeighbour) -> None:
        """Add a neighbour, if it is not there."""
        operation = f"add neighbour {held.words}"
        ifindex, address = held.key
        awaits = (Awaited(NEIGHBOUR, held.key), Awaited(LINK, ifindex))
        mac = held.neighbour.mac
        body = encode_neighbour(_family(address), ifindex, NUD_PERMANENT, address, mac, RTPROT_NETSTRATA)
        answer = self._requests.request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_EXCL, body)
        if answer is not None and answer.errno == errno.EEXIST:
            there = self._find(held.key, operation)
            if there is not None and there.state & NUD_PERMANENT:
                if there.mac == mac:
                    held.ours = False
                    return
                other = MAC.write(there.mac).decode() if len(there.mac) == 6 else "another address"  # type: ignore[union-attr]
                raise Unavailable(operation, f"it is there at {other}", errno.EEXIST, awaits)
            answer = self._requests.request(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, body)
        if answer is not None:
            raise refused(operation, answer, NEIGHBOUR_WORDS, *awaits)

    def stands(self, held: HeldNeighbour, undo: bytes) -> bool:
        """Say whether a neighbour is there, at that hardware address, with our mark."""
        return self._is_ours(held.key, held.neighbour.mac, f"add neighbour {held.words}")

    def undo(self, key: bytes, undo: bytes) -> None:
        """Delete a neighbour, if it is still at the address that we have set."""
        one = decode_neighbour(key, 0, len(key))
        where = f"{format_address(one.address).decode()} on {self._requests.name_of(one.ifindex)}"
        operation = f"delete neighbour {where}"
        if self._is_ours((one.ifindex, one.address), undo, operation):
            self._delete(key, operation)

    def leave(self, held: HeldNeighbour) -> None:
        """Delete a neighbour that we hold, if it still is the one."""
        operation = f"delete neighbour {held.words}"
        if self._is_there(held, operation):
            self._delete(held.record, operation)

    def on_message(self, kind: int, data: bytearray, start: int, end: int) -> None:
        """Note what may have been lost; what bridges say in the same words is for others."""
        if data[start] == AF_BRIDGE:
            for listener in self.bridges:
                listener(kind, data, start, end)
        if not self.held:
            return
        message = decode_neighbour(data, start, end)
        held = self.held.get((message.ifindex, message.address))
        if held is not None and (kind == RTM_DELNEIGH or not self._is(message, held)):
            self.suspects[held] = 0

    def check(self, suspects: dict[HeldNeighbour, int]) -> Iterator[tuple[HeldNeighbour, Unavailable]]:
        """Ask for each."""
        for held in suspects:
            try:
                if self._is_there(held, ""):
                    continue
            except Unavailable:
                self.suspects[held] = 0
                continue
            held.gone = True
            there = self._requests.index_of(held.neighbour.link) == held.key[0]
            why = "someone removed or changed it" if there else f"{held.neighbour.link} is gone or has a new name"
            yield held, Unavailable(f"hold neighbour {held.words}", why)

    def _delete(self, body: bytes, operation: str) -> None:
        answer = self._requests.request(RTM_DELNEIGH, 0, body)
        if answer is not None and answer.errno not in GONE:
            raise refused(operation, answer, NEIGHBOUR_WORDS)

    def _is_ours(self, key: Key, mac: bytes, operation: str) -> bool:
        found = self._find(key, operation)
        return found is not None and _is_at(found, mac) and found.protocol == RTPROT_NETSTRATA

    def _is_there(self, held: HeldNeighbour, operation: str) -> bool:
        found = self._find(held.key, operation)
        return found is not None and self._is(found, held)

    def _is(self, message: NeighbourMessage, held: HeldNeighbour) -> bool:
        """Say whether a neighbour is one that is held, and not one that somebody has put in its place."""
        ours = message.protocol == RTPROT_NETSTRATA
        self._marks = self._marks or ours
        return _is_at(message, held.neighbour.mac) and (ours or not held.ours or not self._marks)

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
        neighbour = decode_neighbour(found, one.start, one.end)
        self._marks = self._marks or neighbour.protocol == RTPROT_NETSTRATA
        return neighbour


def _is_at(message: NeighbourMessage, mac: bytes) -> bool:
    return bool(message.state & NUD_PERMANENT) and message.mac == mac


def _family(address: bytes) -> int:
    return AF_INET if len(address) == 4 else AF_INET6


def _words(neighbour: Neighbour) -> str:
    mac = MAC.write(neighbour.mac).decode()  # type: ignore[union-attr]
    return f"{format_address(neighbour.address).decode()} at {mac} on {neighbour.link}"
