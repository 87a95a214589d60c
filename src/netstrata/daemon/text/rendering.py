"""How statements and their failures are told to people."""

from netstrata.contract.secrets import MASK, SECRETS
from netstrata.daemon.text.redaction import redacted
from netstrata.engine.process import TERMINATING, Process, Statement
from netstrata.engine.program import Slot
from netstrata.language.diagnostics import render
from netstrata.language.valuetext import beginning_of
from netstrata.values import FALSE, TRUE, Refused, Unavailable, Value, one_line

LONGEST_VALUE = 200  # bytes of a variable that are shown
LOOKED_AT = 1 << 16  # bytes of one of which it is known whether a secret is in them
LONGEST_TEXT = 4000  # characters that are told of anything else


def traceback_of(error: BaseException) -> str:
    """Return the traceback of an error that is a bug of ours."""
    import traceback

    return "".join(traceback.format_exception(error)).rstrip()


def variables_of(statement: Statement) -> dict[str, str]:
    """Return a statement's variables as text, by name; the empty one is called `value`.

    What a secret is made from is itself one from here on.
    """
    tainted = statement.slot.tainted
    found: dict[str, str] = {}
    for variable in statement.declaration.variables:
        value = statement.variable(variable.name)
        if value is not None:
            if tainted and not variable.name and value not in (TRUE, FALSE):
                SECRETS.keep(value)
            found[variable.name or "value"] = MASK if tainted else _shown(value)
    return found


def _shown(value: Value) -> str:
    if SECRETS.changes:  # taken out first, so that no half of one is left where the text is cut off
        text = beginning_of(value, LOOKED_AT)
        shown = redacted(one_line(text.decode("utf-8", "backslashreplace")))
        # What is cut off there may be half a secret: it stays far behind what is shown, unless all was secrets.
        return MASK if len(text) > LOOKED_AT // 2 > len(shown) else shown[:LONGEST_VALUE]
    return one_line(beginning_of(value, LONGEST_VALUE).decode("utf-8", "backslashreplace"))


def cut(text: str) -> str:
    """Return a text that may be told: its beginning, if it is monstrous."""
    if len(text) <= LONGEST_TEXT:
        return text
    return f"{text[:LONGEST_TEXT]}… ({len(text) - LONGEST_TEXT:,} more characters)"


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
        refused = Refused(cut(f"{slot.type} cannot {error.operation}: {error.reason}"), slot.span, again)
    else:
        span = error.span
        if span is None:
            known = 0 <= error.argument < len(slot.arguments)
            span = slot.arguments[error.argument].span if known else slot.span
        hint = error.hint or f"`netstrata doc {slot.documented()}` says what it takes."
        refused = Refused(cut(error.message), span, f"{hint}  {again}")
    message, _, rest = render(refused).partition("\n")
    arrow, _, source = rest.partition("\n")
    return f"{message}\n{arrow}, process {process}, statement {slot.index + 1}\n{source}".rstrip("\n")
