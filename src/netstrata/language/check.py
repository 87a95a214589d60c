"""What can be known to be wrong with a program without running it: `netstrata check`.

It reports what fails whenever it is evaluated; what depends on how a template is called, or on values, it leaves.
"""

from typing import NamedTuple

from netstrata.contract import Declaration
from netstrata.contract.shapes.templates import NO_TEMPLATE, TemplateShape
from netstrata.language.lookup import Lookup
from netstrata.language.refusals import printable
from netstrata.language.scopes import TEMPLATE_NAMES, Definition, Scopes, nodes
from netstrata.language.spelling import did_you_mean
from netstrata.language.startup import constant
from netstrata.language.tree import (
    Call,
    Expression,
    ListOf,
    MapOf,
    Plain,
    PlainProcess,
    PlainProgram,
    Reference,
    String,
)
from netstrata.language.valuetext import format_value
from netstrata.values import ITS_NAME, List, Refused, Span, Value


class Findings(NamedTuple):
    """What is wrong (it cannot work), and what is suspicious (it may never work)."""

    errors: list[Refused]
    warnings: list[Refused]


def check(program: PlainProgram, lookup: Lookup) -> Findings:
    """Say what is wrong with a program, in its order."""
    checking = _Checking(program, lookup)
    for process in program.processes:
        for index, statement in enumerate(process.statements):
            checking.statement(process, index, statement)
        checking.loops(process)
    return Findings(checking.errors, checking.warnings)


class _Checking:
    """One program being checked."""

    def __init__(self, program: PlainProgram, lookup: Lookup) -> None:
        self.errors: list[Refused] = []
        self.warnings: list[Refused] = []
        self._lookup = lookup
        self._scopes = Scopes(program, lookup.statement)
        self._templates = {process.name: process for process in program.processes}
        self._provided = _provided(program, lookup)
        # The types of the objects that statements make: complete for all a statement can see once it is reached,
        # because hidden templates stand behind what they were written in.
        self._types: dict[tuple[str, int], str] = {}
        self._unknown: set[tuple[str, int]] = set()

    def statement(self, process: PlainProcess, index: int, statement: Plain) -> None:
        """Check one statement: its type, its arguments, the names it uses."""
        if statement.target:
            declaration = self._method(process, index, statement)
        else:
            declaration = self._type(process, index, statement)
        if declaration is not None:
            if declaration.roles.forwards is None:  # else its methods are those of what it stands for
                self._types[process.name, index] = declaration.object_type
            self._arguments(declaration, statement.arguments, statement.type_span)
        for argument in statement.arguments:
            for node in nodes(argument):
                if isinstance(node, Reference):
                    self._name(process, index, node.names[0], node.span, f'"{".".join(node.names)}"')
                elif isinstance(node, Call):
                    self._call(node)
        if declaration is not None and declaration.roles.wants and not statement.target:
            self._depend(statement, declaration)

    def loops(self, process: PlainProcess) -> None:
        """Warn of what cannot be meant so, as a statement that takes away what one above it holds, again and again."""
        kept: dict[Value | None, Plain] = {}
        for statement in process.statements:
            declaration = self._lookup.statement(statement.type) if not statement.target else None
            if declaration is None or not declaration.fits(len(statement.arguments)):
                continue
            values = [_known(argument) for argument in statement.arguments]
            roles = declaration.roles
            doubt = roles.doubts(values) if roles.doubts is not None else None
            if doubt is not None:
                span = statement.arguments[doubt.argument or 0].span
                self.warnings.append(Refused(doubt.message, span, doubt.hint))
            takes = roles.takes(values) if roles.takes is not None else None
            if takes is not None and takes in kept:
                above = kept[takes]
                holds = f"what {above.type} in line {above.span.line} holds"
                message = f"this takes away {holds}: it goes up and down for ever"
                self.warnings.append(Refused(message, statement.type_span, "write it above that."))
            elif roles.keeps is not None:
                kept.setdefault(roles.keeps(values), statement)

    def _type(self, process: PlainProcess, index: int, statement: Plain) -> Declaration | None:
        declaration = self._lookup.statement(statement.type)
        if declaration is None:
            self._unknown.add((process.name, index))
            problem = self._lookup.problem(statement.type)
            hint = problem or _suggestion(did_you_mean(statement.type, self._lookup.statement_names()))
            if not hint and self._lookup.function(statement.type) is not None:
                hint = f"there is a function of that name: `@{statement.type}(…)` stands where a value is wanted."
            first, dot, method = statement.type.rpartition(".")
            if dot and self._lookup.has_method(method) and self._scopes.find(process, index, first.partition(".")[0]):
                hint = f"a method is called with an arrow: `{first}->{method}(…)`."
            if not hint and self._lookup.has_method(statement.type):
                hint = f"there is a method of that name: `object->{statement.type}(…)`."
            self._refuse(f"there is no statement `{printable(statement.type.encode())}`", statement.type_span, hint)
        return declaration

    def _method(self, process: PlainProcess, index: int, statement: Plain) -> Declaration | None:
        """Check a method call; return its declaration if what it is called on is known."""
        span = statement.target_span or statement.span
        definition = self._name(process, index, statement.target[0], span)
        if definition is None or (definition.process.name, definition.index) in self._unknown:
            self._unknown.add((process.name, index))
            return None  # refused already
        type_ = ""
        if len(statement.target) == 1:
            type_ = self._types.get((definition.process.name, definition.index), "")
        declaration = self._lookup.method(type_, statement.type) if type_ else None
        if declaration is not None or (not type_ and self._lookup.has_method(statement.type)):
            return declaration
        self._unknown.add((process.name, index))
        if type_:
            names = list(self._lookup.method_names(type_))
            message = f"`{type_}` has no method `{statement.type}`"
            hint = _suggestion(did_you_mean(statement.type, names))
            if not hint:
                hint = f"it has {_listed(names)}." if names else "it has no methods at all."
        else:
            message = f"no object has a method `{statement.type}`"
            hint = _suggestion(did_you_mean(statement.type, self._lookup.method_names()))
        self._refuse(message, statement.type_span, hint)
        return None

    def _call(self, call: Call) -> None:
        if not isinstance(call.function, String):
            return
        name = call.function.value.decode("latin-1")
        declaration = self._lookup.function(name)
        if declaration is not None:
            self._arguments(declaration, call.arguments, call.function.span)
            return
        hint = _suggestion(did_you_mean(name, self._lookup.function_names()))
        if not hint and self._lookup.statement(name) is not None:
            hint = f"`{name}` is a statement: name one above, `{name}(…) x;`, and use `x`."
        self._refuse(f"there is no function `{printable(call.function.value)}`", call.function.span, hint)

    def _arguments(self, declaration: Declaration, arguments: list[Expression], span: Span) -> None:
        """Check how many arguments there are, and each that is constant by its shape."""
        try:
            places = declaration.places(len(arguments))
        except Refused as refused:
            self._refuse(refused.message, span, refused.hint)
            return
        errors = len(self.errors)
        for argument, at, words in places:
            values: list[Value] = []
            for expression in arguments[at : at + words]:
                value = constant(expression)
                if value is not None:
                    values.append(value)
            if not words or len(values) < words:
                continue
            shape, where = argument.shape, arguments[at].span.to(arguments[at + words - 1].span)
            given = values[0] if words == 1 else List(values)
            if shape.read(given) is None:
                refusal = shape.refusal(at, given)
                where = _place(arguments[at], refusal.within) if words == 1 else where
                self._refuse(refusal.message, where, refusal.hint or declaration.synopsis(), at)
            elif isinstance(shape, TemplateShape):
                self._template(values[0], where)
        if len(self.errors) == errors:
            self._together(declaration, arguments, span)

    def _together(self, declaration: Declaration, arguments: list[Expression], span: Span) -> None:
        """Check what each argument allows of the others, if all are constant."""
        values: list[Value] = []
        for expression in arguments:
            value = constant(expression)
            if value is None:
                return
            values.append(value)
        refused = self._lookup.refusal(declaration, values)
        if refused is not None:
            at = refused.argument
            where = _place(arguments[at], refused.within) if 0 <= at < len(arguments) else span
            self._refuse(refused.message, where, refused.hint or declaration.synopsis(), at)

    def _template(self, value: Value, span: Span) -> None:
        if not isinstance(value, bytes) or value == NO_TEMPLATE:
            return
        name = value.decode("latin-1")
        process = self._templates.get(name)
        if process is not None and process.template:
            return
        if process is not None:
            hint = "only templates can be run by statements; write `template` in its place."
            self._refuse(f"`{name}` is a process, not a template", span, hint)
            return
        known = [other for other, process in self._templates.items() if process.template and not process.hidden]
        hint = _suggestion(did_you_mean(name, known))
        self._refuse(f"there is no template `{printable(value)}`", span, hint or f"write one: template {name} {{ … }}")

    def _name(self, process: PlainProcess, index: int, name: str, span: Span, text: str = "") -> Definition | None:
        """Return what defines a name; `text` is how a string of the same letters would be written there."""
        definition = self._scopes.find(process, index, name)
        if definition is not None:
            return definition
        hint = _suggestion(did_you_mean(name, self._scopes.visible(process, index)))
        later = self._scopes.defined_later(process, index, name)
        if later is not None:
            line = later.process.statements[later.index].span.line
            hint = f"the one in line {line} stands below: only what is above can be used."
            if later.process is process and later.index == index:
                hint = "a statement cannot use itself: only what is above can be used."
        elif name in TEMPLATE_NAMES:
            hint = "that exists only in templates."
        elif not hint and text:
            hint = f"a string stands between double quotes: {text}."
        self._refuse(f"no statement above is named `{name}`", span, hint)
        return None

    def _depend(self, statement: Plain, declaration: Declaration) -> None:
        """Warn of a statement that wants a name, or one of several, none of which anything provides."""
        provided = self._provided.get(declaration.roles.wants, {})
        wanted = constant(statement.arguments[0]) if len(statement.arguments) == 1 else None
        if provided is None or wanted is None or declaration.arguments[0].shape.read(wanted) is None:
            return
        names = wanted.elements() if isinstance(wanted, List) else [wanted]
        if not names or any(name in provided for name in names):
            return
        words = ", ".join(printable(format_value(name)) for name in names)
        like = did_you_mean(_word(names[0]), map(_word, provided)) if len(names) == 1 else None
        message = f"this waits for ever: nothing provides {words if len(names) == 1 else f'any of {words}'}"
        self.warnings.append(Refused(message, statement.arguments[0].span, _suggestion(like)))

    def _refuse(self, message: str, span: Span, hint: str, argument: int = -1) -> None:
        self.errors.append(Refused(message, span, hint, argument))


def _known(argument: Expression) -> Value:
    """Return an argument's value, or what stands for that of a name, and equals no other one's."""
    value = constant(argument)
    if value is not None:
        return value
    if isinstance(argument, Reference):
        return List([b"the value of", *(name.encode() for name in argument.names)])
    return List([b"the value at", str(argument.span).encode()])


def _provided(program: PlainProgram, lookup: Lookup) -> dict[str, dict[Value, None] | None]:
    """Return what is provided in each name space, None of one in which some names are known only at run time."""
    found: dict[str, dict[Value, None] | None] = {}
    for process in program.processes:
        for statement in process.statements:
            declaration = lookup.statement(statement.type) if not statement.target else None
            if declaration is None or not declaration.roles.provides or not statement.arguments:
                continue
            names = found.setdefault(declaration.roles.provides, {})
            name = constant(statement.arguments[0])
            if name is None:
                found[declaration.roles.provides] = None
            elif names is not None:
                names[name] = None
    return found


def _word(name: Value) -> str:
    return name.decode("latin-1") if isinstance(name, bytes) else ""


def _suggestion(word: str | None) -> str:
    return f"did you mean `{word}`?" if word is not None else ""


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names)[:12]) + (", …" if len(names) > 12 else "")


def _place(expression: Expression, within: tuple[bytes | int, ...]) -> Span:
    """Return where a part of an argument stands, or as near to it as is written there: see `Refused`."""
    for at, step in enumerate(within):
        if isinstance(expression, MapOf) and isinstance(step, bytes):
            found = [pair for pair in expression.pairs if constant(pair[0]) == step]
            if not found:
                break
            if within[at + 1 :] == (ITS_NAME,):
                return found[-1][0].span
            expression = found[-1][1]
        elif isinstance(expression, ListOf) and isinstance(step, int) and 0 <= step < len(expression.items):
            expression = expression.items[step]
    return expression.span
