"""What would be undone outside if some who hold things left, one after the other; nothing is done.

Every keeper of things answers for what it keeps.  Only what is ours, and what nobody holds who stays, is undone.
"""

from collections.abc import Callable, Hashable, Iterator
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, NamedTuple, Protocol

from netstrata.contract import Holder


class Leaving(dict[Holder, int]):
    """Those who would leave; who has the lower number leaves first.

    `coming` is what was asked about since, as if it had been done: what would be held, and what settings would be.
    """

    __slots__ = ("coming",)

    def __init__(self) -> None:
        super().__init__()
        self.coming: dict[Hashable, Any] = {}


class Undoing(NamedTuple):
    """What becomes of one thing when one leaves who holds it.

    Shapes: of what one has done, what has the higher number was done later, and is undone before.
    """

    who: Holder
    number: int
    words: str


class Foresight(Protocol):
    """Who keeps what is held outside."""

    def undoing(self, leaving: Leaving) -> Iterator[Undoing | None]:
        """Say what becomes of what is kept; None for each thing that none of them holds."""


class Described:
    """A context manager, and what entering and leaving it does."""

    __slots__ = ("_context", "_to_do", "_to_undo")

    def __init__(
        self,
        context: AbstractAsyncContextManager[None],
        to_do: Callable[[Leaving], str],
        to_undo: Callable[[], str] | None = None,
    ) -> None:
        """Take it; what leaving it does may be known to a keeper only."""
        self._context = context
        self._to_do = to_do
        self._to_undo = to_undo

    def to_do(self, leaving: Leaving) -> list[str]:
        """Say what entering does once some have left."""
        return [self._to_do(leaving)]

    def to_undo(self) -> list[str] | None:
        """Say what leaving does, if no keeper has to be asked."""
        return [self._to_undo()] if self._to_undo is not None else None

    async def __aenter__(self) -> None:
        await self._context.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._context.__aexit__(kind, error, trace)
