"""A connection to the system bus: methods are called, signals are heard, and nobody is waited for without a bound.

Source: the D-Bus specification, "Message Bus Specification".
"""

import asyncio
import socket
from collections.abc import Callable
from typing import Any, Final

from netstrata.protocols.dbus import (
    ERROR,
    GREETED,
    GREETING,
    LARGEST,
    RETURN,
    SIGNAL,
    Message,
    method_call,
    read_message,
    size_of,
)
from netstrata.values import Unavailable

PATH: Final = "/run/dbus/system_bus_socket"
LONGEST_S: Final = 1.0  # that an answer is waited for
_BUS: Final = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
_HEAD: Final = 16


class Unresponsive(Unavailable):
    """Who was called has not answered in time."""


class BusRefusal(Unavailable):
    """Who was called has answered with an error; its name is the reason's short form."""

    def __init__(self, operation: str, name: str, text: str) -> None:
        super().__init__(operation, text or name)
        self.name = name


class Bus(asyncio.Protocol):
    """One connection."""

    def __init__(
        self, on_signal: Callable[[Message], None] = lambda message: None, on_lost: Callable[[], None] = lambda: None
    ) -> None:
        """Be connected to nothing yet; on_lost is called if the bus ends the connection."""
        self._on_signal = on_signal
        self._on_lost = on_lost
        self._transport: asyncio.Transport | None = None
        self._serial = 0
        self._answers: dict[int, asyncio.Future[Message]] = {}
        self._read = b""
        self._is_greeted = False

    @property
    def is_connected(self) -> bool:
        """Whether there is a connection."""
        return self._transport is not None

    async def connect(self) -> None:
        """Connect.

        Raises: Unavailable if there is no bus, or it does not answer.
        """
        asking = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        try:
            asking.connect(PATH)
            await asyncio.get_running_loop().create_unix_connection(lambda: self, sock=asking)
        except OSError as error:
            asking.close()
            raise Unavailable("ask over D-Bus", error.strerror or "no connection", error.errno or 0) from None
        await self.call(*_BUS, "Hello")

    async def call(
        self, name: str, path: str, interface: str, member: str, signature: str = "", *values: Any
    ) -> list[Any]:
        """Call a method, and return what it answers.  Nobody is started for it.

        Raises: BusRefusal if that is an error; Unavailable if there is no answer.
        """
        operation = f"call {member} of {name} over D-Bus"
        if self._transport is None:
            raise Unavailable(operation, "there is no connection")
        self._serial += 1
        serial = self._serial
        loop = asyncio.get_running_loop()
        answer = self._answers[serial] = loop.create_future()
        timer = loop.call_later(LONGEST_S, _give_up, answer, operation)
        try:
            self._transport.write(method_call(serial, name, path, interface, member, signature, *values))
            message: Message = await answer
        finally:
            timer.cancel()
            del self._answers[serial]
        if message.kind != RETURN:
            raise BusRefusal(operation, message.name, next((one for one in message.values if isinstance(one, str)), ""))
        return message.values

    async def subscribe(self, rule: str) -> None:
        """Hear of signals of a kind.

        Raises: Unavailable.
        """
        await self.call(*_BUS, "AddMatch", "s", rule)

    async def has_owner(self, name: str) -> bool:
        """Say whether anybody has a name.

        Raises: Unavailable.
        """
        [has] = await self.call(*_BUS, "NameHasOwner", "s", name)
        return bool(has)

    def close(self) -> None:
        """Be connected no more."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.abort()
        self._fail()

    # As a protocol.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        """Read what has come; what is no D-Bus ends the connection."""
        self._read += data
        try:
            if self._is_greeted or self._greeted():
                self._read_messages()
        except ValueError:
            if self._transport is not None:
                self._transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Answer those who wait, and say so, unless we have ended it."""
        was_open, self._transport = self._transport is not None, None
        self._fail()
        if was_open:
            self._on_lost()

    def _greeted(self) -> bool:
        at = self._read.find(GREETED)
        end = self._read.find(b"\n", at + len(GREETED)) if at >= 0 else -1
        if end < 0:
            if len(self._read) > LARGEST:
                raise ValueError("no greeting")
            return False
        self._read = self._read[end + 1 :]
        self._is_greeted = True
        return True

    def _read_messages(self) -> None:
        while len(self._read) >= _HEAD:
            size = size_of(self._read[:_HEAD])
            if len(self._read) < size:
                return
            octets, self._read = self._read[:size], self._read[size:]
            message = read_message(octets)
            if message.kind in (RETURN, ERROR):
                waiting = self._answers.get(message.reply_to)
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)
            elif message.kind == SIGNAL:
                self._on_signal(message)

    def _fail(self) -> None:
        for waiting in self._answers.values():
            if not waiting.done():
                waiting.set_exception(Unavailable("call over D-Bus", "the bus has ended the connection"))


def _give_up(answer: "asyncio.Future[Message]", operation: str) -> None:
    if not answer.done():
        answer.set_exception(Unresponsive(operation, f"it has not answered within {LONGEST_S:g} s"))
