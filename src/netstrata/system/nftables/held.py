"""Something in nftables that a statement holds."""

import asyncio
import errno
import os
from itertools import count
from types import TracebackType
from typing import TYPE_CHECKING

from netstrata.contract import Holder
from netstrata.ports.nftables import NftThing
from netstrata.protocols.nftables import NftObject
from netstrata.system.held import IS_GONE, WAS_LEFT, tell
from netstrata.system.nftables.elements import command, keys_of
from netstrata.system.nftables.holder import Made, words_of
from netstrata.system.nftables.store import NftStore
from netstrata.system.nftables.transactions import NftCommand
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from netstrata.system.nftables.records import FilterEntry

_NUMBERS = count()
# What an undo may find: somebody else has deleted it, or the table that it was in.
_GONE = (0, errno.ENOENT)


class HeldThing:
    """Made by a transaction on entering, deleted by its handle on leaving."""

    __slots__ = (
        "_changed",
        "_element_deleted",
        "_gone",
        "_statement",
        "_store",
        "elements",
        "handle",
        "lasts_ms",
        "number",
        "rule",
        "thing",
    )

    def __init__(self, store: NftStore, thing: NftThing, who: Holder | None) -> None:
        self.thing = thing
        self.handle = 0
        self.rule: NftObject | None = None
        self.lasts_ms = 0
        self.elements: dict[bytes, bytes] = {}
        self.number = next(_NUMBERS)
        self._store = store
        self._gone = False
        self._changed = False
        self._element_deleted = False  # somebody else has deleted a part of it
        self._statement = who

    def to_do(self, _: object = None) -> list[str]:
        """Say what entering does."""
        return [words_of("add", self.thing)]

    def to_undo(self) -> list[str]:
        """Say what leaving does."""
        return [words_of("delete", self.thing)]

    async def __aenter__(self) -> None:
        self._store.enter()
        left = self._claim()
        if left is not None and left.kind != "element":
            return
        try:
            cancelled = await self._make(perhaps_there=left is not None)
        except BaseException as error:
            if isinstance(error, Unavailable) and self.thing.kind != "element" and self._claim() is not None:
                return  # it has come back meanwhile
            self._store.forget(self)
            self._store.leave()
            raise
        tell(self._statement, self.to_do)
        if cancelled is not None:
            await self._go_back()
            raise cancelled

    def _claim(self) -> "FilterEntry | None":
        """Take over what stands already, and is ours."""
        left = self._store.claim(self.thing, self._statement.title if self._statement is not None else "")
        if left is not None and left.kind != "element":
            self._store.take_over(self, left)
            self._statement_notes("it is there, as this daemon or one before it has made it")
            tell(self._statement, self.to_do, WAS_LEFT)
        return left

    async def _make(self, *, perhaps_there: bool) -> "asyncio.CancelledError | None":
        """Make it; once more, if what was in the way went while nft said so: nobody waits for that yet."""
        tries = 2
        while True:
            seen = self._store.changes_in(self.thing)
            if self.thing.kind == "element":
                self.lasts_ms = self._store.lasts_ms(self.thing, may_merge=perhaps_there)
            try:
                where = self._store.place_before(self.thing)
                step = Made(self, _making(self.thing, where, perhaps_there=perhaps_there), self._statement)
                self._store.ask(step)
                return await step.outlast()
            except Unavailable:
                tries -= 1
                self._store.read_messages()
                if not tries or self._store.changes_in(self.thing) == seen:
                    raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cancelled = await self._go_back()
        if cancelled is not None:
            raise cancelled

    def _statement_notes(self, line: str) -> None:
        if self._statement is not None:
            self._statement.note(line)

    def on_deleted(self) -> None:
        """Take the statement down: somebody else has deleted what it holds."""
        if not self._gone:
            self._gone = True
            self.on_changed("somebody has deleted it")

    def on_changed(self, why: str) -> None:
        """Take the statement down: somebody else has changed what it holds."""
        if self._statement is not None and not self._changed:
            self._changed = True
            self._statement.lost(Unavailable(words_of("hold", self.thing), why))

    def on_element_gone(self, why: str) -> None:
        """Take the statement down: one of its elements is there no more."""
        if not self._gone and not self._element_deleted:
            self._element_deleted = True
            if self._statement is not None:
                self._statement.lost(Unavailable(words_of("hold", self.thing), why))

    async def _go_back(self) -> "asyncio.CancelledError | None":
        statement, self._statement = self._statement, None
        self._store.read_messages(at_once=True)  # handles are used again in a table that was made again
        self._store.let_go(self)
        cancelled: asyncio.CancelledError | None = None
        reason = ""
        stays = False
        try:
            if self._gone:
                reason = ""
            elif not self.handle and self.thing.kind != "element":
                reason = "the kernel did not tell its handle"
            elif self.thing.kind == "element":
                cancelled = await self._delete_elements(statement)
            else:
                failure = self._store.delete(self.thing, self.handle)
                reason = "" if failure in _GONE else os.strerror(failure)
                stays = bool(reason)
        except Unavailable as refused:
            reason = refused.reason
            stays = refused.errno == errno.EINTR
        finally:
            if stays:
                self._store.leave_behind(self)
            else:
                self._store.forget(self, lost=self._gone)
            self._store.leave()
        if reason and statement is not None:
            statement.note(f"cannot {words_of('delete', self.thing)}: {reason}; ignoring")
        tell(statement, self.to_undo, reason or (IS_GONE if self._gone else ""))
        return cancelled

    async def _delete_elements(self, statement: Holder | None) -> "asyncio.CancelledError | None":
        thing = self.thing
        operation = words_of("delete", thing)
        steps = [NftCommand(command("delete", thing, key), operation, statement) for key in keys_of(thing.text)]
        for step in steps:
            step.sent = True  # an undo is not taken back
            self._store.ask(step)
        cancelled: asyncio.CancelledError | None = None
        failure: Unavailable | None = None
        for step in steps:  # one by one, so that the others go where somebody has deleted one
            try:
                cancelled = await step.outlast() or cancelled
            except asyncio.CancelledError as error:
                cancelled = error
            except Unavailable as error:
                failure = error
        if failure is not None and not self._element_deleted:
            raise failure
        return cancelled


def _making(thing: NftThing, where: str, *, perhaps_there: bool) -> str:
    verb = "add" if thing.kind == "rule" or perhaps_there else "create"
    if thing.before is not None:
        verb = "insert"
    text = f"{{ {thing.text} }}" if thing.kind == "element" else thing.text
    parts = (verb, thing.noun or thing.kind, thing.family, thing.table, thing.name, where, text)
    return " ".join(word for word in parts if word)
