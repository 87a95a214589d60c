"""A program read again: of its files only what differs is parsed, compiled, checked and compared.

What cannot be told without reading all is left to who reads all: that tells what is wrong, too.
"""

from collections.abc import Container, Generator
from typing import Final, NamedTuple

from netstrata.contract import Declaration
from netstrata.engine.compiler import compile_in_steps
from netstrata.engine.difference import Codes, Difference, words_in
from netstrata.engine.piece_table import OtherText, PieceTable, Region, Run
from netstrata.engine.program import Code
from netstrata.engine.registry import Registry
from netstrata.language.secrecy import ANY, wants_secret
from netstrata.language.startup import StartupChecks
from netstrata.language.sugar import HIDDEN, Sweetener
from netstrata.language.tree import PlainProgram, Process
from netstrata.values import Move, Source

FRESH: Final = 1 << 40  # the number of the first hidden template that was read again, until it has its name

Tables = dict[str, PieceTable]  # by the paths of the files


class Reread(NamedTuple):
    """What came of it: how the program differs, and the files that do, with their other texts."""

    difference: Difference
    files: list[tuple[PieceTable, OtherText]]

    def settle(self) -> None:
        """Know where all stands in the files, now that they are what runs."""
        for table, other in self.files:
            table.become(other, self.difference.code)


def tables_of(codes: Codes, sources: list[Source], loaded: Container[str]) -> Tables:
    """Return where all of a program stands that was read as a whole, but for what came from no file."""
    by_source: dict[Source, list[Code]] = {source: [] for source in sources}
    for code in codes.values():
        if not code.hidden and code.name not in loaded:
            by_source[code.span.source].append(code)
    return {
        source.name: PieceTable(source.name, source.text, found, [Run(source, 0, len(source.text), Move(0, 0, 0))])
        for source, found in by_source.items()
    }


class Rereading:
    """One program, of which some files have another text."""

    def __init__(
        self, old: Codes, tables: Tables, registry: Registry, followed: set[str] | None, is_plan: bool = False
    ) -> None:
        """Take what runs, where it stands, and what secrets have led to in it: see `PlainProgram`.

        Shapes: what is secret in a plan is not kept.
        """
        self._old = old
        self._tables = tables
        self._registry = registry
        self._followed = followed
        self._is_plan = is_plan
        self._others: dict[str, OtherText] = {}
        self._before: Codes = {}  # what stands where texts differ, with hidden templates

    def read(self, texts: dict[str, bytes], changed: Container[str]) -> Generator[None, None, Reread | None]:
        """Read what differs in new texts of the files; None if all must be read, or something is refused.

        Shapes: changed are names that people have changed, so that it does not count what a file says of them.
        """
        if any(HIDDEN.encode() in text for text in texts.values()):
            return None  # a name that hidden templates have, too: by the number that they have in the whole program
        for path, table in self._tables.items():
            if texts[path] != table.text:
                if not table.codes:
                    return None  # nothing tells where in the program this file is
                other = yield from table.read(texts[path], self._old)
                if other is None:
                    return None
                self._others[path] = other
                for region in other.regions:
                    for code in table.codes[region.first : region.last]:
                        self._before.update(self._whole(code))
        fresh = yield from self._compiled()
        if fresh is None or not self._is_apart(fresh, changed):
            return None
        return (yield from self._compare(fresh))

    def _pieces(self) -> list[Process | Code]:
        return [piece for other in self._others.values() for region in other.regions for piece in region.pieces]

    def _compiled(self) -> Generator[None, None, list[Code] | None]:
        """Compile what was read; None if it is refused, or wants secrets."""
        sweetener = Sweetener(FRESH)
        for piece in self._pieces():
            if isinstance(piece, Process):
                sweetener.add(piece)
        checks = StartupChecks()
        for plain in sweetener.plain:
            checks.process(plain)
        if checks.mistakes:
            return None
        program = PlainProgram(sweetener.plain)
        codes = yield from compile_in_steps(program, self._registry, self._is_plan)
        return codes if program.followed is None else None

    def _is_apart(self, fresh: list[Code], changed: Container[str]) -> bool:
        """Say whether nothing in the rest of the program means anything else because of what was read."""
        kept = [piece.name for piece in self._pieces() if isinstance(piece, Code)]
        new = {code.name for code in fresh if not code.hidden}
        old = {name for name, code in self._before.items() if not code.hidden}.difference(kept)
        if len(set(kept)) < len(kept) or any(
            name in changed or (name in self._old and name not in old) for name in new
        ):
            return False
        if self._followed is None:
            return True
        gone = [code for name in old for code in self._whole(self._old[name]).values()]
        return old == new and not any(self._may_be_secret(code) for code in [*fresh, *gone])

    def _may_be_secret(self, code: Code) -> bool:
        """Say whether a secret wants, or leads to, anything in some code."""
        followed = self._followed or set()
        for slot in code.slots:
            entry = None if slot.target else self._registry.statement(slot.type)
            declaration: Declaration | None = entry.declaration if entry is not None else None
            if slot.tainted or ANY in followed or (declaration is not None and wants_secret(declaration)):
                return True
            if slot.name in followed or any(word in followed for word in words_in(slot.arguments)):
                return True
        return False

    def _compare(self, fresh: list[Code]) -> Generator[None, None, Reread]:
        groups = _groups(fresh)
        codes: list[Code] = []
        replaced: list[tuple[PieceTable, Region, list[Code]]] = []
        for path, other in self._others.items():
            for region in other.regions:
                new = [code for piece in region.pieces for code in self._group(piece, groups)]
                replaced.append((self._tables[path], region, new))
                codes += new
        difference = Difference(self._before, codes, self._old)
        yield from difference.in_steps()
        if any(self._names_in(table, region) != _names(new) for table, region, new in replaced):
            names = list(self._old)
            difference.place([(*self._place(names, table, region), _names(new)) for table, region, new in replaced])
        return Reread(difference, [(self._tables[path], other) for path, other in self._others.items()])

    def _group(self, piece: Process | Code, groups: dict[str, list[Code]]) -> list[Code]:
        return list(self._whole(piece).values()) if isinstance(piece, Code) else groups[piece.name]

    def _place(self, names: list[str], table: PieceTable, region: Region) -> tuple[int, int]:
        """Return where in the program a region stands, and of how much it consists with hidden templates."""
        count = len(self._names_in(table, region))
        if region.first < len(table.codes):
            return names.index(table.codes[region.first].name), count
        last = table.codes[-1]
        return names.index(last.name) + len(self._whole(last)), count

    def _names_in(self, table: PieceTable, region: Region) -> list[str]:
        return [name for code in table.codes[region.first : region.last] for name in self._whole(code)]

    def _whole(self, code: Code) -> Codes:
        """Return some code of the program that runs, with all hidden templates in it."""
        found = {code.name: code}
        waiting = [code]
        while waiting:
            for names in waiting.pop().inner.values():
                for name in names:
                    found[name] = self._old[name]
                    waiting.append(found[name])
        return found


def _names(codes: list[Code]) -> list[str]:
    return [code.name for code in codes]


def _groups(codes: list[Code]) -> dict[str, list[Code]]:
    """Return each process and template with the hidden templates behind it."""
    found: dict[str, list[Code]] = {}
    group: list[Code] = []
    for code in codes:
        if not code.hidden:
            group = found[code.name] = []
        group.append(code)
    return found
