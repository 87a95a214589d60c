"""A statement that has lines of its own in the time line."""

from collections.abc import Callable, Iterable

from netstrata.contract import NOTE
from netstrata.engine.process import TERMINATING, UP, Statement
from netstrata.values.compiler_hints import mypyc_attr


@mypyc_attr(acyclic=True)
class TimelineStatement(Statement):
    """A statement that tells what happens to it while it exists, in its own words or in those of a child."""

    __slots__ = ()

    def note(self, line: str, kind: str = NOTE) -> None:
        """Add a line to the time line."""
        self.last_line = line
        self.process.engine.observer.noted(self, kind, line)

    def mended(self, line: str) -> None:
        """Add a line to the time line, after which nothing of what it has told is wrong any more."""
        self.last_line = ""
        self.process.engine.observer.noted(self, NOTE, line)

    def hear(self, child: str, pid: int, line: str) -> None:
        """Add a line to the time line that a child of its has said."""
        self.process.engine.observer.heard(self, child, pid, line)

    def again(self, reason: str, wait_ms: int) -> None:
        """Add to the time line that something of its is started again later, and remember it."""
        line = f"{reason}; starting it again in {wait_ms / 1000:g} s"
        self.last_line = line
        self.process.engine.observer.retries(self, line, wait_ms)

    def is_redone_above(self, layer: int) -> bool:
        """Say whether it is undone only to begin again: it, or something below it in its process, has other values.

        Nothing of this layer or a lower one is undone with it, nor what may be: other processes, and what they provide.
        """
        process, first, last = self.process, self.process.advance, self.index
        if process.mode == TERMINATING or first > last:
            return False
        below = process.begun[first - 1] if first else None
        if below is not None and below.state != UP:
            return False  # nobody knows when it goes on
        code = process.engine.templates.get(process.code.name)  # as it is from now on
        if code is None or last >= len(code.slots) or code.slots[last].type != self.slot.type:
            return False
        for statement in process.begun[first:last]:
            if statement is not None and (
                0 < statement.declaration.layer <= layer or statement.processes() or statement.provided_by()
            ):
                return False
        return True

    def did(self, words: Callable[[], Iterable[str]]) -> None:
        """Tell what was done outside for it, if somebody wants to know."""
        witness = self.process.engine.witness
        if witness is not None:
            witness(self, words())
