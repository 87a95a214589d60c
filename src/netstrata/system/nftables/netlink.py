"""The two netlink sockets of nftables: one listens, one deletes and lists.

The kernel answers inside send, and tells of a transaction before it answers it: nothing here waits.
Source: nfnetlink_rcv_batch in the kernel's nfnetlink.c.
"""

import errno
import os
import socket
from struct import Struct

from netstrata.protocols import nftables as protocol
from netstrata.protocols.nftables import NftObject
from netstrata.system.permission import takes
from netstrata.values import Unavailable

_NETLINK_NETFILTER = 12
_ERROR = 2  # NLMSG_ERROR
_DONE = 3  # NLMSG_DONE
_ANSWER = Struct("=IHHIIi")  # a header and the error
ROOM = 8 << 20  # bytes: some 10,000 rules told while the daemon does something else
_SO_RCVBUFFORCE = 33
_DATAGRAM = 1 << 17
_SEQUENCES = 0x7FFFFFFF


def _open() -> socket.socket:
    try:
        return socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_NETFILTER)
    except OSError as error:
        reason = error.strerror or "no netlink socket"
        raise Unavailable("talk to nftables", reason, error.errno or 0) from None


class NftSocket:
    """Hears what becomes of nftables in this network namespace, whoever does it."""

    __slots__ = ("overrun", "socket")

    def __init__(self, room: int) -> None:
        """Begin to listen.

        Shapes: room is in bytes, for what was not read yet.
        Raises: Unavailable.
        """
        self.overrun = False
        self.socket = _open()
        try:
            self.socket.setblocking(False)
            try:
                self.socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, room)
            except PermissionError:
                self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
            self.socket.bind((0, 1 << (protocol.GROUP - 1)))
        except OSError as error:
            self.socket.close()
            reason = takes("CAP_NET_ADMIN") if error.errno == errno.EPERM else error.strerror or str(error)
            raise Unavailable("listen to nftables", reason, error.errno or 0) from None

    def read(self) -> list[NftObject]:
        """Return what has been told since the last time; `overrun` says that some of it was lost."""
        found: list[NftObject] = []
        while True:
            try:
                found += protocol.read_objects(self.socket.recv(_DATAGRAM))
            except BlockingIOError:
                return found
            except OSError as error:
                if error.errno != errno.ENOBUFS:
                    raise
                self.overrun = True


class Requests:
    """Deletes, and lists what there is."""

    __slots__ = ("_sequence", "socket")

    def __init__(self) -> None:
        """Open the socket.

        Raises: Unavailable.
        """
        self._sequence = 0
        self.socket = _open()
        self.socket.bind((0, 0))

    def delete(self, kind: str, family: str, table: str, name: str, handle: int) -> int:
        """Delete one thing by its handle, and return the error number, 0 for none."""
        sequence = self._next(3)
        try:
            self.socket.send(protocol.deletion(sequence, kind, family, table, name, handle))
            while True:
                answer = self.socket.recv(_DATAGRAM, socket.MSG_DONTWAIT)
                _, what, _, seen, _, failure = _ANSWER.unpack_from(answer)
                if what == _ERROR and seen in (sequence, sequence + 1):
                    return int(-failure)
        except BlockingIOError:
            return errno.EIO
        except OSError as error:
            return error.errno or errno.EIO

    def list(self, kind: str) -> "list[NftObject]":
        """Return all things of a kind, in the order in which they stand.

        Raises: Unavailable.
        """
        sequence = self._next(1)
        found: list[NftObject] = []
        try:
            self.socket.send(protocol.listing(sequence, kind))
            while True:
                datagram = self.socket.recv(_DATAGRAM, socket.MSG_DONTWAIT)
                what = _ANSWER.unpack_from(datagram)[1]
                if what == _ERROR:
                    failure = -_ANSWER.unpack_from(datagram)[5]
                    raise Unavailable(f"list nftables {kind}s", os.strerror(failure), failure)
                found += protocol.read_objects(datagram)
                if what == _DONE:
                    return found
        except OSError as error:
            raise Unavailable(f"list nftables {kind}s", error.strerror or "", error.errno or 0) from None

    def find_set(self, family: str, table: str, name: str) -> "NftObject | None":
        """Return a set, None if there is none, or it cannot be asked for."""
        try:
            self.socket.send(protocol.question(self._next(1), family, table, name))
            found = protocol.read_objects(self.socket.recv(_DATAGRAM, socket.MSG_DONTWAIT))
        except OSError:
            return None
        return found[0] if found else None

    def _next(self, count: int) -> int:
        self._sequence = (self._sequence + count) % _SEQUENCES
        return self._sequence + 1
