"""Statements that wait for time: sleep, periodic_timer."""

from netstrata.contract import Shape
from netstrata.contract.roles import Roles
from netstrata.contract.shapes.common import MILLISECONDS
from netstrata.engine.process import DOWN, DYING, UP, Process, Statement, Waiting
from netstrata.engine.structure import maybe, structure, takes
from netstrata.engine.timers import Timer
from netstrata.values import Value


def _read_pause(value: Value) -> int | None:
    return -1 if value == b"" else MILLISECONDS.read(value)


PAUSE = Shape[int](
    "a time",
    'whole milliseconds, or "" for not waiting at all',
    _read_pause,
    lambda pause: b"" if pause < 0 else b"%d" % pause,
    ('"5"', '""'),
    ('"-1"', '"x"', "{}"),
)


def _pause(values: list[Value], index: int) -> int:
    if index >= len(values):
        return -1
    pause = PAUSE.read(values[index])
    if pause is None:
        raise PAUSE.refusal(index)
    return pause


def _waiting(due: int, process: Process) -> Waiting:
    """Say how much time is left until one on the engine's clock."""
    left = max(0, due - process.engine.timers.now())
    return Waiting(f"waits for time to pass: {left / 1000:.1f} s are left")


class Sleep(Statement):
    """Waits on the way up, and perhaps on the way down."""

    __slots__ = ("due", "stop", "timer")

    def begin(self, values: list[Value]) -> None:
        """Wait, then be up."""
        start = _pause(values, 0)
        self.stop = _pause(values, 1)
        self.timer: Timer | None = None
        self.due = 0
        if start < 0:
            self.up()
        else:
            self._wait(start)

    def _wait(self, pause: int) -> None:
        timers = self.process.engine.timers
        self.due = timers.now() + pause
        self.timer = timers.after(pause, self._over)

    def _over(self) -> None:
        self.timer = None
        if self.state == DYING:
            self.dead()
        else:
            self.up()

    def waits_for(self) -> Waiting | None:
        """Say how much time must pass."""
        return _waiting(self.due, self.process)

    def die(self) -> None:
        """Wait, then be dead."""
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if self.stop < 0:
            self.dead()
        else:
            self._wait(self.stop)


structure(
    "sleep",
    Sleep,
    takes(("up", PAUSE)) + maybe("down", PAUSE),
    """Wait on the way up, and, if a second time is given, on the way down.

    Example:
        sleep("5");
        println("five milliseconds later");  # five milliseconds later
    """,
    roles=Roles(comes=True),
)


class PeriodicTimer(Statement):
    """Goes down and up for ever."""

    __slots__ = ("down_ms", "due", "timer", "up_ms")

    def begin(self, values: list[Value]) -> None:
        """Wait to be up."""
        times: list[int] = []
        for index in (0, 1):
            time = MILLISECONDS.read(values[index])
            if time is None:
                raise MILLISECONDS.refusal(index)
            times.append(time)
        self.down_ms, self.up_ms = times
        self._wait_down()

    def _wait_down(self) -> None:
        timers = self.process.engine.timers
        self.due = timers.now() + self.down_ms
        self.timer = timers.after(self.down_ms, self._turn)

    def _turn(self) -> None:
        if self.state == DOWN:
            self.timer = self.process.engine.timers.after(self.up_ms, self._turn)
            self.up()
        elif self.state == UP:
            self._wait_down()
            self.down()

    def waits_for(self) -> Waiting | None:
        """Say how much time must pass."""
        return _waiting(self.due, self.process)

    def die(self) -> None:
        """Stop."""
        self.timer.cancel()
        self.dead()


structure(
    "periodic_timer",
    PeriodicTimer,
    takes(("down", MILLISECONDS), ("up", MILLISECONDS)),
    """Be down for a time, then up for a time, and so on.

    Example:
        periodic_timer("5", "100000");
        println("up");  # up
    """,
    roles=Roles(comes=True),
)
