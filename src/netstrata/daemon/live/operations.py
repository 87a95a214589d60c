"""What the statements of a plan undo and do outside, as far as that is known while nothing is done.

What is held is asked of those who keep it.  What begins is run against ports that do nothing, if its values are known.
"""

from collections.abc import Iterator
from typing import Any, Final

from netstrata.contract import Declaration
from netstrata.contract.secrets import SECRETS
from netstrata.daemon.events.codes import is_secret
from netstrata.daemon.events.layers import declaration_of
from netstrata.daemon.text.redaction import redacted
from netstrata.daemon.text.rendering import cut
from netstrata.engine.evaluation import Expression
from netstrata.engine.machine import Engine
from netstrata.engine.process import Statement
from netstrata.engine.program import Slot
from netstrata.engine.prospect import Foreseen, Prospect
from netstrata.system.held import Leaving
from netstrata.values import Refused, Value

AT_ONCE: Final = 256  # things that are asked about before others have their turn
# What is told of what is not known.
SECRET: Final = "then whatever follows: a secret is among its values"
LATER: Final = "then whatever follows: its values are known only once it begins"
RUNNING: Final = "then whatever follows: it is known only when it happens"
_UNKNOWN: Final = ("configures", "watches", "acts", "object")  # these may do anything outside


class Operations:
    """What is known of one plan."""

    def __init__(self, engine: Engine, prospect: Prospect) -> None:
        self._ports = engine.outside.ports
        self._leaving = Leaving()
        for statement in prospect.undone:
            holder = statement.holder_id()
            if holder is not None:
                self._leaving[holder] = len(self._leaving)
        self._kept: dict[Any, list[tuple[int, str]]] = {}

    def look(self) -> Iterator[None]:
        """Ask what is held by those who leave; others have their turn in between."""
        if not self._leaving:
            return
        for number, found in enumerate(self._ports.undoing(self._leaving)):
            if found is not None:
                self._kept.setdefault(found.who, []).append((found.number, found.words))
            if number % AT_ONCE == 0:
                yield None

    def undone(self, statement: Statement) -> list[str]:
        """Say what a statement undoes outside, in that order."""
        declaration = statement.declaration
        kept = sorted(self._kept.get(statement.holder_id(), ()), key=_number, reverse=True)
        told = [cut(words) for _, words in kept]
        if not declaration.asks_ports:
            return told
        found = self._run(statement.slot, declaration, Foreseen(statement.process, statement.index), Leaving())
        if isinstance(found, str) or (found.to_undo is None and not told):
            return [*told, RUNNING]
        if found.to_undo and is_secret(statement.slot):
            return [*told, SECRET]
        return told or found.to_undo

    def begun(self, slot: Slot, frame: Foreseen) -> list[str]:
        """Say what a statement does outside when it begins."""
        declaration = declaration_of(slot)
        if declaration is None or declaration.kind not in _UNKNOWN:
            return []
        if not declaration.asks_ports:
            return [RUNNING]
        if is_secret(slot):
            return [SECRET]
        found = self._run(slot, declaration, frame, self._leaving)
        return [found] if isinstance(found, str) else found.to_do

    def _run(self, slot: Slot, declaration: Declaration, frame: Foreseen, leaving: Leaving) -> Any:
        """Run a body against ports that do nothing; return them, or why that tells nothing."""
        known = SECRETS.all()
        try:
            values = self.value(slot, frame)
            if values is None:
                return LATER
            if not declaration.is_built_in:
                return RUNNING
            ports = self._ports.planned(leaving)
            if not _tells(declaration, values, ports):
                return RUNNING
            ports.to_do = [cut(redacted(words)) for words in ports.to_do]
            if ports.to_undo is not None:
                ports.to_undo = [cut(redacted(words)) for words in ports.to_undo]
            return ports
        finally:
            SECRETS.know_only(known)

    def value(self, expression: Expression | Slot, frame: Foreseen) -> Any:
        """Return a value, or those of a statement's arguments, if all that they are made of stays, else None."""
        try:
            return expression.evaluate(frame)
        except Refused:
            return None


def _tells(declaration: Declaration, values: list[Value], ports: Any) -> bool:
    """Let a body hold what it would hold, and leave again; say whether it has come so far without waiting."""
    try:
        body = declaration.implementation(ports, *declaration.bind(values))
        told = _comes(anext(body))
        return _comes(body.aclose()) and (told or ports.only_watches)
    except Refused:
        return False


def _comes(step: Any) -> bool:
    """Say whether an awaitable comes to its end at once."""
    try:
        step.__await__().send(None)
    except StopIteration:
        return True
    except Exception:  # whatever it is, nothing more is known
        return False
    step.close()
    return False


def _number(kept: tuple[int, str]) -> int:
    return kept[0]
