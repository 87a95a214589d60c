"""A family of generic netlink: its socket, and the number that the kernel has given to it."""

import errno

from netstrata.protocols import genetlink
from netstrata.protocols.rtnetlink import Answer, messages
from netstrata.system.netlink.socket import Dump, RequestSocket
from netstrata.values import Unavailable


class GenericFamily:
    """One family, asked for when it is needed first."""

    __slots__ = ("_name", "_number", "_requests", "_since", "_socket")

    def __init__(self, requests: RequestSocket, name: str, since: str) -> None:
        """Take the socket to the same kernel, the family's name, and the first Linux that has it."""
        self._requests = requests
        self._name = name
        self._since = since
        self._socket: RequestSocket | None = None
        self._number = 0

    @property
    def is_there(self) -> bool:
        """Whether this kernel has the family, perhaps as a module that it has loaded for being asked."""
        try:
            self._opened("")
        except Unavailable:
            return False
        return True

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()

    def request(self, body: bytes, operation: str) -> Answer | None:
        """Ask for one change; None means that it is done.

        Raises: Unavailable if this kernel has no such family.
        """
        return self._opened(operation).request(self._number, 0, body)

    def get(self, body: bytes, operation: str) -> bytes | Answer:
        """Read one thing: the datagram that holds it, or the kernel's no.

        Raises: Unavailable if this kernel has no such family.
        """
        return self._opened(operation).get(self._number, body)

    def dump(self, body: bytes, operation: str) -> Dump:
        """Read a whole table.

        Raises: Unavailable if this kernel has no such family.
        """
        return self._opened(operation).dump(self._number, body)

    def _opened(self, operation: str) -> RequestSocket:
        if self._socket is None:
            generic = self._requests.sibling(genetlink.NETLINK_GENERIC)
            found = generic.get(genetlink.GENL_ID_CTRL, genetlink.ask_family(self._name))
            if isinstance(found, Answer):
                generic.close()
                reason = f"this kernel has no netlink family {self._name}, which is there since Linux {self._since}"
                raise Unavailable(operation, reason, errno.EOPNOTSUPP)
            [one, *_] = messages(found, len(found))
            self._number = genetlink.decode_family(found, one.start, one.end)
            self._socket = generic
        return self._socket
