"""Transactions of nft(8): what is asked for in one turn of the loop, or while another transaction runs, goes as one.

A long-lived `nft -i` is no faster: it reads all rules again for each command.  Nor is its echo (`-e`) asked for, which
reads all rules, too; the kernel's own messages carry the handles.  Figures: docs/decisions/0010-nftables.md.
"""

import asyncio
import errno
import os
import re
from typing import TYPE_CHECKING, Protocol

from netstrata.contract import Holder
from netstrata.system.tools.run import need_program, run_to_end
from netstrata.values import Awaited, Unavailable, line_fault, no_memory

if TYPE_CHECKING:
    from netstrata.system.children import RealChildren

_ERROR = re.compile(r"/dev/stdin:(\d+):(\d+)-(\d+): Error: (.*)")
_LINE_MOST = 1 << 20
INTERRUPTED = -1
_NO_NEWS = ("Could not process rule: ",)


class NftCommand:
    """One command of a transaction, and what became of it."""

    __slots__ = ("_waiter", "awaits", "command", "done", "operation", "sent", "statement")

    def __init__(
        self, command: str, operation: str, statement: Holder | None = None, awaits: tuple[Awaited, ...] = ()
    ) -> None:
        """Ask for a command, in the name of who waits for it.

        Shapes: command is one line; operation completes "cannot …"; awaits is what may end a failure.
        Raises: Unavailable if it would be two.
        """
        fault = line_fault(command.encode("utf-8", "surrogateescape"), _LINE_MOST)
        if fault:
            raise Unavailable(operation, fault)
        self.statement = statement
        self.awaits = awaits
        self.command = command
        self.operation = operation
        self.sent = False
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def outlast(self) -> "asyncio.CancelledError | None":
        """Wait for the end, even when cancelled meanwhile if it can no longer be taken back; return the cancellation.

        Raises: CancelledError if it was taken back; Unavailable.
        """
        cancelled: asyncio.CancelledError | None = None
        while not self.done.done():
            try:
                await asyncio.wait([self.done])
            except asyncio.CancelledError as error:
                if not self.sent:
                    self.done.cancel()
                    raise
                cancelled = error
        if cancelled is not None and self.done.exception() is not None:
            raise cancelled
        self.done.result()
        return cancelled


class TransactionObserver(Protocol):
    """Who is told of transactions."""

    def begins(self, steps: list[NftCommand]) -> None:
        """Some steps are about to be done."""

    def finished(self, steps: list[NftCommand], pid: int) -> None:
        """They were done, by a process of that id."""

    def failed(self, steps: list[NftCommand]) -> None:
        """None of them was done."""

    def has_done(self, pid: int) -> bool:
        """Say whether a process that was ended has done what it was to do."""


class Transactions:
    """Runs steps, in order, as few transactions."""

    __slots__ = ("_children", "_observer", "_queue", "_task", "running")

    def __init__(self, children: "RealChildren", observer: TransactionObserver) -> None:
        """Take who starts nft, and who is told at once what it has done."""
        self._children = children
        self._observer = observer
        self.running = False
        self._queue: list[NftCommand] = []
        self._task: asyncio.Task[None] | None = None

    def ask(self, step: NftCommand) -> None:
        """Queue a step."""
        self._queue.append(step)
        if step.statement is not None:
            step.statement.awaits("waits for its turn at nft, which works for other statements")
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._work())

    async def _work(self) -> None:
        try:
            while self._queue:
                steps = [step for step in self._queue if not step.done.done()]
                self._queue = []
                for step in steps:
                    step.sent = True
                await self._run_all(steps)
        finally:
            self._task = None

    async def _run_all(self, steps: list[NftCommand]) -> None:
        """Run steps as one transaction; leave out those that nft points at, until the others can be done."""
        while steps:
            try:
                errors = await self._run(steps)
            except Exception as error:  # whatever it was, nobody is to wait for ever
                for step in steps:
                    if not step.done.done():
                        step.done.set_exception(_failure(step, error))
                return
            if not errors:
                return
            if 0 in errors and len(steps) > 1:  # nft does not say which
                for step in steps:
                    await self._run_all([step])
                return
            if INTERRUPTED in errors:
                for step in steps:
                    step.done.set_exception(Unavailable(step.operation, errors[INTERRUPTED], errno.EINTR))
                return
            for number, reason in errors.items():
                step = steps[max(number, 1) - 1]
                step.done.set_exception(Unavailable(step.operation, reason, awaits=step.awaits))
            steps = [step for step in steps if not step.done.done()]

    async def _run(self, steps: list[NftCommand]) -> dict[int, str]:
        """Run one transaction; return what is wrong by line from 1, nothing if it is done.

        Shapes: 0 is what is wrong if no line is named, INTERRUPTED why it is not known whether it was done.
        """
        program = need_program("nft", "run nft")
        text = "".join(f"{step.command}\n" for step in steps).encode("utf-8", "surrogateescape")
        script = os.memfd_create("nft")
        self.running = True
        try:
            os.write(script, text)
            os.lseek(script, 0, os.SEEK_SET)
            self._observer.begins(steps)
            waiting = [step.statement for step in steps if step.statement is not None]
            ended = await run_to_end(self._children, [os.fsencode(program), b"-f", b"-"], None, script, waiting)
            if not ended.status or (ended.status < 0 and self._observer.has_done(ended.pid)):
                self._observer.finished(steps, ended.pid)
                return {}
            if ended.status < 0 and ended.pid:
                return {INTERRUPTED: f"it {ended.verdict}"}
            self._observer.failed(steps)
        except Exception:
            self._observer.failed(steps)
            raise
        finally:
            self.running = False
            os.close(script)
        return _errors(ended.lines, [step.command for step in steps]) or {0: "; ".join(ended.lines) or ended.verdict}


def _failure(step: NftCommand, error: Exception) -> Exception:
    """Return why a step could not be done; what is no want of the system's is our bug, and stays what it is."""
    if isinstance(error, MemoryError):
        error = no_memory()
    if isinstance(error, Unavailable):
        return Unavailable(step.operation, error.reason, error.errno, error.awaits)
    if isinstance(error, OSError):
        return Unavailable(step.operation, error.strerror or str(error), error.errno or 0)
    return error


def _errors(lines: list[str], commands: list[str]) -> dict[int, str]:
    """Read nft's complaints: the first one for each line."""
    found: dict[int, str] = {}
    for line in lines:
        match = _ERROR.match(line)
        if match is None:
            continue
        number, first, last, reason = int(match[1]), int(match[2]), int(match[3]), match[4]
        for prefix in _NO_NEWS:
            reason = reason.removeprefix(prefix)
        if 1 <= number <= len(commands):
            guilty = commands[number - 1][first - 1 : last].strip()
            found.setdefault(number, f'{reason}, at "{guilty}"' if guilty else reason)
    return found
