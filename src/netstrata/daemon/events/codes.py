"""What a program's text says of its statements: what is known of each before anything runs.

A statement is a list: name, label, file, line, layer, all layers of what it will be or run as a set of bits, whether
it has a layer of its own, and, if it is anything to others, a map of that: the roles it has (see `contract/roles`),
whether it is about the `outside`, the `names` that it provides or wants, or the words that may be links, as far as its
text says; `open`, if it does not say which name; `method`; and the `templates` that it names.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

from netstrata.contract import Declaration
from netstrata.contract.roles import NO_ROLES, Roles
from netstrata.daemon.events.event import Place
from netstrata.daemon.events.layers import Layers, declaration_of, templates_of
from netstrata.daemon.text.rendering import cut
from netstrata.engine.evaluation import Expression
from netstrata.engine.process import EngineState
from netstrata.engine.program import Slot
from netstrata.language.valuetext import format_value
from netstrata.values import List, Map, Refused, Value

LONGEST_WORD: Final = 15  # bytes of the name of a link (IFNAMSIZ)


def place_of(slot: Slot) -> Place:
    """Return where a statement stands."""
    span = slot.span
    line, column = span.source.line_and_column(span.start)
    return Place(slot.index + 1, slot.type, span.source.name, line, column)


def is_secret(slot: Slot) -> bool:
    """Say whether what a statement is given may be a secret."""
    declaration = declaration_of(slot)
    return slot.tainted or (declaration is not None and any(one.shape.secret for one in declaration.arguments))


def statement_of(slot: Slot, layers: Layers, engine: EngineState) -> list[Any]:
    """Return a statement as the text has it."""
    place = place_of(slot)
    bits, own = layers.of_text(slot, engine)
    found = [slot.type, slot.name, place.file, place.line, max(0, bits.bit_length() - 1), bits, own]
    more = _more(slot, slot.roles(), engine)
    return [*found, more] if more else found


def _more(slot: Slot, roles: Roles, engine: EngineState) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if roles is not NO_ROLES:
        for name in ("provides", "wants", "raised_by", "asks", "calls"):
            if getattr(roles, name):
                found[name] = getattr(roles, name)
        if is_about_a_name(roles) and slot.arguments:
            value = slot.arguments[0].constant()
            found |= {"open": True} if value is None else {"names": names_in(value, roles)}
    declaration = declaration_of(slot)
    if declaration is not None and declaration.holds_outside:
        arguments = told_arguments(slot, declaration)
        words = words_in([value for one in arguments if (value := one.constant()) is not None])
        found |= {"outside": True, "names": words}
    if slot.target:
        found["method"] = True
    templates = list(dict.fromkeys(code.name for code in templates_of(slot, engine)))
    if templates:
        found["templates"] = templates
    return found


def is_about_a_name(roles: Roles) -> bool:
    """Say whether a statement's first argument is a name for others."""
    return bool(roles.provides or roles.wants or roles.raised_by)


def told_arguments(slot: Slot, declaration: Declaration) -> Sequence[Expression]:
    """Return the arguments of a statement that are no secrets."""
    secret = _secret_places(declaration, len(slot.arguments))
    return [one for at, one in enumerate(slot.arguments) if at not in secret] if secret else slot.arguments


@lru_cache(maxsize=256)
def _secret_places(declaration: Declaration, given: int) -> frozenset[int]:
    try:
        places = declaration.places(given)
    except Refused:
        return frozenset(range(given))  # it will not begin
    return frozenset(at + n for argument, at, words in places if argument.shape.secret for n in range(words))


def text_of(value: Value) -> str:
    """Return a name as text."""
    data = value if isinstance(value, bytes) else format_value(value)
    return cut(data.decode("utf-8", "backslashreplace"))


def names_in(value: Value, roles: Roles) -> list[str]:
    """Return the names that a first argument stands for: of what is wanted, any of a list will do."""
    if isinstance(value, List) and roles.wants:
        return [text_of(one) for one in value.elements()]
    return [text_of(value)]


def words_in(values: list[Value]) -> list[str]:
    """Return the strings in values that may be names of links, also those in lists and maps."""
    found: dict[bytes, None] = {}
    waiting = values[::-1]
    while waiting:
        value = waiting.pop()
        if isinstance(value, bytes):
            if 0 < len(value) <= LONGEST_WORD and b"/" not in value and not value.isspace():
                found[value] = None
        elif isinstance(value, List):
            waiting += value.elements()
        elif isinstance(value, Map):
            waiting += value.entries.values()
    return [word.decode("utf-8", "backslashreplace") for word in found]
