"""What a statement says about itself.  The checker, `netstrata doc`, the manual and the tests read only this."""

from collections.abc import Callable
from typing import Any, Final, Generic, NamedTuple, TypeVar

from netstrata.contract.roles import NO_ROLES, Roles
from netstrata.contract.secrets import SECRETS
from netstrata.values import List, Refused, Value

T = TypeVar("T")

# The kinds of statement that hold something outside; what only computes or acts once holds nothing.
HOLDING_OUTSIDE: Final = ("configures", "watches", "reports", "object")
BY_PORTS: Final = ("configures", "watches")  # those whose bodies do nothing but ask ports
ABOUT_NETWORK: Final = ("net.", "vpn.")  # how the names of statements about the network begin
BUILT_IN: Final = "netstrata.statements."  # the room of our own statements


class Shape(Generic[T]):
    """What an argument or a variable looks like: how to read it, how to say it, what passes and what does not.

    `name` and `means` complete the sentence "expected <name>: <means>".  `good` and `bad` are values in program
    text, used by tests.  `words` is (least, most): how many arguments it takes.
    """

    __slots__ = ("bad", "explain", "good", "means", "name", "read", "secret", "words", "write")

    def __init__(
        self,
        name: str,
        means: str,
        read: Callable[[Value], T | None],
        write: Callable[[T], Value],
        good: tuple[str, ...],
        bad: tuple[str, ...],
        words: tuple[int, int] = (1, 1),
        explain: "Callable[[Value], Refused | None] | None" = None,
        secret: bool = False,
    ) -> None:
        """Describe one shape; whatever a secret one reads is a secret from then on.

        Shapes: read returns None for a value that does not fit; with words above one it is given a `List` of the
        arguments when there is more than one; explain says of such a value, if it can, what exactly is wrong with it.
        """
        self.name = name
        self.means = means
        self.read = _keeping(read) if secret else read
        self.secret = secret
        self.write = write
        self.good = good
        self.bad = bad
        self.words = words
        self.explain = explain

    def refusal(self, index: int, value: Value | None = None) -> Refused:
        """Return the error for an argument that does not fit, and what to write instead if its value tells."""
        exact = self.explain(value) if self.explain is not None and value is not None else None
        if exact is not None:
            return Refused(exact.message, hint=exact.hint, argument=index, within=exact.within)
        return Refused(f"expected {self.name}: {self.means}", argument=index)


def _keeping(read: Callable[[Value], T | None]) -> Callable[[Value], T | None]:
    """Return what reads a value and keeps it as a secret, whether it fits or not."""

    def keep_and_read(value: Value) -> T | None:
        SECRETS.keep(value)
        return read(value)

    return keep_and_read


class Argument(NamedTuple):
    """One argument of a statement, method or function."""

    name: str
    shape: Shape[Any]
    optional: bool = False
    default: Any = None
    rest: bool = False  # takes all arguments that are left


class Variable(NamedTuple):
    """One variable of a statement; the empty name is what the bare statement name reads."""

    name: str
    shape: Shape[Any]


class Declaration:
    """One statement, method or function, complete."""

    __slots__ = (
        "_doc", "_places", "_readers", "_variable_places", "arguments", "file", "implementation", "kind",
        "layer", "least", "line", "most", "name", "object_type", "roles", "variables",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        kind: str,
        arguments: tuple[Argument, ...],
        variables: tuple[Variable, ...],
        doc: str,
        implementation: Any,
        object_type: str = "",
        layer: int = 0,
        file: str = "",
        line: int = 0,
        roles: Roles = NO_ROLES,
    ) -> None:
        """Describe one statement.

        Shapes: kind is computes, acts, configures, watches, reports, structure, object (a structure about the
        outside) or function; a method's name is `type::method`; object_type "" means the name;
        layer is 1 link, 2 association or authentication, 3 addresses and routes, 4 tunnels and above, 0 none.
        """
        self.name = name
        self.kind = kind
        self.arguments = arguments
        self.variables = variables
        self._doc = doc
        self.implementation = implementation
        self.object_type = object_type or name
        self.layer = layer
        self.file = file
        self.line = line
        self.roles = roles
        self.least = sum(a.shape.words[0] for a in arguments if not a.optional and not a.rest)
        self.most = -1 if any(a.rest for a in arguments) else sum(a.shape.words[1] for a in arguments)
        self._places: dict[int, list[tuple[Argument, int, int]]] = {}
        self._readers: dict[int, list[Callable[[Value], Any]]] = {}
        self._variable_places = {variable.name: at for at, variable in enumerate(variables)}

    @property
    def holds_outside(self) -> bool:
        """Say whether it holds something outside, such as a link that is among its arguments."""
        return self.kind in HOLDING_OUTSIDE

    @property
    def asks_ports(self) -> bool:
        """Say whether its body reaches the outside by the ports that it is given, and in no other way."""
        return self.kind in BY_PORTS

    @property
    def is_built_in(self) -> bool:
        """Say whether it is one of our own statements."""
        return bool(self.implementation.__module__.startswith(BUILT_IN))

    @property
    def comes_by_itself(self) -> bool:
        """Say whether it comes up without anybody's doing: what it waits for is its own work, or time."""
        return self.kind == "configures" or self.roles.comes

    @property
    def doc(self) -> str:
        """The documentation, without the indentation it has in the source."""
        import inspect  # 4 ms that only who reads documentation pays

        return inspect.cleandoc(self._doc)

    def raw_example(self) -> str:
        """Return the documentation from "Example:" on, as it stands in the source."""
        start = self._doc.find("Example:")
        line = self._doc.rfind("\n", 0, start)
        return self._doc[line:] if start >= 0 else ""

    @property
    def example(self) -> str:
        """The program text below "Example:" in the documentation, "" if there is none."""
        lines = self.doc.splitlines()
        for index, line in enumerate(lines):
            if line.strip() == "Example:":
                taken: list[str] = []
                for text in lines[index + 1 :]:
                    if text.strip() and not text.startswith("    "):
                        break
                    taken.append(text[4:])
                return "\n".join(taken).strip("\n")
        return ""

    def fits(self, given: int) -> bool:
        """Say whether it takes so many arguments."""
        return self.least <= given and (self.most < 0 or given <= self.most)

    def arity_refusal(self, given: int) -> Refused:
        """Return the error for a wrong number of arguments."""
        return Refused(f"{self.name} takes {_count(self.least, self.most)}, not {given}", hint=self.synopsis())

    def synopsis(self) -> str:
        """Return the one-line form: `net.ipv4.addr(link, network)`."""
        words = [f"{a.name}…" if a.rest else f"[{a.name}]" if a.optional else a.name for a in self.arguments]
        return f"{self.name}({', '.join(words)})"

    def places(self, given: int) -> list[tuple[Argument, int, int]]:
        """Say which words an argument takes when so many are given: each with its first word and how many.

        Shapes: an optional argument that gets none stands there with 0 words; one that takes the rest, once per word.
        Raises: Refused, if that many cannot be.
        """
        known = self._places.get(given)
        if known is None:
            if not self.fits(given):
                raise self.arity_refusal(given)
            known = self._places[given] = self._placed(given)
        return known

    def _placed(self, given: int) -> list[tuple[Argument, int, int]]:
        spare = given - self.least
        placed: list[tuple[Argument, int, int]] = []
        at = 0
        for argument in self.arguments:
            if argument.rest:
                placed.extend((argument, index, 1) for index in range(at, given))
                break
            least, most = argument.shape.words
            if argument.optional:
                if spare <= 0:
                    placed.append((argument, at, 0))
                    continue
                spare -= 1
            words = least
            if most > least and spare > 0:
                words = min(most, least + spare)
                spare -= words - least
            placed.append((argument, at, words))
            at += words
        return placed

    def bind(self, values: list[Value]) -> list[Any]:
        """Read argument values by their shapes.

        Raises: Refused, with the guilty argument's index.
        """
        given = len(values)
        readers = self._readers.get(given)
        if readers is None:
            readers = self._readers[given] = _readers(self.places(given))
        bound: list[Any] = []
        if readers:
            for at, value in enumerate(values):
                result = readers[at](value)
                if result is None:
                    break
                bound.append(result)
            else:
                return bound
        return self._bound_slowly(values)

    def _bound_slowly(self, values: list[Value]) -> list[Any]:
        """Read argument values of which one is refused, optional, or of several words."""
        bound: list[Any] = []
        for argument, at, words in self.places(len(values)):
            if words == 0:
                bound.append(argument.default)
            elif words == 1:
                bound.append(_read(argument.shape, values[at], at))
            else:
                bound.append(_read_several(argument.shape, values[at : at + words], at))
        return bound

    def read_variable(self, found: Any, name: str) -> Value | None:
        """Return one variable of what a statement found, in the language's own form; None if there is none.

        Shapes: found is a named tuple with a field for each variable, or the one variable that has no name.
        """
        at = self._variable_places.get(name)
        if at is None:
            return None
        value = found[at] if isinstance(found, tuple) and len(found) == len(self.variables) else found
        return None if value is None else self.variables[at].shape.write(value)

    def foretell(self, values: list[Value]) -> Value | None:
        """Return what its value will be with some arguments; None if its declaration does not tell."""
        holds = self.roles.holds
        if holds is None and self.kind != "computes":
            return None
        try:
            if not self.fits(len(values)):
                return None
            if holds is not None:
                return holds(values)
            return self.read_variable(self.implementation(*self.bind(values)), "")
        except Exception:
            return None  # it will say so itself when it begins


def _readers(places: list[tuple[Argument, int, int]]) -> list[Callable[[Value], Any]]:
    """Return how to read each word if every argument takes exactly one, else nothing."""
    if any(words != 1 for _, _, words in places):
        return []
    return [argument.shape.read for argument, _, _ in places]


def _read(shape: Shape[Any], value: Value, index: int) -> Any:
    result = shape.read(value)
    if result is None:
        raise shape.refusal(index, value)
    return result


def _read_several(shape: Shape[Any], values: list[Value], index: int) -> Any:
    return _read(shape, List(values), index)


def _count(least: int, most: int) -> str:
    if most < 0:
        return f"at least {least} argument{'' if least == 1 else 's'}"
    if least == most:
        return "no arguments" if least == 0 else f"{least} argument{'' if least == 1 else 's'}"
    return f"{least} to {most} arguments"
