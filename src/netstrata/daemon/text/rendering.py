"""How statements and their failures are told to people."""

from netstrata.contract.secrets import MASK, SECRETS
from netstrata.daemon.text.redaction import masked
from netstrata.engine.process import TERMINATING, Process
from netstrata.engine.program import Slot
from netstrata.engine.statement import Statement
from netstrata.language.diagnostics import one_line, render
from netstrata.language.valuetext import format_value
from netstrata.values import FALSE, TRUE, Refused, Unavailable, Value

LONGEST_VALUE = 200  # bytes of a variable that are shown


def traceback_of(error: BaseException) -> str:
    """Return the traceback of an error that is a bug of ours."""
    import traceback

    return "".join(traceback.format_exception(error)).rstrip()


def variables_of(statement: Statement) -> dict[str, str]:
    """Return a statement's variables as text, by name; the empty one is called `value`.

    What a secret is made from is itself one from here on.
    """
    hushed = statement.slot.hushed
    found: dict[str, str] = {}
    for variable in statement.declaration.variables:
        value = statement.variable(variable.name)
        if value is not None:
            if hushed and not variable.name and value not in (TRUE, FALSE):
                SECRETS.keep(value)
            found[variable.name or "value"] = MASK if hushed else _shown(value)
    return found


def _shown(value: Value) -> str:
    text = value if isinstance(value, bytes) else format_value(value)
    if SECRETS.changes:  # taken out first, so that no half of one is left where the text is cut off
        return masked(one_line(text.decode("utf-8", "backslashreplace")))[:LONGEST_VALUE]
    return one_line(text[:LONGEST_VALUE].decode("utf-8", "backslashreplace"))


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
        hint = error.hint or f"`netstrata doc {slot.documented()}` says what it takes."
        refused = Refused(error.message, span, f"{hint}  {again}")
    message, _, rest = render(refused).partition("\n")
    arrow, _, source = rest.partition("\n")
    return f"{message}\n{arrow}, process {process}, statement {slot.index + 1}\n{source}".rstrip("\n")
