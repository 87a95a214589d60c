"""Connections: so many and no more, and none that is slow on purpose.

uvicorn waits for ever for the head of a request; here it must come within a time, and so must the body.
"""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

from netstrata.console.refusal_log import RefusalLog

MOST: Final = 100  # connections
WHOLE_S: Final = 5.0  # in which a request must have come, head and body
BUSY: Final = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class LimitedConnection(H11Protocol):
    """One connection."""

    refusals: RefusalLog  # of all connections, set by who makes the server
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Let it in, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > MOST:
            self.refusals.refused(f"a connection from {self._peer()}", f"there are {MOST} already")
            transport.write(BUSY)
            transport.close()
            return
        self._deadline = self.loop.call_later(WHOLE_S, self._too_slow)

    def data_received(self, data: bytes) -> None:
        """Take in what came; from its first byte on, a request has its time."""
        if self._deadline is None and self._waits():
            self._deadline = self.loop.call_later(WHOLE_S, self._too_slow)
        super().data_received(data)
        if not self._waits():
            self._stop_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._stop_clock()
        super().connection_lost(exc)

    def _waits(self) -> bool:
        """Say whether a request, or the rest of one, is still to come."""
        cycle: Any = self.cycle
        return cycle is None or cycle.response_complete or cycle.more_body

    def _too_slow(self) -> None:
        self._deadline = None
        if not self.transport.is_closing():
            self.refusals.refused(f"a request from {self._peer()}", f"it has not come within {WHOLE_S:g} s")
            self.transport.abort()

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _peer(self) -> str:
        return "{}:{}".format(*self.client) if self.client else "?"
