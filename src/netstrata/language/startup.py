"""What must hold in a whole program before anything runs, used or not."""

from netstrata.language.refusals import Mistake
from netstrata.language.tree import Call, Expression, ListOf, MapOf, Plain, PlainProcess, Reference, String
from netstrata.values import DEPTH_LIMIT, List, Map, Span, Value


def constant(expression: Expression) -> Value | None:
    """Return the value of an expression without variables and calls; None for any other, or with equal keys."""
    if isinstance(expression, String):
        return expression.value
    if isinstance(expression, ListOf):
        items: list[Value] = []
        for item in expression.items:
            value = constant(item)
            if value is None:
                return None
            items.append(value)
        return List(items)
    if isinstance(expression, MapOf):
        entries: dict[Value, Value] = {}
        for key_node, value_node in expression.pairs:
            key, value = constant(key_node), constant(value_node)
            if key is None or value is None or key in entries:
                return None
            entries[key] = value
        return Map(entries)
    return None


class StartupChecks:
    """Finds what refuses a program that parses: names used twice, bad calls, equal keys, values too deep.

    Recursion is bounded by the parser's limit on nested values.
    """

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []
        self._names: dict[str, PlainProcess] = {}

    def process(self, process: PlainProcess) -> None:
        """Check the next process of a program."""
        earlier = self._names.setdefault(process.name, process)
        if earlier is not process:
            self._refuse_twice(process, earlier)
        for statement in process.statements:
            self._statement(statement)

    def _refuse_twice(self, process: PlainProcess, earlier: PlainProcess) -> None:
        if process.hidden and not earlier.hidden:
            process, earlier = earlier, process
        hint = f"the other one is at {earlier.name_span}; processes and templates share their names."
        if earlier.hidden:
            hint = f"the {earlier.construct} at {earlier.name_span} becomes a template of this name; choose another."
        log = f"duplicate process or template name: {process.name}"
        self._refuse(f"there is another process or template `{process.name}`", process.name_span, hint, log)

    def _statement(self, statement: Plain) -> None:
        for argument in statement.arguments:
            if not isinstance(argument, (String, Reference)) and self._depth(argument) >= DEPTH_LIMIT:
                self._refuse_depth(argument, DEPTH_LIMIT - 1)

    def _depth(self, expression: Expression) -> int:
        """Check an expression and return how deep it nests; variables and calls count as strings."""
        deepest = -1
        if isinstance(expression, ListOf):
            for item in expression.items:
                deepest = max(deepest, self._depth(item))
        elif isinstance(expression, MapOf):
            for key, value in expression.pairs:
                deepest = max(deepest, self._depth(key), self._depth(value))
            self._keys(expression)
        elif isinstance(expression, Call):
            self._call(expression)
        return deepest + 1

    def _call(self, call: Call) -> None:
        if not isinstance(call.function, String):
            hint = 'a function\'s name is a string: `@name(…)` or `"name"(…)`.'
            if isinstance(call.function, Reference):
                name = ".".join(call.function.names)
                hint = f"to call the function `{name}`, write `@{name}(…)`."
            span = call.function.span
            self._refuse("only a string constant can be called", span, hint, "call function is not a string")
            self._depth(call.function)
        for argument in call.arguments:
            if self._depth(argument) > DEPTH_LIMIT:
                self._refuse_depth(argument, DEPTH_LIMIT)

    def _keys(self, expression: MapOf) -> None:
        seen: set[Value] = set()
        for key_node, _ in expression.pairs:
            key = constant(key_node)
            if key is None:
                continue
            if key in seen:
                hint = "the keys of a map are unique; take one out."
                self._refuse("this key is in the map already", key_node.span, hint, "duplicate key in map")
            seen.add(key)

    def _refuse_depth(self, expression: Expression, limit: int) -> None:
        message = f"this value nests deeper than {limit} levels"
        self._refuse(message, expression.span, "keep nested lists and maps flatter.", "depth limit exceeded")

    def _refuse(self, message: str, span: Span | None, hint: str, log: str) -> None:
        self.mistakes.append(Mistake(message, span, hint, (("ncd", log),)))
