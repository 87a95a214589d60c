"""The socket that requests go through.

rtnetlink handles a request inside sendmsg, under its lock: when send returns, the answer is in the socket's queue.
So a request is one send and one receive, and nothing here ever waits (docs/decisions/0002).
Source: netlink(7), linux/netlink.h.
"""

import errno
import socket
from collections.abc import Callable, Generator
from struct import Struct
from sys import byteorder
from typing import NamedTuple

from netstrata.protocols.rtnetlink import (
    Answer,
    Malformed,
    answer_of,
    ask_link_named,
    decode_link,
    done_of,
    messages,
)
from netstrata.protocols.rtnetlink.constants import (
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_DUMP_INTR,
    NLM_F_REQUEST,
    NLMSG_DONE,
    NLMSG_ERROR,
    RTM_GETLINK,
)
from netstrata.protocols.rtnetlink.wire import HEADER, HEADER_SIZE
from netstrata.system.netlink.kernel_socket import OpenSocket, open_socket

SOL_NETLINK = 270
NETLINK_CAP_ACK = 10
NETLINK_EXT_ACK = 11
NETLINK_GET_STRICT_CHK = 12
SIOCGIFNAME = 0x8910
SIOCGIFINDEX = 0x8933

_BUFFER = 1 << 16
_DONTWAIT = int(socket.MSG_DONTWAIT)
_BATCH = 1 << 14  # bytes in one send: some 250 routes, whose answers fit the receive queue
DUMP_TRIES = 4
_ACK = Struct("=IHHIIi")  # a header and the error
_SEQUENCE_MASK = 0xFFFFFFFF


class Request(NamedTuple):
    """One of several requests that leave together."""

    type: int
    flags: int
    body: bytes


class Dump(NamedTuple):
    """What a dump brought: datagrams to split with `messages`.

    Shapes: answer is None if it went well; complete is False if the kernel's tables changed meanwhile each time.
    """

    datagrams: list[bytes]
    answer: Answer | None
    complete: bool


class RequestSocket:
    """One netlink socket for requests, in the network namespace of the thread that made it."""

    __slots__ = ("_buffer", "_opens", "_receive", "_send", "_sequence", "_socket", "changes", "port")

    def __init__(self, protocol: int = socket.NETLINK_ROUTE, opens: OpenSocket = open_socket) -> None:
        """Open the socket; what is said here of rtnetlink holds for generic netlink, too.

        Raises: OSError.
        """
        self._opens = opens
        self._socket = opens(socket.SOCK_RAW | socket.SOCK_CLOEXEC, protocol)
        for option in (NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK):
            try:
                self._socket.setsockopt(SOL_NETLINK, option, 1)
            except OSError as error:  # an older kernel answers with fewer words, or dumps more than was asked for
                if error.errno != errno.ENOPROTOOPT:
                    raise
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self._socket.bind((0, 0))
        self.port: int = self._socket.getsockname()[0]
        self._buffer = bytearray(_BUFFER)
        self._sequence = 0
        self.changes = 0  # that were asked for
        self._send = self._socket.send
        self._receive = self._socket.recv_into

    def sibling(self, protocol: int) -> "RequestSocket":
        """Open a socket for another protocol of the same kernel.

        Raises: OSError.
        """
        return RequestSocket(protocol, self._opens)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def request(self, kind: int, flags: int, body: bytes) -> Answer | None:
        """Ask for one change; None means that it is done."""
        self.changes += 1
        sequence = self._sequence = (self._sequence + 1) & _SEQUENCE_MASK
        packet = HEADER.pack(HEADER_SIZE + len(body), kind, flags | NLM_F_REQUEST | NLM_F_ACK, sequence, 0) + body
        try:
            self._send(packet)
        except OSError as error:
            return Answer(error.errno or errno.EIO)
        try:
            size = self._receive(self._buffer, 0, _DONTWAIT)
        except OSError:
            size = 0
        if size >= 20:
            _, what, _, seen, _, failure = _ACK.unpack_from(self._buffer)
            if what == NLMSG_ERROR and seen == sequence and failure == 0:
                return None
        return self._answers(size, {sequence: packet}).get(sequence, _SILENCE)

    def requests(self, wanted: list[Request]) -> list[Answer | None]:
        """Ask for several changes, in order, in as few sends as possible; a refused one does not stop the others."""
        self.changes += 1
        results: list[Answer | None] = []
        batch: dict[int, bytes] = {}
        size = 0
        for kind, flags, body in wanted:
            sequence = self._sequence = (self._sequence + 1) & _SEQUENCE_MASK
            packet = HEADER.pack(HEADER_SIZE + len(body), kind, flags | NLM_F_REQUEST | NLM_F_ACK, sequence, 0) + body
            packet += b"\0" * (-len(packet) & 3)
            if size + len(packet) > _BATCH and batch:
                results += self._together(batch)
                batch = {}
                size = 0
            batch[sequence] = packet
            size += len(packet)
        return results + self._together(batch)

    def get(self, kind: int, body: bytes) -> bytes | Answer:
        """Read one thing: the datagram that holds it, or the kernel's no."""
        sequence = self._sequence = (self._sequence + 1) & _SEQUENCE_MASK
        packet = HEADER.pack(HEADER_SIZE + len(body), kind, NLM_F_REQUEST, sequence, 0) + body
        try:
            self._send(packet)
            while True:
                data = self._socket.recv(_BUFFER, _DONTWAIT)
                for message in messages(data, len(data)):
                    if message.sequence != sequence:
                        continue
                    if message.type == NLMSG_ERROR:
                        return answer_of(data, message.flags, message.start, message.end, packet)
                    return data
        except OSError as error:
            return _silence(error)
        except Malformed:
            return Answer(errno.EPROTO)

    def dump(self, kind: int, body: bytes) -> Dump:
        """Read a whole table, again if it changed while it was read."""
        for _ in range(DUMP_TRIES):
            datagrams: list[bytes] = []
            answer, complete = self.stream(kind, body, datagrams.append)
            if complete:
                break
        return Dump(datagrams, answer, complete)

    def stream(self, kind: int, body: bytes, take: Callable[[bytes], None]) -> tuple[Answer | None, bool]:
        """Read a whole table once, and hand over each datagram of it; return what `pieces` returns."""
        reading = self.pieces(kind, body)
        while True:
            try:
                take(next(reading))
            except StopIteration as end:
                answer, complete = end.value
                return answer, complete

    def pieces(self, kind: int, body: bytes) -> Generator[bytes, None, tuple[Answer | None, bool]]:
        """Yield the datagrams of a whole table, to be split with `messages`; nothing else may be asked until the end.

        Return the kernel's no if it said so, and whether the table stayed as it was meanwhile.  A million routes are
        too many to look at each: where the table has changed, the kernel marks the first message of a datagram.
        """
        sequence = self._sequence = (self._sequence + 1) & _SEQUENCE_MASK
        packet = HEADER.pack(HEADER_SIZE + len(body), kind, NLM_F_REQUEST | NLM_F_DUMP, sequence, 0) + body
        complete = True
        last = b""
        try:
            self._send(packet)
            while True:
                try:
                    data = self._socket.recv(_BUFFER, _DONTWAIT)
                except BlockingIOError:  # the kernel refills the queue as it is emptied, so this is the end
                    break
                if len(data) < HEADER_SIZE:
                    raise Malformed("a datagram without a header")
                _, what, flags, seen, _ = HEADER.unpack_from(data)
                if seen == sequence:
                    last = data
                    complete = complete and not flags & NLM_F_DUMP_INTR
                    if what != NLMSG_ERROR:
                        yield data
            answer, unchanged = _end_of(last, packet)
            return answer, complete and unchanged
        except OSError as error:
            return _silence(error), False
        except Malformed:
            return Answer(errno.EPROTO), False

    def index_of(self, name: str) -> int:
        """Return a link's index by its name, 0 if there is none; the kernel is asked each time, which takes 1 us.

        What is too long for a name (IFNAMSIZ) may be an alternative one.
        """
        packed = name.encode("utf-8", "surrogateescape")
        if len(packed) > 15:
            link = self.get(RTM_GETLINK, ask_link_named(packed))
            return 0 if isinstance(link, Answer) else decode_link(link, HEADER_SIZE, len(link)).ifindex
        if not packed:
            return 0
        try:
            found = self._socket.ioctl(SIOCGIFINDEX, packed.ljust(40, b"\0"))
        except OSError:
            return 0
        return int.from_bytes(found[16:20], byteorder)

    def name_of(self, ifindex: int) -> str:
        """Return a link's name as it is now, or `link 7` if it has gone."""
        try:
            found = self._socket.ioctl(SIOCGIFNAME, bytes(16) + ifindex.to_bytes(4, byteorder) + bytes(20))
        except OSError:
            return f"link {ifindex}"
        return found[:16].partition(b"\0")[0].decode("utf-8", "surrogateescape")

    def _together(self, batch: dict[int, bytes]) -> list[Answer | None]:
        if not batch:
            return []
        try:
            self._send(b"".join(batch.values()))
        except OSError as error:
            return [Answer(error.errno or errno.EIO)] * len(batch)
        answers = self._answers(0, batch)
        return [answers.get(sequence, _SILENCE) for sequence in batch]

    def _answers(self, size: int, packets: dict[int, bytes]) -> dict[int, Answer | None]:
        """Read answers until each packet has its own, beginning with what is in the buffer already.

        What is lost, for want of memory, is told once as ENOBUFS; what came before and after it is there still.
        """
        answers: dict[int, Answer | None] = {}
        try:
            while True:
                for message in messages(self._buffer, size):
                    packet = packets.get(message.sequence)
                    if packet is not None and message.type == NLMSG_ERROR:
                        answer = answer_of(self._buffer, message.flags, message.start, message.end, packet)
                        answers[message.sequence] = answer if answer.errno else None
                if len(answers) == len(packets):
                    return answers
                size = self._next()
        except (OSError, Malformed):
            return answers

    def _next(self) -> int:
        """Read the next datagram into the buffer, and return its size, 0 if it was lost.

        Raises: OSError.
        """
        try:
            return self._receive(self._buffer, 0, _DONTWAIT)
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            return 0


_SILENCE = Answer(errno.EPROTO, "the kernel did not answer", silent=True)


def _silence(error: OSError) -> Answer:
    return _SILENCE if error.errno == errno.EAGAIN else Answer(error.errno or errno.EIO)


def _end_of(data: bytes, packet: bytes) -> tuple[Answer | None, bool]:
    """Read from the last datagram of a dump how it ended, and whether the table had not changed.

    Raises: Malformed.
    """
    for message in reversed(messages(data, len(data))):
        unchanged = not message.flags & NLM_F_DUMP_INTR
        if message.type == NLMSG_DONE:
            failure = done_of(data, message.start, message.end)
            return (Answer(failure) if failure else None), unchanged
        if message.type == NLMSG_ERROR:
            return answer_of(data, message.flags, message.start, message.end, packet), unchanged
    return _SILENCE, False
