"""One thing outside that is there or not, and who holds it."""

from collections.abc import Iterator
from typing import Any, ClassVar

from netstrata.contract import Holder
from netstrata.system.held.foresight import Leaving, Undoing
from netstrata.system.held.words import IS_GONE, OTHER_HOLDS, WAS_THERE, with_reason


class Held:
    """One thing outside and those who hold it; it is undone when the last one leaves.

    A kind says more of it: the key, by which it is told from others; the record, which is the same in the undo journal;
    and the inverse, which with that is all that is needed to undo it.
    """

    __slots__ = ("count", "gone", "heard", "holders", "number", "ours", "undo")
    noun: ClassVar[str] = ""  # what such a thing is called, if its words do not say it
    key: Any
    record: bytes

    def __init__(self) -> None:
        self.count = 0
        self.ours = True  # we put it there, so we take it away
        self.gone = False  # somebody took it away already
        self.heard = False  # who has it done can be told what becomes of it
        self.number = 0  # in the undo journal
        self.undo = b""
        self.holders: list[Holder] = []  # those who can be told

    @property
    def words(self) -> str:
        """What it is, for people."""
        raise NotImplementedError

    @property
    def title(self) -> str:
        """What it is, called that."""
        return f"{self.noun} {self.words}" if self.noun else self.words

    @property
    def undo_words(self) -> str:
        """What is done when it is undone."""
        return f"delete {self.title}"

    def add(self, who: Holder | None) -> None:
        """Count one more holder."""
        self.count += 1
        if who is not None:
            self.holders.append(who)

    def remove(self, who: Holder | None) -> bool:
        """Count one holder less; return whether it was the last."""
        self.count -= 1
        if who is not None:
            self.holders.remove(who)
        return self.count == 0

    def words_of_leaving(self, *, is_last: bool) -> str:
        """Say what becomes of it when one leaves it."""
        if self.ours and is_last:
            return with_reason(self.undo_words, IS_GONE if self.gone else "")
        return f"keep {self.title}: {OTHER_HOLDS if self.ours else WAS_THERE}"

    def undoing(self, leaving: Leaving) -> Iterator[Undoing | None]:
        """Say what becomes of it if some leave: the last one undoes it, unless somebody stays."""
        who_leave = sorted((who for who in self.holders if who in leaving), key=leaving.__getitem__)
        if not who_leave:
            yield None
            return
        stays = len(who_leave) < self.count
        for who in who_leave:
            words = self.words_of_leaving(is_last=not stays and who is who_leave[-1])
            yield Undoing(who, self.number, words)
