"""Waiting until a TCP or UDP port is free: the kernel tells of each socket that is closed, in the words of ss(8) -E.

All others are left out in the kernel, so that a server's thousands of connections cost nothing.
Source: sock_diag(7), linux/sock_diag.h (SKNLGRP_…), linux/inet_diag.h, linux/filter.h.
"""

import asyncio
import socket
from contextlib import ExitStack
from struct import Struct
from typing import Final

from netstrata.system.held import Stop, WaitQueues
from netstrata.system.held.wait_queues import PORT
from netstrata.system.socket_filter import attach_filter

_NETLINK_SOCK_DIAG: Final = 4
_DESTROYED: Final = 0b1111  # TCP, UDP, TCP over IPv6, UDP over IPv6
_SOURCE_PORT_AT: Final = 20  # behind the message's header and four bytes
_INSTRUCTION: Final = Struct("=HBBI")  # sock_filter


class AwaitedPorts:
    """Hears of sockets that are closed while anybody waits for their port."""

    __slots__ = ("_queues",)

    def __init__(self, queues: WaitQueues) -> None:
        self._queues = queues
        queues.knows(PORT, self._listen)

    def _listen(self, port: int) -> Stop:
        """Hear when a socket with that port is closed.

        Raises: OSError if the kernel tells of none.
        """
        loop = asyncio.get_running_loop()
        with ExitStack() as listening:
            listener = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, _NETLINK_SOCK_DIAG)
            listening.callback(listener.close)
            listener.setblocking(False)
            attach_filter(listener, _filter(port))
            listener.bind((0, _DESTROYED))

            def hear() -> None:
                try:
                    listener.recv(1)
                except BlockingIOError:
                    return
                except OSError:  # some of it was lost
                    pass
                self._queues.changed(PORT, port)

            loop.add_reader(listener.fileno(), hear)
            listening.callback(loop.remove_reader, listener.fileno())
            return listening.pop_all().close


def _filter(port: int) -> bytes:
    """Return the program that passes only what is said of sockets with a port."""
    load_half, equal, result = 0x28, 0x15, 0x06
    code = ((load_half, 0, 0, _SOURCE_PORT_AT), (equal, 0, 1, port), (result, 0, 0, 0xFFFFFFFF), (result, 0, 0, 0))
    return b"".join(_INSTRUCTION.pack(*one) for one in code)
