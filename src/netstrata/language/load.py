"""A path to a plain program: reading through a function that is handed in, includes, guards, sugar, checks."""

from collections.abc import Callable
from typing import Final

from netstrata.language.parser import parse
from netstrata.language.refusals import MOST_MISTAKES, Mistake, Refusals
from netstrata.language.startup import startup_mistakes
from netstrata.language.sugar import Sweetener
from netstrata.language.tree import File, Include, IncludeGuard, PlainProgram, Process
from netstrata.values import Source, Span

INCLUDE_DEPTH: Final = 32
# Files that include each other twice over would grow without bound before anything is wrong with them.
INCLUDE_COUNT: Final = 10_000


def load(path: str, read: Callable[[str], bytes]) -> PlainProgram:
    """Read a program with all it includes and check what must hold before anything runs.

    Shapes: paths hold bytes that are no UTF-8 as surrogates, as `os.fsencode` wants them; read raises OSError.
    Raises: Refusals.
    """
    loading = _Loading(read)
    loading.main(path)
    if loading.mistakes:
        raise Refusals(list(loading.mistakes))
    sweetener = Sweetener()
    for process in loading.processes:
        sweetener.add(process)
    mistakes = startup_mistakes(sweetener.plain)
    if mistakes:
        raise Refusals(list(mistakes[:MOST_MISTAKES]))
    return PlainProgram(sweetener.plain, loading.sources)


class _Stop(Exception):
    """Reading must end at once."""


class _Loading:
    """One program being put together from its files."""

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self.mistakes: list[Mistake] = []
        self.processes: list[Process] = []
        self.sources: list[Source] = []
        self._read = read
        self._guards: set[bytes] = set()
        self._parsed: dict[str, tuple[File, list[Mistake]]] = {}
        self._count = 0

    def main(self, path: str) -> None:
        """Read the main file and, through it, all others."""
        problem = "is empty" if not path else "ends in a slash" if path.endswith("/") else ""
        if problem:
            self._refuse(path, None, f"the path of the program {problem}", "name its file.", f"the file name {problem}")
            return
        try:
            self._file(path, None, 0)
        except _Stop:
            return

    def _file(self, path: str, by: Span | None, depth: int) -> None:
        self._count += 1
        if depth > INCLUDE_DEPTH or self._count > INCLUDE_COUNT:
            limit = f"more than {INCLUDE_DEPTH} deep" if depth > INCLUDE_DEPTH else f"more than {INCLUDE_COUNT} times"
            hint = 'files that include each other need an include_guard "name".'
            self.mistakes.clear()
            self._refuse(path, by, f"files are included {limit}", hint, "maximum include depth exceeded")
            raise _Stop
        parsed = self._parse(path, by)
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
                self._include(path, element, depth)

    def _parse(self, path: str, by: Span | None) -> tuple[File, list[Mistake]] | None:
        """Read and parse a file, once however often it is included."""
        known = self._parsed.get(path)
        if known is not None:
            return known[0], []
        try:
            text = self._read(path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            hint = "an include is looked up next to the file it stands in." if by is not None else ""
            self._refuse(path, by, f"cannot read {_shown(path)}: {reason}", hint, "failed to read contents")
            return None
        source = Source(path, text)
        self.sources.append(source)
        parsed = self._parsed[path] = parse(source)
        return parsed

    def _include(self, path: str, element: Include, depth: int) -> None:
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
            self._file(name, span, depth + 1)
            return
        self._refuse(path, span, f"the path to include {problem}", "name a file.", log)

    def _refuse(self, path: str, span: Span | None, message: str, hint: str, log: str) -> None:
        self.mistakes.append(Mistake(message, span, hint, (("NCDBuildProgram", f"file '{path}': {log}"),)))


def _shown(path: str) -> str:
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
