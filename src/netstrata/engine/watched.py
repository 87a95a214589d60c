"""Statements that follow something outside: up and down, and up with other variables."""

from typing import Any

from netstrata.contract import Down, Revised
from netstrata.engine.async_statement import AsyncStatement
from netstrata.engine.machine import engine_of
from netstrata.engine.process import DOWN, UP, Process
from netstrata.values import Value


class Watched(AsyncStatement):
    """A statement that follows something, up and down; it knows who above it has read which of its variables."""

    __slots__ = ("_readers",)

    def begin(self, values: list[Value]) -> None:
        """Know of no reader yet."""
        self._readers: dict[str, int] = {}  # the lowest index above that has read a variable
        super().begin(values)

    def variable(self, name: str) -> Value | None:
        """Return what the statement found, and remember for whom."""
        process = self.process
        at = _reader_in(process) if process.engine.reader is not None else self.index
        if at != self.index:
            at = max(at, self.index + 1)
            self._readers[name] = min(at, self._readers.get(name, at))
        return super().variable(name)

    async def _live(self, generator: Any) -> None:
        try:
            async for found in generator:
                reason, self._reason = self._reason, ""  # what it has told by now belongs to what it has seen
                self._report(self._saw, (found, reason))
        finally:
            await generator.aclose()

    def _saw(self, seen: tuple[Any, str]) -> None:
        found, reason = seen
        guard = engine_of(self.process).guard
        if self._lost is not None:
            return  # on its way out
        if isinstance(found, Revised):
            if self.state == UP:
                self._revise(found.found)
                return
            found = found.found
        if isinstance(found, Down):
            if self.state == UP:
                self._reason = reason
                self._fall()
                guard.fell(self, self.index + 1, reason)
        elif self.state == DOWN:
            self.found = found
            self.last_line = self._awaits = self._reason = ""
            self._readers.clear()
            self.up()
        elif self.state == UP:
            self.found = found
            self.down_up()
            guard.fell(self, self.index + 1, reason)

    def _revise(self, found: Any) -> None:
        """Stay up with other variables: what stands above and below the first that has read one of those stays."""
        read = self.declaration.read_variable
        names = [v.name for v in self.declaration.variables if read(self.found, v.name) != read(found, v.name)]
        self.found = found
        if not names:
            return
        process = self.process
        if process.engine.watched:
            process.engine.observer.revised(self)
        readers = [self._readers[name] for name in names if name in self._readers]
        if readers:
            first = min(readers)
            self._readers = {name: at for name, at in self._readers.items() if at < first}
            process.redo_from(first)


def _reader_in(home: Process) -> int:
    """Return the index of a process's statement for which something is read now, itself or in a process it made.

    -1 if it is one of a process that none of this one has made; only while some statement begins.
    """
    process = home.engine.reader
    index = home.engine.reader_index
    while process is not home:
        owner = process.owner if process is not None else None
        if owner is None:
            return -1
        creator = owner.creator()
        process = creator.process
        index = creator.index
    return index
