"""A process that may do nothing and open nothing, in which the driver gets a lease on sockets that it was handed.

Words: the descriptors of both packet sockets.
"""

import asyncio
import ctypes
import errno
import os
import resource
import socket
import sys
from collections.abc import Callable

from netstrata.ports import DhcpOptions
from netstrata.system.dhcp.driver import Callbacks, Conversation, Handed
from netstrata.values import format_ipv4

_MAC = bytes.fromhex("020000000c01")
_PR_SET_NO_NEW_PRIVS = 38


def confine() -> None:
    """Give up all capabilities for good, and let no descriptor be opened any more.

    Source: capset(2), version 3; prctl(2); getrlimit(2).
    """
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    assert ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)()) == 0
    assert ctypes.CDLL(None).prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    assert _refusal(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)) == errno.EPERM
    free = os.dup(0)
    os.close(free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, free))
    assert _refusal(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) == errno.EMFILE
    assert _refusal(lambda: os.open("/dev/null", os.O_RDONLY)) == errno.EMFILE


def _refusal(attempt: Callable[[], object]) -> int | None:
    try:
        attempt()
    except OSError as error:
        return error.errno
    return None


async def _converse(packets: socket.socket, arp: socket.socket) -> None:
    confine()  # now that the loop has its own descriptors
    handed = Handed("eth0", _MAC, 1500, packets, arp, b"address 10.99.0.9\nexpires inf\n")
    options = DhcpOptions(hostname=b"confined")
    callbacks = Callbacks(frozenset, lambda text: print("keep", text), lambda lease: print("hold", bool(lease)), print)
    conversation = Conversation(handed, options, callbacks)
    conversation.start()
    lease = await asyncio.wait_for(conversation.next(), 60)
    if lease is not None:
        print("lease", format_ipv4(lease.address).decode())
    conversation.close()


if __name__ == "__main__":
    asyncio.run(_converse(*[socket.socket(fileno=int(word)) for word in sys.argv[1:3]]))
