"""How statements and their failures are told to people."""

from netstrata.daemon.ncdlog import traceback_of
from netstrata.engine.machine import TERMINATING, Process, Statement
from netstrata.engine.program import Slot
from netstrata.language.diagnostics import one_line, render
from netstrata.language.valuetext import format_value
from netstrata.values import Refused, Unavailable

LONGEST_VALUE = 200  # bytes of a variable that are shown


def variables_of(statement: Statement) -> dict[str, str]:
    """Return a statement's variables as text, by name; the empty one is called `value`."""
    found: dict[str, str] = {}
    for variable in statement.declaration.variables:
        value = statement.variable(variable.name)
        if value is not None:
            text = value if isinstance(value, bytes) else format_value(value)
            found[variable.name or "value"] = one_line(text[:LONGEST_VALUE].decode("utf-8", "backslashreplace"))
    return found


def next_of(process: Process, retry_ms: int) -> str:
    """Return what becomes of the statement that has failed, as a sentence."""
    if process.error:
        return f"Trying again in {retry_ms / 1000:g} s."
    return "Ignoring." if process.mode == TERMINATING else "Beginning again."


def account_of(process: str, slot: Slot, error: Exception, again: str) -> str:
    """Return what failed, where, and what comes of that: several lines."""
    if not isinstance(error, (Refused, Unavailable)):
        where = f"{slot.type} at {slot.span}, process {process},"
        return f"error: {where} met a bug of Netstrata.  {again}\n{traceback_of(error)}"
    if isinstance(error, Unavailable):
        refused = Refused(f"{slot.type} cannot {error.operation}: {error.reason}", slot.span, again)
    else:
        span = error.span
        if span is None:
            known = 0 <= error.argument < len(slot.arguments)
            span = slot.arguments[error.argument].span if known else slot.span
        hint = error.hint or f"`netstrata doc {slot.type}` says what it takes."
        refused = Refused(error.message, span, f"{hint}  {again}")
    message, _, rest = render(refused).partition("\n")
    arrow, _, source = rest.partition("\n")
    return f"{message}\n{arrow}, process {process}, statement {slot.index + 1}\n{source}".rstrip("\n")
