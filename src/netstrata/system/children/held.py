"""Children that a statement holds: a command and its reverse, a program kept alive."""

import asyncio
import os
import shlex
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from types import TracebackType

from netstrata.contract import Holder
from netstrata.contract.shapes.children import ChildOptions
from netstrata.ports import Command
from netstrata.protocols.backoff import Restarts
from netstrata.system.children.child import Child
from netstrata.system.children.stop_timeout import StopTimeout
from netstrata.system.held import WAS_LEFT, tell
from netstrata.system.held.wait_queues import PATHS, Stop, WaitQueues
from netstrata.values import Awaited, Unavailable, no_memory

_SOON_S = 0.01  # a file that is written changes many times
Start = Callable[[Command, Holder | None], Child]
Adopt = Callable[[Command, Holder | None], Awaitable[Child | None]]


def await_end(child: Child, statement: Holder | None) -> None:
    """Say what is waited for, to who asks a statement that is neither up nor gone."""
    if statement is not None:
        statement.awaits(f"waits until {child.name} ends, process id {child.pid}")


class HeldCommand:
    """One command on entering, its reverse on leaving.  Neither is ever interrupted."""

    __slots__ = ("_do", "_options", "_start", "_statement", "_under_way", "_undo")

    def __init__(
        self,
        start: Start,
        do: list[bytes],
        undo: list[bytes],
        options: ChildOptions,
        who: Holder | None,
        under_way: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self._start = start
        self._under_way = under_way
        self._do = do
        self._undo = undo
        self._options = options
        self._statement = who

    def to_do(self, _: object = None) -> list[str]:
        """Say what entering does."""
        return _run(self._do)

    def to_undo(self) -> list[str]:
        """Say what leaving does."""
        return _run(self._undo)

    async def __aenter__(self) -> None:
        if not self._do:
            return
        child = self._start(Command(self._do, self._options), self._statement)
        tell(self._statement, self.to_do)
        await_end(child, self._statement)
        with self._under_way():
            cancelled = await child.outlast()
        if cancelled is not None:
            if child.status == 0:
                await self._go_back()
            else:
                self._note(f"{child.name} {_why(child)}: there is nothing to undo")
            raise cancelled
        if child.status != 0:
            raise Unavailable(f"run {child.name}", _why(child), awaits=() if child.pid else path_of(child))

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cancelled = await self._go_back()
        if cancelled is not None:
            raise cancelled

    async def _go_back(self) -> asyncio.CancelledError | None:
        if not self._undo:
            return None
        try:
            child = self._start(Command(self._undo, self._options), self._statement)
        except Unavailable as error:
            self._note(f"{error}; ignoring")
            tell(self._statement, self.to_undo, error.reason)
            return None
        tell(self._statement, self.to_undo)
        await_end(child, self._statement)
        cancelled = await child.outlast()
        if child.status != 0:
            self._note(f"{child.name} {_why(child)}; ignoring")
        return cancelled

    def _note(self, line: str) -> None:
        if self._statement is not None:
            self._statement.note(line)


def _run(words: list[bytes]) -> list[str]:
    """Return what running a command is called."""
    return [f"run {shlex.join(map(os.fsdecode, words))}"] if words else []


def _why(child: Child) -> str:
    """Say how a command failed, in its own last words where it had any."""
    return f"{child.verdict}: {child.last_line}" if child.last_line else child.verdict


def path_of(child: Child) -> tuple[Awaited, ...]:
    """Return what is waited for if a program could not be executed: another one at its path."""
    return (Awaited(PATHS, (child.name if "/" in child.name else f"./{child.name}",)),)


class KeptAlive:
    """A program that is started on entering, and again some time after each end, until leaving.

    One that a daemon before this one has left running is taken over instead.
    """

    __slots__ = (
        "_adopt", "_child", "_command", "_leaving", "_restarts", "_since", "_start_child", "_statement",
        "_stop_listening", "_stop_timeout", "_timer", "_wait_queues",
    )  # fmt: skip

    def __init__(
        self,
        start: Start,
        command: Command | None,
        restarts: Restarts,
        stop_timeout: StopTimeout,
        who: Holder | None,
        adopt: Adopt | None = None,
        wait_queues: WaitQueues | None = None,
    ) -> None:
        self._wait_queues = wait_queues
        self._stop_listening: Stop | None = None
        self._start_child = start
        self._adopt = adopt
        self._command = command
        self._restarts = restarts
        self._stop_timeout = stop_timeout
        self._since = 0.0
        self._statement = who
        self._child: Child | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._leaving = False

    def to_do(self, _: object = None) -> list[str]:
        """Say what entering does."""
        return ["start " + shlex.join(map(os.fsdecode, self._command.words))] if self._command is not None else []

    def to_undo(self) -> list[str]:
        """Say what leaving does."""
        return ["end " + shlex.join(map(os.fsdecode, self._command.words))] if self._command is not None else []

    async def __aenter__(self) -> None:
        if self._command is None:
            self._note("the command is not a list of strings without NUL, the first the program's path: never started")
            return
        child = await self._adopt(self._command, self._statement) if self._adopt is not None else None
        if child is None:
            self._start(self._command)
        else:
            self._since = time.monotonic()
            self._watch(child, self._command)
        tell(self._statement, self.to_do, WAS_LEFT if child is not None else "")

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving = True
        self._cease_waiting()
        child = self._child
        if child is None or child.ended:
            tell(self._statement, self.to_undo, "it has ended already")
            return
        child.stop(self._stop_timeout.seconds, self._note)
        cancelled = await child.outlast()
        tell(self._statement, self.to_undo)
        if cancelled is not None:
            raise cancelled

    def _start(self, command: Command) -> None:
        self._since = time.monotonic()
        try:
            child = self._start_child(command, self._statement)
        except (Unavailable, MemoryError) as error:
            self._start_later(command, str(error if isinstance(error, Unavailable) else no_memory()))
        else:
            self._watch(child, command)

    def _watch(self, child: Child, command: Command) -> None:
        self._child = child
        child.when_ended(
            lambda: self._start_later(command, f"{child.name} {_why(child)}", () if child.pid else path_of(child))
        )

    def _start_later(self, command: Command, reason: str, awaits: tuple[Awaited, ...] = ()) -> None:
        self._child = None
        if self._leaving:
            return
        wait_ms = self._restarts.ended(int((time.monotonic() - self._since) * 1000))
        if self._statement is not None:
            self._statement.again(reason, wait_ms)
        self._timer = asyncio.get_running_loop().call_later(wait_ms / 1000, self._start_again, command)
        if self._wait_queues is not None:
            with suppress(Unavailable, OSError), ExitStack() as listening:  # else the time must do
                for awaited in awaits:
                    listening.callback(self._wait_queues.wait(awaited, lambda: self._start_soon(command)))
                self._stop_listening = listening.pop_all().close

    def _start_soon(self, command: Command) -> None:
        """Start it although its time has not come: there is another program at its path."""
        self._cease_waiting()
        self._timer = asyncio.get_running_loop().call_later(_SOON_S, self._start_again, command)

    def _cease_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._stop_listening is not None:
            self._stop_listening()
            self._stop_listening = None

    def _start_again(self, command: Command) -> None:
        self._cease_waiting()
        self._start(command)
        if self._child is not None and self._child.pid:  # else it could not be executed, which is told soon
            self._note(f"{self._child.name} is started again")

    def _note(self, line: str) -> None:
        if self._statement is not None:
            self._statement.note(line)
