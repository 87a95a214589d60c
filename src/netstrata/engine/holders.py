"""Statements that ports are called for, by number: what a port reports of one reaches it as long as it exists."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from netstrata.contract import NOTE
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from netstrata.contract import Holder


class Holders:
    """All statements that ports are called for now."""

    __slots__ = ("_last", "_statements")

    def __init__(self) -> None:
        self._statements: dict[int, Holder] = {}
        self._last = 0

    def add(self, statement: "Holder") -> "HolderId":
        """Give a statement a number, which no other one ever has."""
        self._last += 1
        self._statements[self._last] = statement
        return HolderId(self._last, self)

    def remove(self, holder: "HolderId") -> None:
        """Report nothing more to it."""
        self._statements.pop(holder.number, None)

    def find(self, number: int) -> "Holder | None":
        """Return the statement of a number, None if it has ended."""
        return self._statements.get(number)


class HolderId:
    """The number of a statement, and the way to it."""

    __slots__ = ("_holders", "number")

    def __init__(self, number: int, holders: Holders) -> None:
        self.number = number
        self._holders = holders

    def lost(self, reason: Unavailable) -> None:
        """Take the statement down."""
        statement = self._holders.find(self.number)
        if statement is not None:
            statement.lost(reason)

    def note(self, line: str, kind: str = NOTE) -> None:
        """Add a line to the time line."""
        statement = self._holders.find(self.number)
        if statement is not None:
            statement.note(line, kind)

    def mended(self, line: str) -> None:
        """Know that what it has told of itself is wrong no more."""
        statement = self._holders.find(self.number)
        if statement is not None:
            statement.mended(line)

    def hear(self, child: str, pid: int, line: str) -> None:
        """Add a child's line to the time line."""
        statement = self._holders.find(self.number)
        if statement is not None:
            statement.hear(child, pid, line)

    def again(self, reason: str, wait_ms: int) -> None:
        """Add to the time line that something is started again later."""
        statement = self._holders.find(self.number)
        if statement is not None:
            statement.again(reason, wait_ms)

    def awaits(self, what: str) -> None:
        """Know what is waited for."""
        statement = self._holders.find(self.number)
        if statement is not None:
            statement.awaits(what)

    def uses(self, tool: Callable[[], str] | None) -> None:
        """Know which tool works for it."""
        statement = self._holders.find(self.number)
        if statement is not None:
            statement.uses(tool)

    def did(self, words: Callable[[], Iterable[str]]) -> None:
        """Tell what was done for it, if somebody wants to know."""
        statement = self._holders.find(self.number)
        if statement is not None:
            statement.did(words)

    @property
    def title(self) -> str:
        """Who it is, for people; "" if it has ended."""
        statement = self._holders.find(self.number)
        return statement.title if statement is not None else ""

    def is_redone_above(self, layer: int) -> bool:
        """Say whether it is undone only to begin again, on the same ground; False if it has ended."""
        statement = self._holders.find(self.number)
        return statement is not None and statement.is_redone_above(layer)
