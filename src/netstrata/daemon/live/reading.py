"""A candidate read and compared with what runs: only what differs in its files, if that can be told, else all of it."""

from typing import TYPE_CHECKING, NamedTuple

from netstrata.control.answers import Waiting
from netstrata.daemon.live.aside import Aside
from netstrata.daemon.live.document import Document
from netstrata.daemon.live.kept import Read, Texts
from netstrata.daemon.live.room import check_room
from netstrata.engine.compiler import compile_in_steps
from netstrata.engine.difference import Difference
from netstrata.engine.machine import Engine
from netstrata.engine.registry import Registry
from netstrata.language.load import load_in_steps
from netstrata.language.tree import PlainProgram
from netstrata.values import Source

# Every daemon starts with this; what only a reload needs is imported there.
if TYPE_CHECKING:
    from netstrata.engine.reread import Reread, Tables


class ReadCandidate(NamedTuple):
    """What a candidate is: its texts, how it differs from what runs, and what is known for the next time."""

    sources: list[Source]
    difference: Difference
    reread: "Reread | None"  # None if it was read as a whole
    followed: set[str] | None


class Reader:
    """Reads candidates for what runs in one engine."""

    def __init__(self, path: str, registry: Registry, engine: Engine) -> None:
        self._path = path
        self._registry = registry
        self._engine = engine
        self._sources: list[Source] = []
        self._document = Document()
        self._followed: set[str] | None = None
        self._tables: Tables | None = None  # once they are asked for

    def begin(self, program: PlainProgram, document: Document) -> None:
        """Know what runs."""
        self._sources, self._document, self._followed = program.sources, document, program.followed

    def become(self, found: ReadCandidate, document: Document) -> None:
        """Know what runs now."""
        self._sources, self._document, self._followed = found.sources, document, found.followed
        if found.reread is None:
            self._tables = None
        else:
            found.reread.settle()

    def read(self, read: Read, document: Document, is_plan: bool) -> Waiting[ReadCandidate]:
        """Read a candidate, and compare it with what runs; what is secret in a plan is not kept.

        Raises: Refusals, Failure.
        """
        found = (yield from self._reread(read, is_plan)) if document == self._document else None
        if found is not None:
            return found
        program = yield from self._load(read, document)
        codes = yield from compile_in_steps(program, self._registry, is_plan)
        difference = Difference(self._engine.templates, codes)
        yield from difference.in_steps()
        return ReadCandidate(program.sources, difference, None, program.followed)

    def _reread(self, read: Read, is_plan: bool) -> Waiting[ReadCandidate | None]:
        """Read what differs in the files of what runs; None if all must be read, if only to tell what is wrong."""
        from netstrata.engine.reread import Rereading, tables_of

        texts: Texts = {}
        for source in self._sources:
            file = Aside(read, source.name)
            yield file.later
            if file.error is not None:
                return None
            texts[source.name] = file.found
            if file.found != source.text:
                check_room(text=len(file.found or b""))
        codes = self._engine.templates
        if self._tables is None:
            self._tables = tables_of(codes, self._sources, self._document.loaded)
        rereading = Rereading(codes, self._tables, self._registry, self._followed, is_plan)
        document = self._document
        found = yield from rereading.read(texts, {**document.loaded, **document.unloaded, **document.stopped})
        if found is None:
            return None
        sources = [one if texts[one.name] == one.text else Source(one.name, texts[one.name]) for one in self._sources]
        return ReadCandidate(sources, found.difference, found, self._followed)

    def _load(self, read: Read, document: Document) -> Waiting[PlainProgram]:
        size = sum(len(one.text) for one in document.loaded.values())
        steps = load_in_steps(self._path, document.edit)
        try:
            wanted = next(steps)
            while True:
                if wanted is None:
                    yield None
                    wanted = steps.send(None)
                    continue
                file = Aside(read, wanted)
                yield file.later
                size += len(file.found or b"")
                check_room(text=size)
                wanted = steps.throw(file.error) if file.error is not None else steps.send(file.found)
        except StopIteration as end:
            program: PlainProgram = end.value
            return program
