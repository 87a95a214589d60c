"""systemd-resolved beside us: what it has read of the file while that was ours, it is to forget when it is not.

It reads a file that is not its own before each query that goes to servers, and keeps what it has read for good when its
link is back: it does not look into its own.  So before its link comes back it is shown a file
that names nobody but itself.
Source: manager_read_resolv_conf in resolved-resolv-conf.c; seen with systemd 252.
"""

import asyncio
import os
import socket
from typing import Final

from netstrata.values import Unavailable

STUB: Final = b"127.0.0.53"
ITSELF: Final = (b"nameserver " + STUB, b"options edns0 trust-ad")  # its servers, as its own file says
_OWN = "/run/systemd/resolve/"
_SOCKET = "/run/systemd/resolve/io.systemd.Resolve"
_NO_NETWORK = 1 << 15  # it reads the file, and asks nobody
_QUERY = (
    b'{"method":"io.systemd.Resolve.ResolveHostname","parameters":{"name":"netstrata.example.org","flags":%d}}\0'
    % _NO_NETWORK
)
LONGEST_S = 1.0


def is_its_own(path: str) -> bool:
    """Say whether a link leads to what systemd-resolved writes."""
    return os.path.realpath(path).startswith(_OWN)


async def have_it_read() -> "asyncio.CancelledError | None":
    """Have systemd-resolved read the file, if it runs, even if cancelled meanwhile; return the cancellation.

    Raises: Unavailable if it does not answer.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC) as client:
        try:
            client.connect(_SOCKET)
        except OSError:
            return None  # it does not run
        try:
            client.send(_QUERY)
            return await _answered(client)
        except OSError as error:
            raise _silent(error.strerror or str(error)) from None


async def _answered(client: socket.socket) -> "asyncio.CancelledError | None":
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[bool] = loop.create_future()
    loop.add_reader(client.fileno(), _settle, answer, True)
    timer = loop.call_later(LONGEST_S, _settle, answer, False)
    cancelled = None
    try:
        while not answer.done():
            try:
                await asyncio.shield(answer)
            except asyncio.CancelledError as error:
                cancelled = error
    finally:
        timer.cancel()
        loop.remove_reader(client.fileno())
    if not answer.result():
        raise _silent(f"it has not answered within {LONGEST_S:g} s")
    return cancelled


def _settle(answer: "asyncio.Future[bool]", value: bool) -> None:
    if not answer.done():
        answer.set_result(value)


def _silent(reason: str) -> Unavailable:
    return Unavailable("have systemd-resolved forget our name servers", reason)
