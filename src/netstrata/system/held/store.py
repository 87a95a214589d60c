"""Things outside that are there or not, and by how many they are held.

To hold one does it and writes that down; it is undone if the last one leaves who held it, and it was not there
before.  What a daemon before this one has done, and still is as it was, is taken over as it stands.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

from netstrata.contract import Holder
from netstrata.system.held.foresight import Leaving, Undoing
from netstrata.system.held.held_object import Held
from netstrata.system.held.recovery import GONE, NO_RECOVERY, LeftEntry, Recovery, Unanswered
from netstrata.system.held.words import IS_HELD, WAS_LEFT, WAS_THERE, tell, with_reason
from netstrata.values import Unavailable, no_memory


class Loss(NamedTuple):
    """Somebody does not hold any more what it thought it held."""

    holder: Holder
    reason: Unavailable


S = TypeVar("S")
H = TypeVar("H", bound=Held)


class Store(Generic[S, H]):
    """All things of one kind that are held."""

    __slots__ = ("_recovery", "held", "suspects")
    kind: ClassVar[str]  # in the undo journal
    bears_mark: ClassVar[bool] = False  # the kernel says whose it is, so that an intention is enough to undo it

    def __init__(self, recovery: Recovery = NO_RECOVERY) -> None:
        self.held: dict[Any, H] = {}
        self.suspects: dict[H, int] = {}  # what may be lost, in the order in which that was heard; the kind knows why
        self._recovery = recovery
        recovery.knows(self.kind, self.undo)
        recovery.keeps(self)

    # What a kind of thing says.

    def operation(self, spec: S) -> str:
        """Return what is done so that it is held, for people."""
        raise NotImplementedError

    def prepare(self, spec: S) -> H:
        """Return what is to be held; nothing is done.

        Raises: Unavailable if it cannot be.
        """
        raise NotImplementedError

    def share(self, held: H, made: H) -> None:
        """See that what is held is what another one wants, too.

        Raises: Unavailable if it is not.
        """

    def listen(self, held: H) -> None:
        """Hear from now on what becomes of it.

        Raises: Unavailable.
        """
        raise NotImplementedError

    def unlisten(self, held: H) -> None:
        """Take back one `listen`."""
        raise NotImplementedError

    def look(self, held: H) -> None:
        """Say that it is not ours if it is there as it is wanted, where it bears no mark of whose it is.

        What is not ours is never written into the undo journal: the daemon after us would take it for ours.
        Raises: Unavailable.
        """

    def do(self, held: H) -> None:
        """Make it, or say that it is not ours if it is there as it is wanted.

        Raises: Unavailable, with nothing of it left.
        """
        raise NotImplementedError

    def stands(self, held: H, undo: bytes) -> bool:
        """Say whether it is there as it is wanted, and is what that inverse is of; nothing is changed.

        Raises: Unavailable if that cannot be known now, or if it is gone.
        """
        raise NotImplementedError

    def mend(self, held: H) -> bool:
        """Make what is there as it is wanted without taking it away; say whether that could be done.

        Raises: Unavailable if that cannot be known, or done, now.
        """
        return False

    def undo(self, key: bytes, undo: bytes) -> None:
        """Undo it, if it still is as we made it; what is gone is undone.

        Raises: Unavailable.
        """
        raise NotImplementedError

    def leave(self, held: H) -> None:
        """Undo what is held, with what is known of it by now.

        Raises: Unavailable.
        """
        self.undo(held.record, held.undo)

    def added(self, held: H) -> None:
        """Know more ways to find it."""

    def removed(self, held: H) -> None:
        """Forget them."""

    def check(self, suspects: dict[H, int]) -> Iterable[tuple[H, Unavailable]]:
        """Look again at what may be lost; return what is, and why.  What cannot be looked at now stays suspect."""
        raise NotImplementedError

    # What is the same for all.

    def hold(self, spec: S, who: Holder | None) -> H:
        """Do it, or raise Unavailable."""
        made = self.prepare(spec)
        held = self.held.get(made.key)
        reason = IS_HELD
        if held is not None:
            try:
                self.share(held, made)
                made = held
            except Unavailable:
                if not self._is_gone(held):
                    raise
                held = None
        if held is None:
            reason = self._begin(made, who)
        elif who is not None:
            self.listen(made)
        made.add(who)
        tell(who, lambda: [self.operation(spec)], reason)
        return made

    def supplant(self, old: H, spec: S, who: Holder) -> H:
        """Hold something in the place of what is held there, so that one of both is always there; its holder leaves it.

        Raises: Unavailable, with the old one held as before.
        """
        made = self.prepare(spec)
        if self.held.get(made.key) is not old:  # another one who holds the old one was here before
            return self.hold(spec, who)
        reason = self._begin(made, who)
        self.removed(old)
        made.add(who)
        tell(who, lambda: [self.operation(spec)], reason)
        return made

    def release(self, held: H, who: Holder | None) -> None:
        """Undo it if nobody holds it any more, without raising."""
        if who is not None:
            self.unlisten(held)
        is_last = held.remove(who)
        if is_last:
            self._forget(held)
            if held.ours and not held.gone:
                try:
                    self._undo_held(held)
                except (Unavailable, MemoryError) as failure:
                    error = failure if isinstance(failure, Unavailable) else no_memory()
                    if who is not None:
                        who.note(f"{error}; ignoring")
                    tell(who, lambda: [held.undo_words], error.reason)
                    self._leave_behind(held, who, done=True)
                    return
            if held.number:
                self._recovery.journal.undone(held.number)
        tell(who, lambda: [held.words_of_leaving(is_last=is_last)])

    def undoing(self, leaving: Leaving) -> Iterator[Undoing | None]:
        """Say what becomes of all that is held if some leave."""
        for held in list(self.held.values()):
            yield from held.undoing(leaving)

    def to_do(self, spec: S, leaving: Leaving) -> str:
        """Say what holding something does once some have left, unless it is there from somebody else."""
        words = self.operation(spec)
        with suppress(Unavailable):
            key = self.prepare(spec).key
            held = self.held.get(key)
            stays = held is not None and held.count > sum(who in leaving for who in held.holders)
            if stays or (self.kind, key) in leaving.coming:
                return with_reason(words, IS_HELD)
            leaving.coming[self.kind, key] = True
        return words

    def on_overrun(self) -> None:
        """Note that everything may be different."""
        self.suspects.update(dict.fromkeys(self.held.values(), 0))

    def reconcile(self) -> tuple[list[Loss], bool]:
        """Look again at what may be different; return who lost something, and whether all could be looked at."""
        if not self.suspects:
            return [], True
        suspects, self.suspects = self.suspects, {}
        there = {held: why for held, why in suspects.items() if self.held.get(held.key) is held}
        losses: list[Loss] = []
        for held, reason in self.check(there) if there else ():
            losses += self.lose(held, reason)
        return losses, not self.suspects

    def lose(self, held: H, reason: Unavailable) -> list[Loss]:
        """Hold something no more; it is still undone when its holders leave, unless it is gone."""
        self._forget(held)
        if held.gone and held.number:
            self._recovery.journal.undone(held.number)
            held.number = 0
        return [Loss(holder, reason) for holder in held.holders]

    def _begin(self, made: H, who: Holder | None) -> str:
        """Hear of it, and have it done; return why it had not to be, if so."""
        made.heard = who is not None
        if who is not None:
            self.listen(made)
        try:
            return self._take(made, who)
        except BaseException:
            if who is not None:
                self.unlisten(made)
            raise

    def _is_to_be_made(self, held: H) -> bool:
        self.look(held)
        return held.ours

    def _is_gone(self, held: H) -> bool:
        """Say whether something is held no more, of which we have not heard yet; its holders are told."""
        for lost, reason in list(self.check({held: 0})):
            for loss in self.lose(lost, reason):
                loss.holder.lost(loss.reason)
        return held.gone

    def _forget(self, held: H) -> None:
        if self.held.get(held.key) is held:
            del self.held[held.key]
            self.removed(held)

    def _take(self, held: H, who: Holder | None) -> str:
        """Take over what a daemon before us has made, or make it; return why it had not to be made, if so."""
        title = who.title if who is not None else ""
        left = self._recovery.claim(self.kind, held.record)
        is_taken_over = left is not None and self._take_over(held, left, title)
        if not is_taken_over:
            self._perform(held, who)
        self.held[held.key] = held
        self.added(held)
        return WAS_LEFT if is_taken_over else "" if held.ours else WAS_THERE

    def _take_over(self, held: H, left: LeftEntry, title: str) -> bool:
        """Hold what a daemon before us has made, if it is there as it is wanted; if not, undo it.

        Raises: Unavailable if that cannot be known, or undone, now.
        """
        journal = self._recovery.journal
        try:
            stands = self._finds(held, left.undo) or self.mend(held)
            if not stands:
                self.undo(left.key, left.undo)
        except BaseException:
            self._recovery.give_back(left)
            raise
        if not stands:
            journal.undone(left.number)
            return False
        held.number = journal.adopt(left, title)
        if held.undo != left.undo or not (left.done or self.bears_mark):
            journal.done(held.number, held.undo)
        return True

    def _finds(self, held: H, undo: bytes) -> bool:
        """Say whether it stands; what is gone, or what it was on, does not.

        Raises: Unavailable if that cannot be known now.
        """
        try:
            return self.stands(held, undo)
        except Unavailable as error:
            if error.errno not in GONE:
                raise
            return False

    def _perform(self, held: H, who: Holder | None) -> None:
        """Make it, if it is not there; what is about to be done is written down before."""
        if not self._is_to_be_made(held):
            return
        journal = self._recovery.journal
        undo = held.undo
        title = who.title if who is not None else ""
        held.number = number = journal.intend(self.kind, held.record, undo, title)
        try:
            self.do(held)
        except Unanswered:
            if not self._has_been_done(held, who):
                raise
        except Unavailable:
            journal.undone(number)
            raise
        except BaseException:  # a bug, or no memory: it may have come at any moment
            self._clear_away(held, who)
            raise
        if not held.ours:
            journal.undone(number)
            held.number = 0
        elif not self.bears_mark:
            journal.done(number, held.undo if held.undo != undo else None)

    def _has_been_done(self, held: H, who: Holder | None) -> bool:
        """Say whether something stands although the kernel did not answer; if not, nothing of it is left."""
        try:
            if self.stands(held, held.undo):
                return True
        except Unavailable:
            self._leave_behind(held, who, done=False)
        else:
            self._clear_away(held, who)
        return False

    def _clear_away(self, held: H, who: Holder | None) -> None:
        """Have nothing left of what may have been done."""
        try:
            self.undo(held.record, held.undo)
        except (Unavailable, MemoryError):
            self._leave_behind(held, who, done=False)
        else:
            self._recovery.journal.undone(held.number)

    def _undo_held(self, held: H) -> None:
        """Undo what is held; once more from its record if the kernel did not answer.

        Raises: Unavailable.
        """
        try:
            self.leave(held)
        except Unanswered:
            self.undo(held.record, held.undo)

    def _leave_behind(self, held: H, who: Holder | None, *, done: bool) -> None:
        """Leave what cannot be undone now to whoever asks for it next, or to the end."""
        self._recovery.leave(held.number, self.kind, held.record, held.undo, who, done=done)
