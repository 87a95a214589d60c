"""The two who run WireGuard: the kernel, and programs such as wireguard-go, each at a socket of its own."""

import errno
import os
import socket
import time
from typing import Final

from netstrata.protocols.rtnetlink import Malformed, messages
from netstrata.protocols.rtnetlink.constants import NLMSG_DONE
from netstrata.protocols.wireguard import netlink, uapi
from netstrata.protocols.wireguard.device import Device, DeviceChange
from netstrata.system.netlink.generic import GenericFamily
from netstrata.system.netlink.refusals import refused
from netstrata.system.netlink.socket import RequestSocket
from netstrata.values import Unavailable

DIRECTORY: Final = "/run/wireguard"
_PATIENCE_S: Final = 1.0  # for an answer, which takes milliseconds
_SULK_S: Final = 30.0  # in which one that has not answered is not asked again
_PIECE: Final = 1 << 16
_WORDS: Final = {3: "private key", 6: "port", 7: "mark", 8: "peers"}


class KernelWireguard:
    """The family `wireguard` of the kernel."""

    __slots__ = ("_family",)

    def __init__(self, requests: RequestSocket) -> None:
        self._family = GenericFamily(requests, netlink.FAMILY, "5.6")

    @property
    def is_there(self) -> bool:
        """Whether this kernel has it."""
        return self._family.is_there

    def read(self, ifindex: int, operation: str) -> Device:
        """Read a device with its peers.

        Raises: Unavailable.
        """
        dump = self._family.dump(netlink.ask(ifindex), operation)
        if dump.answer is not None:
            raise refused(operation, dump.answer, _WORDS)
        if not dump.complete:
            raise Unavailable(operation, "its peers change too often to be read", errno.EAGAIN)
        shown = [
            (data, one.start, one.end)
            for data in dump.datagrams
            for one in messages(data, len(data))
            if one.type != NLMSG_DONE
        ]
        try:
            return netlink.decode(shown)
        except Malformed as error:
            raise Unavailable(operation, str(error), errno.EPROTO) from None

    def change(self, ifindex: int, change: DeviceChange, operation: str) -> None:
        """Change a device.

        Raises: Unavailable.
        """
        for body in netlink.encode(ifindex, change):
            answer = self._family.request(body, operation)
            if answer is not None:
                raise refused(operation, answer, _WORDS)


class ProgramWireguard:
    """The socket of each link's program; one that does not answer in time is let alone for a while."""

    __slots__ = ("_sulks",)

    def __init__(self) -> None:
        self._sulks: dict[str, float] = {}

    def is_there(self, link: str) -> bool:
        """Say whether some program runs a link of that name."""
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as stream:
                stream.settimeout(_PATIENCE_S)
                stream.connect(path_of(link))
        except OSError:
            return False
        return True

    def begin(self, link: str) -> None:
        """Ask anew: another program runs the link."""
        self._sulks.pop(link, None)

    def read(self, link: str, operation: str) -> Device:
        """Read a device with its peers.

        Raises: Unavailable.
        """
        try:
            return uapi.decode(self._ask(link, uapi.ASK, operation))
        except Malformed as error:
            raise Unavailable(operation, str(error), errno.EPROTO) from None

    def change(self, link: str, change: DeviceChange, operation: str) -> None:
        """Change a device.

        Raises: Unavailable.
        """
        self._ask(link, uapi.encode(change), operation)

    def _ask(self, link: str, question: bytes, operation: str) -> bytes:
        """Ask, and return the answer, which is a yes.

        Raises: Unavailable.
        """
        now = time.monotonic()
        if self._sulks.get(link, 0.0) > now:
            raise Unavailable(operation, "its program does not answer", errno.EAGAIN)
        try:
            answer = _exchange(path_of(link), question, now + _PATIENCE_S)
            number = uapi.error_of(answer)
        except TimeoutError:
            self._sulks[link] = now + _SULK_S
            raise Unavailable(operation, "its program does not answer", errno.EAGAIN) from None
        except OSError as error:
            raise Unavailable(operation, error.strerror or str(error), error.errno or 0) from None
        except Malformed as error:
            raise Unavailable(operation, str(error), errno.EPROTO) from None
        if number:
            raise Unavailable(operation, os.strerror(number), number)
        return answer


def path_of(link: str) -> str:
    """Return where the socket of a link's program is."""
    return f"{DIRECTORY}/{link}.sock"


def _exchange(path: str, question: bytes, until: float) -> bytes:
    """Ask, and return the answer.

    Raises: OSError, of which TimeoutError is that it took too long.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC) as stream:
        stream.settimeout(_PATIENCE_S)
        stream.connect(path)
        stream.sendall(question)
        answer = bytearray()
        while not answer.endswith(uapi.END):
            left_s = until - time.monotonic()
            if left_s <= 0:
                raise TimeoutError
            stream.settimeout(left_s)
            piece = stream.recv(_PIECE)
            if not piece:
                break
            answer += piece
    return bytes(answer)
