"""Functions that choose and combine truth values, evaluating no more than they need."""

from typing import Final, NamedTuple

from netstrata.contract.shapes.common import ANY, TRUTH
from netstrata.engine.evaluation import Expression, Frame
from netstrata.engine.function import Function, Strict
from netstrata.engine.structure import function, rest, takes
from netstrata.values import FALSE, TRUE, Refused, Span, Value, boolean, compare


def truth(value: Value, node: Expression) -> bool:
    """Say whether a value is `true`.

    Raises: Refused if it is no string.
    """
    if not isinstance(value, bytes):
        raise Refused(f"expected {TRUTH.name}: {TRUTH.means}", node.span)
    return value == TRUE


class Error(Function):
    """Fails."""

    def call(self, process: Frame, nodes: list[Expression], span: Span) -> Value:
        """Fail, whatever the arguments are."""
        raise Refused("error() was evaluated")


class If(Function):
    """Chooses one of two values."""

    def call(self, process: Frame, nodes: list[Expression], span: Span) -> Value:
        """Evaluate the condition, and the one of the values that it chooses."""
        chosen = nodes[1] if truth(nodes[0].evaluate(process), nodes[0]) else nodes[2]
        return chosen.evaluate(process)


class IfElse(Function):
    """Chooses the value after the first condition that is true."""

    def call(self, process: Frame, nodes: list[Expression], span: Span) -> Value:
        """Evaluate conditions and their values in turn, no more than needed."""
        if len(nodes) % 2 == 0:
            raise Refused("ifel takes an odd number of arguments: conditions with values, and what is left")
        for at in range(0, len(nodes) - 1, 2):
            condition = nodes[at].evaluate(process)
            value = nodes[at + 1].evaluate(process)
            if truth(condition, nodes[at]):
                return value
        return nodes[-1].evaluate(process)


class Not(Strict):
    """The opposite of a truth value."""

    def apply(self, values: list[Value]) -> Value:
        """Return it."""
        if not isinstance(values[0], bytes):
            raise TRUTH.refusal(0)
        return FALSE if values[0] == TRUE else TRUE


class Truth(Strict):
    """Whether a string is `true`."""

    def apply(self, values: list[Value]) -> Value:
        """Return it."""
        if not isinstance(values[0], bytes):
            raise TRUTH.refusal(0)
        return TRUE if values[0] == TRUE else FALSE


class And(Function):
    """Whether all are true."""

    def call(self, process: Frame, nodes: list[Expression], span: Span) -> Value:
        """Evaluate up to the first that is not."""
        for node in nodes:
            if not truth(node.evaluate(process), node):
                return FALSE
        return TRUE


class Or(Function):
    """Whether one is true."""

    def call(self, process: Frame, nodes: list[Expression], span: Span) -> Value:
        """Evaluate up to the first that is."""
        for node in nodes:
            if truth(node.evaluate(process), node):
                return TRUE
        return FALSE


class Implies(Function):
    """Whether the second is true if the first is."""

    def call(self, process: Frame, nodes: list[Expression], span: Span) -> Value:
        """Evaluate the second only if the first is true."""
        if not truth(nodes[0].evaluate(process), nodes[0]):
            return TRUE
        return boolean(truth(nodes[1].evaluate(process), nodes[1]))


function(
    "error",
    Error(),
    rest("anything", ANY),
    """Fail, always.

    Example:
        println(@if("true", "fine", @error()));  # fine
    """,
    ANY,
)
function(
    "identity",
    lambda values: values[0],
    takes(("value", ANY)),
    """Return the argument.

    Example:
        println(@identity("x"));  # x
    """,
    ANY,
)
function(
    "if",
    If(),
    takes(("condition", TRUTH), ("then", ANY), ("otherwise", ANY)),
    """Return one of two values; only that one is evaluated.

    Example:
        println(@if("true", "yes", "no"));  # yes
    """,
    ANY,
)
function(
    "ifel",
    IfElse(),
    takes(("first", ANY)) + rest("more", ANY),
    """Return the value after the first condition that is true, or the last argument if none is.

    Example:
        println(@ifel("no", "1", "true", "2", "3"));  # 2
    """,
    ANY,
)
function(
    "bool",
    Truth(),
    takes(("value", TRUTH)),
    """Return `true` if the argument is exactly that, else `false`.

    Example:
        println(@bool("yes"));  # false
    """,
    TRUTH,
)
function(
    "not",
    Not(),
    takes(("value", TRUTH)),
    """Return the opposite.

    Example:
        println(@not("true"));  # false
    """,
    TRUTH,
)
function(
    "and",
    And(),
    rest("values", TRUTH),
    """Say whether all arguments are true; stop at the first that is not.

    Example:
        println(@and("true", "no"));  # false
    """,
    TRUTH,
)
function(
    "or",
    Or(),
    rest("values", TRUTH),
    """Say whether an argument is true; stop at the first that is.

    Example:
        println(@or("no", "true"));  # true
    """,
    TRUTH,
)
function(
    "imp",
    Implies(),
    takes(("premise", TRUTH), ("conclusion", TRUTH)),
    """Say whether the premise is false or the conclusion true; the latter is evaluated only if needed.

    Example:
        println(@imp("no", "no"));  # true
    """,
    TRUTH,
)


class Relation(NamedTuple):
    """When a relation between two things holds, and how it is told."""

    name: str
    words: str
    lesser: bool
    equal: bool
    greater: bool


RELATIONS: Final = (
    Relation("lesser", "is before", True, False, False),
    Relation("greater", "is after", False, False, True),
    Relation("lesser_equal", "is not after", True, True, False),
    Relation("greater_equal", "is not before", False, True, True),
    Relation("equal", "equals", False, True, False),
    Relation("different", "differs from", True, False, True),
)


class Comparison(Strict):
    """Whether a relation between two values holds."""

    __slots__ = ("equal", "greater", "lesser")

    def __init__(self, relation: Relation) -> None:
        self.lesser = boolean(relation.lesser)
        self.equal = boolean(relation.equal)
        self.greater = boolean(relation.greater)

    def apply(self, values: list[Value]) -> Value:
        """Compare."""
        order = compare(values[0], values[1])
        return self.equal if order == 0 else self.lesser if order < 0 else self.greater


for _relation in RELATIONS:
    function(
        f"val_{_relation.name}",
        Comparison(_relation),
        takes(("left", ANY), ("right", ANY)),
        f"""Say whether one value {_relation.words} another: strings before lists before maps, bytewise.

        Example:
            println(@val_{_relation.name}("a", "a"));  # {boolean(_relation.equal).decode()}
        """,
        TRUTH,
    )
