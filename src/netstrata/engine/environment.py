"""What the machine needs around it: an observer, the outside; and what a statement says it waits for.

Of processes (P) and statements (S) it knows only that there are some.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from netstrata.engine.program import Code, Slot
from netstrata.values import Value
from netstrata.values.compiler_hints import mypyc_attr

P = TypeVar("P")
S = TypeVar("S")


@mypyc_attr(allow_interpreted_subclasses=True)
class Observer(Generic[P, S]):
    """Who is told what happens.  Called only while `Engine.watched` is set, but for `failed` and `broken`."""

    def moved(self, statement: S, before: int, after: int) -> None:
        """A statement went from one state to another."""

    def restarted(self, statement: S) -> None:
        """A statement that is up was down for an instant."""

    def revised(self, statement: S) -> None:
        """A statement that is up, and stays so, has other variables."""

    def cleaned(self, statement: S) -> None:
        """A statement was told that everything after it is gone."""

    def process_moved(self, process: P, what: str) -> None:
        """A process was `created`, is `complete`, or `restarting` after that, waits to retry (`retrying`), has another
        text (`changed`), is `terminating` or `gone`.
        """

    def failed(self, process: P, slot: Slot, error: Exception) -> None:
        """A statement could not begin, or broke, or could not be undone as it should be.  Always called."""

    def noted(self, statement: S, kind: str, line: str) -> None:
        """A statement has something to tell, of a kind that `netstrata.contract.holder` lists."""

    def heard(self, statement: S, child: str, pid: int, line: str) -> None:
        """A child of a statement's has said a line."""

    def retries(self, statement: S, line: str, wait_ms: int) -> None:
        """A statement starts something again later."""

    def broken(self, error: BaseException) -> None:
        """Something failed that is no one statement's: a bug of ours.  Always called."""


class ProgramChange(Generic[P, S]):
    """A change of the program, while what differs is undone: see `netstrata.engine.change`."""

    def awaits(self, process: P) -> bool:
        """Say whether a process is to be undone down to what differs of it."""
        raise NotImplementedError

    def undone(self, process: P) -> None:
        """A process is undone down to what differs of it."""
        raise NotImplementedError

    def gone(self, process: P) -> None:
        """A process is gone."""
        raise NotImplementedError

    def code_for(self, creator: S, name: str) -> "Code | None":
        """Return a process or template, as a statement knows it."""
        raise NotImplementedError


class WaitsFor(Generic[P]):
    """What a statement waits for: a text, processes that it waits for, and names that somebody should provide."""

    __slots__ = ("names", "processes", "text")

    def __init__(
        self, text: str, processes: list[P] | None = None, names: list[tuple[str, Value]] | None = None
    ) -> None:
        """Say what is waited for.

        Shapes: a name is the name space that it is wanted in (see `Roles`), and the value.
        """
        self.text = text
        self.processes = processes or []
        self.names = names or []


@mypyc_attr(allow_interpreted_subclasses=True)
class Retry:
    """How long to wait before a failed statement is begun again."""

    __slots__ = ("milliseconds",)

    def __init__(self, milliseconds: int) -> None:
        self.milliseconds = milliseconds

    def delay(self, failures: int) -> int:
        """Return milliseconds; `failures` counts those since the process last got on."""
        return self.milliseconds


def _hear_nothing() -> int:
    return -1


class Environment:
    """What statements reach beyond the engine."""

    __slots__ = ("arguments", "catch_up", "environment", "log", "output", "ports", "wake")

    def __init__(
        self,
        output: Callable[[bytes], None],
        log: Callable[[int, bytes], None],
        wake: Callable[[], None],
        ports: Any,
        arguments: list[bytes],
        environment: dict[bytes, bytes],
    ) -> None:
        """Take the outside.

        Shapes: output takes bytes for standard output; log takes a level (1 error to 5 debug) and a text; wake makes
        `Engine.work_off` be called soon; arguments are the program's own.
        """
        self.output = output
        self.log = log
        self.wake = wake
        self.ports = ports
        self.arguments = arguments
        self.environment = environment
        # Hears what the kernel has said by now; returns how many were told that something is gone, -1 if none listens.
        self.catch_up: Callable[[], int] = getattr(ports, "catch_up", _hear_nothing)
