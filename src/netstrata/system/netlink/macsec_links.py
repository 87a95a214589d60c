"""What the kernel shows of MACsec links, and has done with them: it is asked for all of them at once, or not at all."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from netstrata.protocols.macsec import FAMILY, MacsecLink, ask, decode
from netstrata.protocols.rtnetlink import Answer, messages
from netstrata.protocols.rtnetlink.constants import NLMSG_DONE
from netstrata.system.netlink.generic import GenericFamily
from netstrata.system.netlink.refusals import refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Unavailable

_WORDS: dict[int, str] = {}


class Macsec:
    """The family `macsec`."""

    __slots__ = ("_family", "_read")

    def __init__(self, requests: RequestSocket) -> None:
        self._family = GenericFamily(requests, FAMILY, "4.6")
        self._read: dict[int, MacsecLink] | None = None  # while nothing is changed

    def close(self) -> None:
        """Close the socket."""
        self._family.close()

    def find(self, ifindex: int, operation: str) -> MacsecLink | None:
        """Return a link; None if it is none of MACsec, or gone.

        Raises: Unavailable if that cannot be known now.
        """
        return (self._all(operation) if self._read is None else self._read).get(ifindex)

    def change(self, body: bytes, operation: str) -> Answer | None:
        """Ask for one change; None means that it is done.

        Raises: Unavailable if this kernel has no MACsec.
        """
        return self._family.request(body, operation)

    @contextmanager
    def reading_once(self, operation: str) -> Iterator[None]:
        """Read all links once, for many that are looked at.

        Raises: Unavailable if that cannot be.
        """
        self._read = self._all(operation)
        try:
            yield
        finally:
            self._read = None

    def _all(self, operation: str) -> dict[int, MacsecLink]:
        dump = self._family.dump(ask(), operation)
        if dump.answer is not None:
            raise refused(operation, dump.answer, _WORDS)
        if not dump.complete:
            raise Unavailable(operation, "MACsec links change too often to be read", errno.EAGAIN)
        links = (
            decode(data, one.start, one.end)
            for data in dump.datagrams
            for one in messages(data, len(data))
            if one.type != NLMSG_DONE
        )
        return {link.ifindex: link for link in links}
