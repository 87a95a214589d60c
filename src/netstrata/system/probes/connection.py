"""A TCP connection over one link, with or without TLS, that holds nobody up and leaves no circles behind.

asyncio's transports are circles, each of which waits for the garbage collector.
"""

import socket
from asyncio import get_running_loop
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeVar

from netstrata.system.bound_socket import bound_socket
from netstrata.values import format_address

if TYPE_CHECKING:
    from ssl import SSLContext, SSLObject

T = TypeVar("T")
_PIECE: Final = 16384


class LinkConnection:
    """One connection; a context manager.

    All of it raises OSError, of which those of TLS are some.
    """

    def __init__(self, link: str, address: bytes) -> None:
        """Open a socket that is connected to nobody yet."""
        self._socket = bound_socket(link, 4 if len(address) == 4 else 6, socket.SOCK_STREAM)
        self._address = format_address(address).decode()
        self._tls: SSLObject | None = None

    def __enter__(self) -> "LinkConnection":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._tls = None

    async def connect(self, port: int, trust: "SSLContext | None", name: str) -> None:
        """Connect; by TLS, with whoever has a certificate for a name, if it is said who is trusted."""
        await get_running_loop().sock_connect(self._socket, (self._address, port))
        if trust is not None:
            from ssl import MemoryBIO

            self._incoming, self._outgoing = MemoryBIO(), MemoryBIO()
            self._tls = trust.wrap_bio(self._incoming, self._outgoing, server_hostname=name)
            await self._by_tls(self._tls.do_handshake)

    async def send(self, octets: bytes) -> None:
        """Send all of it."""
        if self._tls is None:
            await get_running_loop().sock_sendall(self._socket, octets)
        else:
            tls = self._tls
            await self._by_tls(lambda: tls.write(octets))

    async def receive(self) -> bytes:
        """Return what comes next, empty if nothing more does."""
        if self._tls is None:
            return await get_running_loop().sock_recv(self._socket, _PIECE)
        from ssl import SSLEOFError

        tls = self._tls
        try:
            return await self._by_tls(lambda: tls.read(_PIECE))
        except SSLEOFError:  # closed without a word, as many do
            return b""

    async def _by_tls(self, step: Callable[[], T]) -> T:
        """Do what TLS does, and send and receive what that takes."""
        from ssl import SSLWantReadError

        loop = get_running_loop()
        while True:
            try:
                done = step()
            except SSLWantReadError:
                await loop.sock_sendall(self._socket, self._outgoing.read())
                received = await loop.sock_recv(self._socket, _PIECE)
                if received:
                    self._incoming.write(received)
                else:
                    self._incoming.write_eof()
                continue
            await loop.sock_sendall(self._socket, self._outgoing.read())
            return done
