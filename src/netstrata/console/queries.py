"""Questions to the daemon: one connection for each, so that no answer waits behind another.

Answers stay bytes as far as they can: what the console only hands on, it does not take apart.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any, Final

import msgspec

from netstrata.control.errors import NoAnswer, NoDaemon, Refusal
from netstrata.control.interface import CHANGING, LONG, NAME, SERVICE
from netstrata.control.varlink import encode_call

WAIT_S: Final = 10.0
CHANGE_S: Final = 600.0  # until all is undone that differs: children may take their time
LONGEST: Final = 1 << 28  # bytes of one answer: what stands in a program of 100,000 processes
TOGETHER: Final = 16  # questions under way at once


class _Answer(msgspec.Struct):
    parameters: msgspec.Raw = msgspec.Raw(b"{}")
    error: str | None = None


_decoder = msgspec.json.Decoder(_Answer)


class Daemon:
    """A daemon, by the path of its control socket."""

    def __init__(self, path: str) -> None:
        """Take where it should be; nothing is connected yet."""
        self.path = path
        self._under_way = asyncio.Semaphore(TOGETHER)

    async def ask(self, method: str, **parameters: Any) -> bytes:
        """Ask one thing, and return the answer as JSON.

        Raises: NoDaemon, Refusal.
        """
        [answer] = await self.ask_all((method, parameters))
        return answer

    async def ask_all(self, *calls: tuple[str, dict[str, Any]]) -> list[bytes]:
        """Ask several things at once, which the daemon answers one after the other, if it can without a pause.

        Raises: NoDaemon, Refusal.
        """
        methods = {method for method, _ in calls}
        wait_s = None if methods & LONG else CHANGE_S if methods & CHANGING else WAIT_S
        asked = b"".join(encode_call(_qualified(method), parameters) for method, parameters in calls)
        try:
            async with self._under_way, asyncio.timeout(wait_s), self._connected() as (reader, writer):
                writer.write(asked)
                return [_read(await reader.readuntil(b"\0")) for _ in calls]
        except TimeoutError as error:
            raise NoAnswer(f"the daemon at {self.path} does not answer within {wait_s:g} s") from error
        except _BROKEN as error:
            raise self._ended(error) from error

    async def stream(self, method: str, **parameters: Any) -> AsyncGenerator[bytes]:
        """Ask for a stream, and yield answers as JSON until it ends, which raises.

        Raises: NoDaemon, Refusal.
        """
        try:
            async with self._connected() as (reader, writer):
                writer.write(encode_call(_qualified(method), parameters, more=True))
                while True:
                    yield _read(await reader.readuntil(b"\0"))
        except _BROKEN as error:
            raise self._ended(error) from error

    @contextlib.asynccontextmanager
    async def _connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        reader, writer = await asyncio.open_unix_connection(self.path, limit=LONGEST)
        try:
            yield reader, writer
        finally:
            writer.close()

    def _ended(self, error: Exception) -> NoDaemon:
        if isinstance(error, asyncio.IncompleteReadError):
            return NoDaemon(f"the daemon at {self.path} has ended")
        if isinstance(error, OSError):
            return NoDaemon(f"no daemon answers at {self.path}: {error.strerror or error}")
        return NoDaemon(f"the daemon at {self.path} cannot be understood: {error}")


_BROKEN = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, msgspec.DecodeError)


def _qualified(method: str) -> str:
    return f"{SERVICE}.{method}" if method.startswith("Get") else f"{NAME}.{method}"


def _read(frame: bytes) -> bytes:
    """Return the parameters of one answer.

    Raises: Refusal, msgspec.DecodeError.
    """
    answer = _decoder.decode(frame[:-1])
    if answer.error is not None:
        given = msgspec.json.decode(answer.parameters)
        raise Refusal(answer.error.rpartition(".")[2], given if isinstance(given, dict) else {})
    return bytes(answer.parameters)
