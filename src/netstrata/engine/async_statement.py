"""Statements about the outside: async generators, driven by hand until they wait, by a task from then on.

A `@configures` statement that never waits (an address, a route) costs no task and is up in the step in which it
began, as if it were synchronous.  The first time its coroutine waits for something, an asyncio task takes it over for
the rest of its life.  Whatever it reports from inside a task enters the engine as an event from outside.
"""

import re
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from math import ceil
from typing import TYPE_CHECKING, Any

from netstrata.contract import KERNEL, NOTE, PortsFor
from netstrata.engine.holders import HolderId
from netstrata.engine.machine import engine_of
from netstrata.engine.process import DOWN, DYING, NONE, TERMINATING, UP, Waiting
from netstrata.engine.timeline_statement import TimelineStatement
from netstrata.values import Refused, Unavailable, Value, no_memory

if TYPE_CHECKING:
    from asyncio import Future, Task

_PARKED = object()
_SOON = re.compile(r"(.* in )(\d+(?:\.\d+)?) s", re.DOTALL)  # how a line ends that says when something comes next


class _Park:
    """Awaited, waits until a coroutine that is driven by hand is driven on."""

    __slots__ = ()

    def __await__(self) -> Generator[Any, None, None]:
        yield _PARKED


_PARK = _Park()


class _CarriedOn:
    """Drives on, inside a task, a coroutine whose first wait was met outside of one."""

    __slots__ = ("_life", "_waits_for")

    def __init__(self, life: Coroutine[Any, Any, None], waits_for: Any) -> None:
        self._life = life
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, None]:
        life = self._life
        waits_for = self._waits_for
        while True:
            thrown: BaseException | None = None
            value = None
            try:
                value = yield waits_for
            except BaseException as error:  # whatever is thrown in belongs to the life
                thrown = error
            try:
                waits_for = life.send(value) if thrown is None else life.throw(thrown)
            except StopIteration:
                return
            finally:
                thrown = None  # its traceback has this frame: a circle


class AsyncStatement(TimelineStatement):
    """A statement with a life of its own: a coroutine that begins, is up, and leaves."""

    __slots__ = (
        "_awaits", "_cancelled", "_child_said", "_dying", "_ended", "_holder", "_last_line_at", "_life", "_lost",
        "_reason", "_taken_over", "_task", "_tool", "found",
    )  # fmt: skip

    def begin(self, values: list[Value]) -> None:
        """Read the arguments, and let the coroutine run as far as it gets without waiting."""
        bound = self.declaration.bind(values)
        self.found: Any = None
        self._dying: Future[None] | None = None
        self._task: Task[None] | None = None
        self._lost: Unavailable | None = None
        self._awaits = ""
        self._child_said = ""
        self._tool: Callable[[], str] | None = None
        self._reason = ""  # its last line of any kind: the reason, if it goes down now
        self._last_line_at = 0  # milliseconds of the engine's clock: when it told its last line
        self._ended = False
        self._cancelled = False
        self._taken_over = False  # the task has run for the first time
        engine = self.process.engine
        self._holder = holder = engine.holders.add(self)
        generator = self.declaration.implementation(PortsFor(engine.outside.ports, holder), *bound)
        self._life: Coroutine[Any, Any, None] = self._guarded(generator)
        self._drive(None)

    def _drive(self, error: BaseException | None) -> None:
        """Let the coroutine run on by hand; hand it to a task if it waits for something."""
        try:
            waits_for = self._life.send(None) if error is None else self._life.throw(error)
        except StopIteration:
            return
        if waits_for is _PARKED:
            return
        import asyncio

        self._task = asyncio.get_running_loop().create_task(self._carry_on(waits_for))

    async def _carry_on(self, waits_for: Any) -> None:
        """Be the task that takes the coroutine over."""
        self._taken_over = True
        if self._cancelled and self._task is not None:
            self._task.cancel()
        await _CarriedOn(self._life, waits_for)

    def _cancel(self) -> None:
        """Make the coroutine leave from wherever it waits; once, so that its way out is not interrupted.

        A task that is cancelled before it has run for the first time would never touch the coroutine.
        """
        if not self._cancelled and self._task is not None:
            self._cancelled = True
            if self._taken_over:
                self._task.cancel()

    async def _guarded(self, generator: Any) -> None:
        """Run the life, and report its end, whatever it was."""
        error: Exception | None = None
        try:
            await self._live(generator)
        except (Refused, Unavailable) as refusal:
            error = refusal
        except BaseExceptionGroup as group:
            error = _first_reason(group)
        except OSError as refusal:
            reason = refusal.strerror or str(refusal)
            error = Unavailable("go on", reason, refusal.errno or 0)  # no descriptor left, a file in the way, …
        except MemoryError:
            error = no_memory()
        except Exception as bug:
            error = bug
        except BaseException as ending:
            if not isinstance(ending, GeneratorExit) and type(ending).__name__ != "CancelledError":
                raise
        if error is not None and self._task is not None and self.state != DYING and self._lost is None:
            await self._catch_up()
            self._report(self._fail, error)
        else:
            self._report(self._end, error)
        error = None  # its traceback has this frame: a circle

    async def _catch_up(self) -> None:
        """Let those below hear first why it may have failed: the card that they wait for is unplugged."""
        if self.process.engine.outside.catch_up() >= 0:
            import asyncio

            with suppress(asyncio.CancelledError):  # it is told to leave, and has left
                await asyncio.sleep(0)

    async def _live(self, generator: Any) -> None:
        raise NotImplementedError

    def _report(self, action: Any, argument: Any) -> None:
        """Report to the engine: at once if it is driving, as an event if a task is."""
        if self._task is None:
            action(argument)
        else:
            self.process.engine.event(lambda: action(argument))

    def _fail(self, error: Exception) -> None:
        """End with an error, which is none if it is to go by now."""
        self._end(error if self.state != DYING else None)

    def _end(self, error: Exception | None) -> None:
        self._ended = True
        self.process.engine.holders.remove(self._holder)
        if self.state == NONE:
            return
        if self.state == DYING:
            self.dead()
            if error is not None and error is not self._lost:  # what was lost needs no undoing
                self.process.engine.observer.failed(self.process, self.slot, error)
        elif self._is_to_go():
            self.dead()
        elif self._lost is not None:
            reason = error or self._lost
            waits = engine_of(self.process).guard.fell(self, self.index, str(reason))
            self.dead()
            if not waits:  # else it is told why
                self.process.engine.observer.failed(self.process, self.slot, reason)
        elif error is not None:
            self.failed(error)
        else:
            self.failed(Unavailable(f"keep {self.declaration.name} up", "it ended by itself"))

    def _is_to_go(self) -> bool:
        """Say whether it will be undone: it is above something that is down, or what runs its process is."""
        process, index = self.process, self.index
        while index < process.advance and process.mode != TERMINATING:
            owner = process.owner
            if owner is None:
                return False
            creator = owner.creator()
            process = creator.process
            index = creator.index
        return True

    def die(self) -> None:
        """Let the coroutine leave."""
        if self._ended:
            self.dead()
        elif self._task is None:
            self._drive(None)
        elif self._dying is not None:
            if not self._dying.done():
                self._dying.set_result(None)
        else:
            self._cancel()

    def lost(self, reason: Unavailable) -> None:
        """Take the statement down, because what it held is gone; it will be begun again."""
        engine = self.process.engine
        engine.event(lambda: self._lose(reason))

    def _lose(self, reason: Unavailable) -> None:
        if self.state in (NONE, DYING) or self._ended or self._lost is not None:
            return
        if self._is_to_go():
            return  # and nobody will begin it again: that it is gone is no news
        self._lost = reason
        self.note(str(reason), KERNEL)
        if self.state == UP:
            self._fall()
        else:
            self._leave_lost(reason)

    def clean(self) -> None:
        """Leave, if what was held is lost: everything that stood on it is gone now."""
        if self._lost is not None and not self._ended:
            self._leave_lost(self._lost)

    def _leave_lost(self, reason: Unavailable) -> None:
        if self._task is None:
            self._drive(reason)
        elif self._dying is None:
            self._cancel()
        elif not self._dying.done():
            self._dying.set_exception(reason)

    def _fall(self) -> None:
        """Go down, for the reason that was told last."""
        self.last_line = self._reason
        self._last_line_at = self.process.engine.timers.now()
        self.down()

    def waits_for(self) -> Waiting | None:
        """Say which tool works for it; else what it told last, what a child of its said, or what it waits for."""
        said = self._tool() if self._tool is not None else ""
        said = said or self._last_line_now() or self._child_said or self._awaits
        return Waiting(said) if said else None

    @property
    def has_told(self) -> bool:
        """Whether what it waits for has been said already, by itself or by a child of its."""
        return bool(self.last_line or self._child_said)

    def trouble(self) -> str:
        """Say what it has told of itself since it is up."""
        return self._last_line_now() if self.state == UP else ""

    def _last_line_now(self) -> str:
        """Return what it told last, with the time that is left of what it said then."""
        found = _SOON.fullmatch(self.last_line)
        if found is None:
            return self.last_line
        passed_s = (self.process.engine.timers.now() - self._last_line_at) / 1000
        return f"{found[1]}{max(0, ceil(float(found[2]) - passed_s))} s"

    def again(self, reason: str, wait_ms: int) -> None:
        """Add to the time line that something of its is started again later, and remember it."""
        super().again(reason, wait_ms)
        self._last_line_at = self.process.engine.timers.now()

    def awaits(self, what: str) -> None:
        """Keep what is waited for from now on, for whoever asks."""
        self._awaits = what

    def uses(self, tool: Callable[[], str] | None) -> None:
        """Keep which tool works for it, for whoever asks."""
        self._tool = tool

    def note(self, line: str, kind: str = NOTE) -> None:
        """Add a line to the time line; while it is up, only what it says of itself is a trouble."""
        self._reason = line
        if kind == NOTE or self.state != UP:
            self.last_line = line
            self._last_line_at = self.process.engine.timers.now()
        self.process.engine.observer.noted(self, kind, line)

    def hear(self, child: str, pid: int, line: str) -> None:
        """Add a child's line to the time line, and remember it."""
        self._child_said = f"{child}: {line}"
        super().hear(child, pid, line)

    def holder_id(self) -> HolderId | None:
        """Return who ports are called for."""
        return self._holder

    def variable(self, name: str) -> Value | None:
        """Return what the statement found, under that name."""
        return self.declaration.read_variable(self.found, name)


def _first_reason(group: BaseExceptionGroup[BaseException]) -> Exception:
    """Return the first refusal of a group of errors, else its first error."""
    found: Exception | None = None
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            error = _first_reason(error)
        if isinstance(error, (Refused, Unavailable)):
            return error
        if isinstance(error, Exception) and found is None:
            found = error
    return found or Unavailable("go on", "it was cancelled")


class Configured(AsyncStatement):
    """A statement that holds something while it is up."""

    __slots__ = ()

    async def _live(self, generator: Any) -> None:
        found = await anext(generator)
        self._report(self._came_up, found)
        try:
            await self._until_dying()
        except BaseException as error:
            await generator.athrow(error)
            raise
        await generator.aclose()

    def _came_up(self, found: Any) -> None:
        if self.state == DOWN:
            self.found = found
            self.last_line = self._awaits = self._reason = ""
            self.up()

    async def _until_dying(self) -> None:
        if self._task is None:
            await _PARK
            return
        import asyncio

        self._dying = asyncio.get_running_loop().create_future()
        await self._dying
