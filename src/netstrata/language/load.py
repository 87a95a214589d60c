"""A path to a plain program: reading through a function that is handed in, includes, guards, sugar, checks."""

from collections.abc import Callable, Generator
from typing import Final, TypeVar

from netstrata.language.parser import parse, parse_in_steps
from netstrata.language.refusals import MOST_MISTAKES, Mistake, Refusals
from netstrata.language.startup import StartupChecks
from netstrata.language.sugar import Sweetener
from netstrata.language.tree import File, Include, IncludeGuard, PlainProgram, Process
from netstrata.values import Source, Span

INCLUDE_DEPTH: Final = 32
# Files that include each other twice over would grow without bound before anything is wrong with them.
INCLUDE_COUNT: Final = 10_000


T = TypeVar("T")
# Yields the path of a file to be read, whose bytes are to be sent, or the error thrown; None between two steps.
Steps = Generator[str | None, bytes | None, T]


Edit = Callable[[list[Process]], list[Process]]


def _as_written(processes: list[Process]) -> list[Process]:
    return processes


def load(path: str, read: Callable[[str], bytes], edit: Edit = _as_written) -> PlainProgram:
    """Read a program with all it includes and check what must hold before anything runs.

    Shapes: paths hold bytes that are no UTF-8 as surrogates, as `os.fsencode` wants them; read raises OSError; edit
    makes of the processes and templates as they are written those that are meant, and may raise Refusals.
    Raises: Refusals.
    """
    steps = load_in_steps(path, edit, at_once=True)
    try:
        wanted = next(steps)
        while True:
            try:
                text = read(wanted) if wanted is not None else None
            except (OSError, ValueError) as error:
                wanted = steps.throw(error)
            else:
                wanted = steps.send(text)
    except StopIteration as end:
        found: PlainProgram = end.value
        return found


def load_in_steps(path: str, edit: Edit = _as_written, *, at_once: bool = False) -> Steps[PlainProgram]:
    """Do what `load` does in steps, in between which something else can be done.

    Shapes: at_once has each file be read in one step.
    Raises: Refusals.
    """
    loading = _Loading(at_once)
    yield from loading.main(path)
    if loading.mistakes:
        raise Refusals(list(loading.mistakes))
    sweetener = Sweetener()
    for process in edit(loading.processes):
        sweetener.add(process)
        if not at_once:
            yield None
    checks = StartupChecks()
    for plain in sweetener.plain:
        checks.process(plain)
        if not at_once:
            yield None
    if checks.mistakes:
        raise Refusals(list(checks.mistakes[:MOST_MISTAKES]))
    return PlainProgram(sweetener.plain, loading.sources)


class _Stop(Exception):
    """Reading must end at once."""


class _Loading:
    """One program being put together from its files."""

    def __init__(self, at_once: bool) -> None:
        self.mistakes: list[Mistake] = []
        self.processes: list[Process] = []
        self.sources: list[Source] = []
        self._at_once = at_once
        self._guards: set[bytes] = set()
        self._parsed: dict[str, tuple[File, list[Mistake]]] = {}
        self._count = 0

    def main(self, path: str) -> Steps[None]:
        """Read the main file and, through it, all others."""
        problem = "is empty" if not path else "ends in a slash" if path.endswith("/") else ""
        if problem:
            self._refuse(path, None, f"the path of the program {problem}", "name its file.", f"the file name {problem}")
            return
        try:
            yield from self._file(path, None, 0)
        except _Stop:
            return

    def _file(self, path: str, by: Span | None, depth: int) -> Steps[None]:
        self._count += 1
        if depth > INCLUDE_DEPTH or self._count > INCLUDE_COUNT:
            limit = f"more than {INCLUDE_DEPTH} deep" if depth > INCLUDE_DEPTH else f"more than {INCLUDE_COUNT} times"
            hint = 'files that include each other need an include_guard "name".'
            self.mistakes.clear()
            self._refuse(path, by, f"files are included {limit}", hint, "maximum include depth exceeded")
            raise _Stop
        parsed = yield from self._parse(path, by)
        if parsed is None:
            return
        file, mistakes = parsed
        if mistakes:
            self.mistakes.extend(mistakes)
            if len(self.mistakes) >= MOST_MISTAKES:
                raise _Stop
            return
        guards = {element.id for element in file.elements if isinstance(element, IncludeGuard)}
        if guards & self._guards:
            return
        self._guards |= guards
        for element in file.elements:
            if isinstance(element, Process):
                self.processes.append(element)
            elif isinstance(element, Include):
                yield from self._include(path, element, depth)

    def _parse(self, path: str, by: Span | None) -> Steps[tuple[File, list[Mistake]] | None]:
        """Read and parse a file, once however often it is included."""
        known = self._parsed.get(path)
        if known is not None:
            return known[0], []
        try:
            text = yield path
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            hint = "an include is looked up next to the file it stands in." if by is not None else ""
            self._refuse(path, by, f"cannot read {_shown(path)}: {reason}", hint, "failed to read contents")
            return None
        source = Source(path, text or b"")
        self.sources.append(source)
        parsed = parse(source) if self._at_once else (yield from parse_in_steps(source))
        self._parsed[path] = parsed
        return parsed

    def _include(self, path: str, element: Include, depth: int) -> Steps[None]:
        target, span = element.path, element.path_span
        if not target:
            problem, log = "is empty", "include target must not be empty"
        elif target.endswith(b"/"):
            problem, log = "ends in a slash", "include target must not end in a slash"
        elif b"\0" in target:
            problem, log = "holds a NUL byte", "include target must not contain null characters"
        else:
            name = target.decode("utf-8", "surrogateescape")
            if not name.startswith("/"):
                name = path[: path.rfind("/") + 1] + name
            yield from self._file(name, span, depth + 1)
            return
        self._refuse(path, span, f"the path to include {problem}", "name a file.", log)

    def _refuse(self, path: str, span: Span | None, message: str, hint: str, log: str) -> None:
        self.mistakes.append(Mistake(message, span, hint, (("NCDBuildProgram", f"file '{path}': {log}"),)))


def _shown(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
