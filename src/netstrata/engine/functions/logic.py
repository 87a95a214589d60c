"""Functions that choose and combine truth values, evaluating no more than they need."""

from collections.abc import Callable

from netstrata.contract.shapes import ANY, TRUTH
from netstrata.engine.expressions import Expression
from netstrata.engine.machine import Process
from netstrata.engine.structure import function, lazy_function, rest, takes
from netstrata.values import FALSE, TRUE, Refused, Value, boolean, compare


def _truth(value: Value, node: Expression) -> bool:
    if not isinstance(value, bytes):
        raise Refused(f"expected {TRUTH.name}: {TRUTH.means}", node.span)
    return value == TRUE


def _error(process: Process, nodes: list[Expression]) -> Value:
    raise Refused("error() was evaluated")


def _identity(values: list[Value]) -> Value:
    return values[0]


def _if(process: Process, nodes: list[Expression]) -> Value:
    chosen = nodes[1] if _truth(nodes[0].evaluate(process), nodes[0]) else nodes[2]
    return chosen.evaluate(process)


def _ifel(process: Process, nodes: list[Expression]) -> Value:
    if len(nodes) % 2 == 0:
        raise Refused("ifel takes an odd number of arguments: conditions with values, and what is left")
    for at in range(0, len(nodes) - 1, 2):
        condition = nodes[at].evaluate(process)
        value = nodes[at + 1].evaluate(process)
        if _truth(condition, nodes[at]):
            return value
    return nodes[-1].evaluate(process)


def _bool(values: list[Value]) -> Value:
    return TRUE if values[0] == TRUE else FALSE


def _not(values: list[Value]) -> Value:
    return FALSE if values[0] == TRUE else TRUE


def _checked(strict: Callable[[list[Value]], Value]) -> Callable[[list[Value]], Value]:
    def check(values: list[Value]) -> Value:
        if not isinstance(values[0], bytes):
            raise TRUTH.refusal(0)
        return strict(values)

    return check


def _and(process: Process, nodes: list[Expression]) -> Value:
    for node in nodes:
        if not _truth(node.evaluate(process), node):
            return FALSE
    return TRUE


def _or(process: Process, nodes: list[Expression]) -> Value:
    for node in nodes:
        if _truth(node.evaluate(process), node):
            return TRUE
    return FALSE


def _imp(process: Process, nodes: list[Expression]) -> Value:
    if not _truth(nodes[0].evaluate(process), nodes[0]):
        return TRUE
    return boolean(_truth(nodes[1].evaluate(process), nodes[1]))


lazy_function(
    "error",
    _error,
    rest("anything", ANY),
    """Fail, always.

    Example:
        println(@if("true", "fine", @error()));  # fine
    """,
    ANY,
)
function(
    "identity",
    _identity,
    takes(("value", ANY)),
    """Return the argument.

    Example:
        println(@identity("x"));  # x
    """,
    ANY,
)
lazy_function(
    "if",
    _if,
    takes(("condition", TRUTH), ("then", ANY), ("otherwise", ANY)),
    """Return one of two values; only that one is evaluated.

    Example:
        println(@if("true", "yes", "no"));  # yes
    """,
    ANY,
)
lazy_function(
    "ifel",
    _ifel,
    takes(("first", ANY)) + rest("more", ANY),
    """Return the value after the first condition that is true, or the last argument if none is.

    Example:
        println(@ifel("no", "1", "true", "2", "3"));  # 2
    """,
    ANY,
)
function(
    "bool",
    _checked(_bool),
    takes(("value", TRUTH)),
    """Return `true` if the argument is exactly that, else `false`.

    Example:
        println(@bool("yes"));  # false
    """,
    TRUTH,
)
function(
    "not",
    _checked(_not),
    takes(("value", TRUTH)),
    """Return the opposite.

    Example:
        println(@not("true"));  # false
    """,
    TRUTH,
)
lazy_function(
    "and",
    _and,
    rest("values", TRUTH),
    """Say whether all arguments are true; stop at the first that is not.

    Example:
        println(@and("true", "no"));  # false
    """,
    TRUTH,
)
lazy_function(
    "or",
    _or,
    rest("values", TRUTH),
    """Say whether an argument is true; stop at the first that is.

    Example:
        println(@or("no", "true"));  # true
    """,
    TRUTH,
)
lazy_function(
    "imp",
    _imp,
    takes(("premise", TRUTH), ("conclusion", TRUTH)),
    """Say whether the premise is false or the conclusion true; the latter is evaluated only if needed.

    Example:
        println(@imp("no", "no"));  # true
    """,
    TRUTH,
)


def _comparison(holds: Callable[[int], bool]) -> Callable[[list[Value]], Value]:
    def compared(values: list[Value]) -> Value:
        return boolean(holds(compare(values[0], values[1])))

    return compared


RELATIONS: tuple[tuple[str, str, Callable[[int], bool], str], ...] = (
    ("lesser", "is before", lambda order: order < 0, "false"),
    ("greater", "is after", lambda order: order > 0, "false"),
    ("lesser_equal", "is not after", lambda order: order <= 0, "true"),
    ("greater_equal", "is not before", lambda order: order >= 0, "true"),
    ("equal", "equals", lambda order: order == 0, "true"),
    ("different", "differs from", lambda order: order != 0, "false"),
)
for _name, _words, _holds, _result in RELATIONS:
    function(
        f"val_{_name}",
        _comparison(_holds),
        takes(("left", ANY), ("right", ANY)),
        f"""Say whether one value {_words} another: strings before lists before maps, bytewise.

        Example:
            println(@val_{_name}("a", "a"));  # {_result}
        """,
        TRUTH,
    )
