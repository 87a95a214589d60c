"""What happens, as the daemon's own log: one greppable line for a transition, a full account of a failure."""

from collections.abc import Callable

from netstrata.daemon.ncdlog import traceback_of
from netstrata.daemon.path import process_path, statement_path
from netstrata.engine.machine import NONE, STATE_NAMES, UP, Observer, Process, Retry, Statement
from netstrata.engine.program import Slot
from netstrata.language.diagnostics import one_line, render
from netstrata.language.valuetext import format_value
from netstrata.values import Refused, Unavailable

LONGEST_VALUE = 200  # bytes of a variable in a line


def variables_of(statement: Statement) -> dict[str, str]:
    """Return a statement's variables as text, by name; the empty one is called `value`."""
    found: dict[str, str] = {}
    for variable in statement.declaration.variables:
        value = statement.variable(variable.name)
        if value is not None:
            text = value if isinstance(value, bytes) else format_value(value)
            found[variable.name or "value"] = one_line(text[:LONGEST_VALUE].decode("utf-8", "backslashreplace"))
    return found


class Account(Observer):
    """Lines for people who run the daemon."""

    def __init__(self, write: Callable[[str], None], retry: Retry, transitions: bool) -> None:
        """Take where lines go, and whether each transition is told."""
        self._write = write
        self._retry = retry
        self._transitions = transitions

    def moved(self, statement: Statement, before: int, after: int) -> None:
        """Tell a transition."""
        if not self._transitions or (before == NONE and after != UP):
            return
        values = "".join(f" {k}={v}" for k, v in variables_of(statement).items()) if after == UP else ""
        self._transition(statement, f"{STATE_NAMES[before]} -> {STATE_NAMES[after]}{values}")

    def blinked(self, statement: Statement) -> None:
        """Tell that a statement was down for an instant."""
        if self._transitions:
            self._transition(statement, "up -> down -> up")

    def _transition(self, statement: Statement, what: str) -> None:
        self._write(f"{statement_path(statement)} {statement.slot.type} {statement.slot.span} {what}")

    def failed(self, process: Process, slot: Slot, error: Exception) -> None:
        """Tell what failed, where, and when it is tried again."""
        if not isinstance(error, (Refused, Unavailable)):
            self._write(
                f"error: {slot.type} met a bug of Netstrata; the statement is tried again\n{traceback_of(error)}"
            )
            return
        seconds = self._retry.delay(process.retries) / 1000
        again = f"Trying again in {seconds:g} s."
        if isinstance(error, Unavailable):
            refused = Refused(f"{slot.type} cannot {error.operation}: {error.reason}", slot.span, again)
        else:
            span = error.span
            if span is None:
                known = 0 <= error.argument < len(slot.arguments)
                span = slot.arguments[error.argument].span if known else slot.span
            hint = error.hint or f"`netstrata doc {slot.type}` says what it takes."
            refused = Refused(error.message, span, f"{hint}  {again}")
        text = render(refused)
        place, _, rest = text.partition("\n")
        arrow, _, source = rest.partition("\n")
        where = f"{arrow}, process {process_path(process)}, statement {slot.index + 1}"
        self._write(f"{place}\n{where}\n{source}".rstrip("\n"))

    def noted(self, statement: Statement, line: str) -> None:
        """Tell what a statement has to tell."""
        self._write(f"{statement_path(statement)} {statement.slot.type}: {one_line(line)}")


class Several(Observer):
    """Several observers, told one after the other."""

    def __init__(self, observers: list[Observer]) -> None:
        self._observers = observers

    def moved(self, statement: Statement, before: int, after: int) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.moved(statement, before, after)

    def blinked(self, statement: Statement) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.blinked(statement)

    def cleaned(self, statement: Statement) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.cleaned(statement)

    def process_moved(self, process: Process, what: str) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.process_moved(process, what)

    def failed(self, process: Process, slot: Slot, error: Exception) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.failed(process, slot, error)

    def noted(self, statement: Statement, line: str) -> None:
        """Tell all."""
        for observer in self._observers:
            observer.noted(statement, line)
