"""How a program differs from the one that runs: by meaning, statement by statement, wherever it is written.

Layout, comments, the order of processes, files and the numbers of hidden templates make no difference.
"""

from collections.abc import Generator, Iterable, Iterator
from typing import Final

from netstrata.engine.evaluation import Expression
from netstrata.engine.expressions import Call, Constant, ListOf, MapOf, Reference
from netstrata.engine.program import Code, Slot
from netstrata.language.sugar import HIDDEN

Codes = dict[str, Code]
Replaced = tuple[int, int, list[str]]  # at an index of a program, so many processes and templates; those in their place
NOTHING: Final[dict[str, str]] = {}


class Difference:
    """A new program beside an old one.

    `codes` are all processes and templates of the new one by name: where nothing differs the old one's, so that nobody
    who runs it has to know.  A hidden template has the name there that it has in the old program, if it stands in the
    same place, so that who has been told of that name finds what it is now.
    Code that is the same object in both is not looked at: what was not read again.  `around`, if only some processes
    are compared, is the whole old program, whose names are taken.
    `firsts` has the index of the first statement that differs, of each that is in both and differs; `gone` is what is
    in the old one only, `come` in the new one only.
    """

    def __init__(self, old: Codes, new: list[Code], around: Codes | None = None) -> None:
        self._old = old
        self._around = old if around is None else around
        self._new = {code.name: code for code in new}
        self._names: dict[str, str] = {}  # of hidden templates: the old ones by the new ones
        self._outdated: set[str] = set()
        self._moved: list[tuple[Code, Code]] = []  # old ones that are kept, and where they are written now
        self._compared: Codes = {}  # what is in the place of old
        self._codes: Codes | None = None  # once they are asked for
        self._names_in_order: list[str] = []  # of all, if not those of the old program in its order
        self.firsts: dict[str, int] = {}
        self.gone: list[str] = []
        self.come: list[str] = []
        self.moves_processes = False  # the processes are not those of the old program, in its order

    @property
    def is_nothing(self) -> bool:
        """Whether both programs mean the same."""
        return not (self.firsts or self.gone or self.come)

    def compare(self) -> "Difference":
        """Find what differs, at once, and return itself."""
        for _ in self.in_steps():
            pass
        return self

    def in_steps(self) -> Generator[None, None, None]:
        """Find what differs, with something else in between."""
        yield from self._compare()
        yield from self._rename_hidden()
        for name, code in self._new.items():
            name = self._names.get(name, name) if code.hidden else name
            old = self._old.get(name)
            if old is None:
                self.come.append(name)
            elif old is not code and name not in self.firsts:
                self._moved.append((old, code))
                code = old
            self._compared[name] = code
        self.gone = [name for name in self._old if name not in self._compared]
        self.moves_processes = _processes(self._old, self._old) != _processes(self._compared, self._compared)

    def move(self) -> Generator[None, None, None]:
        """Let what does not differ know where it is written now, and what of it is made into secrets."""
        for old, new in self._moved:
            for before, after in zip(old.slots, new.slots, strict=True):
                before.span = after.span
                before.arguments = after.arguments
                before.tainted = after.tainted
            old.span = new.span
            yield

    @property
    def codes(self) -> Codes:
        """All processes and templates of the new program by name."""
        if self._around is self._old:
            return self._compared
        if self._codes is None:
            self._codes = {**self._around, **self._compared}
            if self._names_in_order:
                self._codes = {name: self._codes[name] for name in self._names_in_order}
        return self._codes

    def code(self, name: str) -> Code | None:
        """Return a process or template of the new program."""
        found = self._compared.get(name)
        return self._around.get(name) if found is None and name not in self._old else found

    def old_code(self, name: str) -> Code | None:
        """Return a process or template of the old program."""
        found = self._old.get(name)
        return self._around.get(name) if found is None and name not in self._compared else found

    def applied(self) -> Codes:
        """Return the new program, for which the map of the old one is taken if it has the same names."""
        if self._around is self._old or self._names_in_order:
            return self.codes
        self._around.update(self._compared)
        return self._around

    def place(self, replaced: list[Replaced]) -> None:
        """Know where in the program those stand that were compared, if they are not where the old ones were."""
        names = list(self._around)
        for at, count, new in sorted(replaced, reverse=True):
            before = names[at : at + count]
            names[at : at + count] = new
            self.moves_processes |= _processes(before, self._old) != _processes(new, self._compared)
        self._names_in_order = names

    @property
    def touched(self) -> dict[str, None]:
        """The processes and templates, as they are written in the old program, of which anything differs, in order."""
        differ = (written for written, name, _ in self._written() if name in self.firsts or name not in self._compared)
        return dict.fromkeys(differ)

    @property
    def reaches_out(self) -> bool:
        """Whether others may run what differs: part of a template, or a Block, which whoever has it calls.

        Of a whole program they may: by the name of a hidden template, which is known nowhere else.
        """
        if self._around is self._old:
            return True
        touched = self.touched
        return any(
            written in touched and (self._old[written].template or _has_blocks(code))
            for written, _, code in self._written()
        )

    def _written(self) -> Iterator[tuple[str, str, Code]]:
        """Yield the old program's code by name, each after the process or template that it is written in."""
        written = ""
        for name, code in self._old.items():
            if not code.hidden:
                written = name
            yield written, name, code

    @property
    def outdated(self) -> set[str]:
        """Templates that differ or are gone, and those that name one of these, perhaps through others."""
        if not self._outdated:
            naming: dict[str, list[str]] = {}
            for code in (self.codes if self.reaches_out else self._compared).values():
                for slot in code.slots:
                    for word in words_in(slot.arguments):
                        naming.setdefault(word, []).append(code.name)
            waiting = [*self.firsts, *self.gone]
            while waiting:
                name = waiting.pop()
                if name not in self._outdated:
                    self._outdated.add(name)
                    waiting += naming.get(name, ())
        return self._outdated

    def _compare(self) -> Generator[None, None, None]:
        waiting: list[tuple[Code, Code]] = []
        for name, code in self._new.items():
            other = self._old.get(name)
            if other is None or other is code or code.hidden or other.hidden:
                continue
            waiting.append((other, code))
            while waiting:
                old, new = waiting.pop()
                same = self._same_slots(old, new, waiting) if old.template == new.template else 0
                if same < len(old.slots) or same < len(new.slots) or old.template != new.template:
                    self.firsts[old.name] = same
            yield

    def _same_slots(self, old: Code, new: Code, waiting: list[tuple[Code, Code]]) -> int:
        """Return how many statements are the same, and know the hidden templates that belong together."""
        index = 0
        for before, after in zip(old.slots, new.slots, strict=False):
            ours = old.inner.get(index)
            theirs = new.inner.get(index)
            if ours is None or theirs is None:
                if ours is not theirs or not _is_same(before, after, NOTHING):
                    return index
            else:
                names = dict(zip(ours, theirs, strict=False))
                if len(ours) != len(theirs) or not _is_same(before, after, names):
                    return index
                for one, other in names.items():
                    self._names[other] = one
                    waiting.append((self._old[one], self._new[other]))
            index += 1
        return index

    def _rename_hidden(self) -> Generator[None, None, None]:
        """Give the new program's hidden templates names that nobody has for something else."""
        number = 0
        fresh = [code for name, code in self._new.items() if self._old.get(name) is not code]
        for code in fresh:
            if code.hidden and code.name not in self._names:
                while (name := f"{HIDDEN}{number}") in self._around or self._is_written(name):
                    number += 1
                number += 1
                self._names[code.name] = name
        for code in fresh:
            for index, names in code.inner.items():
                inner = {name.encode(): self._names[name].encode() for name in names}
                _rename(code.slots[index], inner)
                names[:] = [self._names[name] for name in names]
            if code.hidden:
                code.name = self._names[code.name]
            yield

    def _is_written(self, name: str) -> bool:
        """Say whether the new program's text has something of that name."""
        code = self._new.get(name)
        return code is not None and not code.hidden


def _processes(names: Iterable[str], codes: Codes) -> list[str]:
    """Return which of some names are those of processes."""
    return [name for name in names if not codes[name].template]


def _has_blocks(code: Code) -> bool:
    """Say whether a process keeps templates for others to call."""
    return any(not code.slots[index].roles().runs for index in code.inner)


def words_in(expressions: list[Expression]) -> list[str]:
    """Return the strings that a text has in the place of arguments, or of arguments of functions."""
    found: list[str] = []
    for expression in expressions:
        if isinstance(expression, Constant) and isinstance(expression.value, bytes):
            found.append(expression.value.decode("latin-1"))
        elif isinstance(expression, Call):
            found += words_in(expression.arguments)
    return found


def _rename(slot: Slot, names: dict[bytes, bytes]) -> None:
    """Have a statement run hidden templates by other names."""
    slot.arguments = [_renamed(one, names) for one in slot.arguments]
    if slot.constants is not None:
        slot.constants = [names.get(one, one) if isinstance(one, bytes) else one for one in slot.constants]


def _renamed(argument: Expression, names: dict[bytes, bytes]) -> Expression:
    if isinstance(argument, Constant) and isinstance(argument.value, bytes):
        return Constant(names.get(argument.value, argument.value), argument.span)
    if isinstance(argument, Call):
        argument.arguments = [_renamed(one, names) for one in argument.arguments]
    return argument


def _is_same(old: Slot, new: Slot, names: dict[str, str]) -> bool:
    """Say whether two statements say the same, if hidden templates of the one are those of the other."""
    if old.type != new.type or old.name != new.name or old.target != new.target:
        return False
    return _are_same(old.arguments, new.arguments, names)


def _are_same(old: list[Expression], new: list[Expression], names: dict[str, str]) -> bool:
    if len(old) != len(new):
        return False
    return all(_is_same_value(one, other, names) for one, other in zip(old, new, strict=True))


def _is_same_value(old: Expression, new: Expression, names: dict[str, str]) -> bool:
    if isinstance(old, Constant):
        if not isinstance(new, Constant):
            return False
        value = old.value
        if names and isinstance(value, bytes) and isinstance(new.value, bytes):
            other = names.get(value.decode("latin-1"))
            if other is not None:
                return new.value == other.encode()
        return value == new.value
    if isinstance(old, Reference):
        return isinstance(new, Reference) and old.names == new.names
    if isinstance(old, Call):
        return isinstance(new, Call) and old.name == new.name and _are_same(old.arguments, new.arguments, names)
    if isinstance(old, ListOf):
        return isinstance(new, ListOf) and _are_same(old.items, new.items, names)
    if isinstance(old, MapOf) and isinstance(new, MapOf) and len(old.pairs) == len(new.pairs):
        pairs = zip(old.pairs, new.pairs, strict=True)
        return all(_are_same(list(one), list(other), names) for one, other in pairs)
    return False
