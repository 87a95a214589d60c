"""A program that is needed: waited for until it is ready, and started again when it ends."""

import asyncio
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from netstrata.contract import Holder
from netstrata.ports import Command
from netstrata.protocols.backoff import Restarts
from netstrata.system.tools.run import Listening
from netstrata.values import Awaited, Unavailable

if TYPE_CHECKING:
    from netstrata.system.children import Child, RealChildren

FIRST_WAIT_MS = 1000


class Supervised:
    """Started on entering, which waits for the line that says that it is ready; ended on leaving.

    One that a daemon before this one has left running is ready at once.
    """

    __slots__ = (
        "_awaits", "_child", "_children", "_command", "_files", "_has_read", "_leaving", "_prepare", "_reading",
        "_ready", "_reason", "_restarts", "_said", "_since", "_statement", "_timer", "_waiting",
    )  # fmt: skip

    def __init__(
        self,
        children: "RealChildren",
        command: Command,
        ready: Callable[[str], bool],
        reason: Callable[[list[str]], str],
        prepare: Callable[[], None],
        who: Holder | None,
        files: bytes = b"",
        awaits: tuple[Awaited, ...] = (),
    ) -> None:
        """Take a program, how to see that it is ready or why it will not be, and what to do before each start.

        Shapes: reason is given the program's last lines; prepare raises OSError if it cannot be done; files is what
        the files hold that it writes; awaits is what may change so that it becomes ready, if it did not.
        """
        self._awaits = awaits
        self._files = files
        self._reason = reason
        self._said: deque[str] = deque(maxlen=5)
        self._children = children
        self._command = command
        self._ready = ready
        self._prepare = prepare
        self._child: Child | None = None
        self._leaving = False
        self._since = 0.0
        self._statement = who
        self._timer: asyncio.TimerHandle | None = None
        self._restarts = Restarts(FIRST_WAIT_MS)
        self._waiting: asyncio.Future[None] | None = None
        self._reading: asyncio.Future[None] | None = None
        self._has_read: Callable[[str], bool] = lambda line: False

    async def __aenter__(self) -> None:
        loop = asyncio.get_running_loop()
        self._try_to_prepare()
        taken = await self._children.adopt(self._command, Listening(self._statement, self._look), self._files)
        if taken is not None:
            self._since = loop.time()
            self._child = taken
            taken.when_ended(self._ended)
            return
        self._waiting = loop.create_future()
        child = self._start()
        child.when_ended(self._ended)
        try:
            with self._children.under_way():
                await self._waiting
        except asyncio.CancelledError:
            await self._stop()
            raise
        self._waiting = None
        if child.ended:
            reason = self._reason(list(self._said)) or f"it {child.verdict}"
            raise Unavailable(f"start {child.name}", reason, awaits=self._awaits)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cancelled = await self._stop()
        if cancelled is not None:
            raise cancelled

    async def reread(self, has_read: Callable[[str], bool], longest_s: float) -> None:
        """Have it read its files again, and wait for the line that says that it has, for so long at most."""
        if self._child is None or self._child.ended:
            return  # it reads them when it is started again
        loop = asyncio.get_running_loop()
        self._has_read, self._reading = has_read, loop.create_future()
        timer = loop.call_later(longest_s, self._stop_reading)
        try:
            self._child.reread()
            await self._reading
        finally:
            timer.cancel()

    def _stop_reading(self) -> None:
        if self._reading is not None and not self._reading.done():
            self._reading.set_result(None)

    def _try_to_prepare(self) -> None:
        try:
            self._prepare()
        except OSError as error:
            raise Unavailable(f"write {error.filename}", error.strerror or str(error), error.errno or 0) from None

    def _start(self) -> "Child":
        self._try_to_prepare()
        self._since = asyncio.get_running_loop().time()
        self._child = self._children.keep(self._command, Listening(self._statement, self._look), self._files)
        return self._child

    def _look(self, line: str) -> None:
        self._said.append(line)
        if self._waiting is not None and not self._waiting.done() and self._ready(line):
            self._waiting.set_result(None)
        if self._has_read(line):
            self._stop_reading()

    def _ended(self) -> None:
        self._stop_reading()
        if self._waiting is not None:
            if not self._waiting.done():
                self._waiting.set_result(None)
        elif not self._leaving and self._child is not None:
            self._start_later(f"{self._child.name} {self._child.verdict}")

    def _start_later(self, reason: str) -> None:
        loop = asyncio.get_running_loop()
        wait_ms = self._restarts.ended(int((loop.time() - self._since) * 1000))
        if self._statement is not None:
            self._statement.again(reason, wait_ms)
        self._timer = loop.call_later(wait_ms / 1000, self._start_again)

    def _start_again(self) -> None:
        try:
            child = self._start()
            child.when_ended(self._ended)
        except Unavailable as error:
            self._start_later(str(error))
        else:
            if child.pid:  # else it could not be executed, which is told soon
                self._note(f"{child.name} is started again")

    async def _stop(self) -> asyncio.CancelledError | None:
        self._leaving = True
        if self._timer is not None:
            self._timer.cancel()
        child = self._child
        if child is None or child.ended:
            return None
        child.stop(self._children.stop_timeout.seconds, self._note)
        return await child.outlast()

    def _note(self, line: str) -> None:
        if self._statement is not None:
            self._statement.note(line)
