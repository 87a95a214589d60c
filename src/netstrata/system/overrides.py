"""Settings that several may wish for: the last wish counts, and what was there before comes back at the end.

Each setting is a pile of wishes on what was found.  Whoever leaves takes its wish out, in whatever order; only when the
top one leaves is anything written, and only if what it wrote still stands.
"""

import errno
from collections.abc import Hashable
from typing import Generic, TypeVar

from netstrata.contract import Holder, current_holder
from netstrata.values import Unavailable

# What an undo may find: what had the setting is not there any more.
GONE = frozenset({errno.ENODEV, errno.ENOENT, errno.ENXIO})

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Spec(Generic[V]):
    """One value that somebody wants."""

    __slots__ = ("value", "who")

    def __init__(self, value: V, who: Holder | None) -> None:
        self.value = value
        self.who = who


class OverrideStack(Generic[V]):
    """What was found, what is wished, and what stands since the last time it was written."""

    __slots__ = ("found", "gone", "stands", "wishes")

    def __init__(self, found: V) -> None:
        self.found = found
        self.stands = found
        self.wishes: list[Spec[V]] = []
        self.gone = False  # ours does not stand any more, so nothing is put back


class Settings(Generic[K, V]):
    """All piles of one sort of setting."""

    __slots__ = ("piles",)

    def __init__(self) -> None:
        self.piles: dict[K, OverrideStack[V]] = {}

    def read(self, key: K, operation: str) -> V:
        """Return what a setting is.

        Raises: Unavailable.
        """
        raise NotImplementedError

    def write(self, key: K, value: V, operation: str) -> None:
        """Change a setting.

        Raises: Unavailable.
        """
        raise NotImplementedError

    def words(self, key: K, value: V) -> str:
        """Return a setting with its value, as in "the MTU of eth0 to 1400"."""
        raise NotImplementedError

    def hold(self, key: K, value: V, who: Holder | None) -> tuple[K, OverrideStack[V], Spec[V]]:
        """Write a value.

        Raises: Unavailable.
        """
        raise NotImplementedError

    def release(self, key: K, pile: OverrideStack[V], wish: Spec[V]) -> None:
        """Take a wish out again."""
        self.take_out(key, pile, wish)

    def put(self, key: K, value: V, who: Holder | None) -> tuple[OverrideStack[V], Spec[V]]:
        """Write a value over what is there.

        Raises: Unavailable.
        """
        operation = f"set {self.words(key, value)}"
        pile = self.piles.get(key)
        now = self.read(key, operation)
        if pile is not None and now != pile.stands:
            # Somebody has changed it, and we have not heard of it yet, or cannot.
            self.lose(key, pile, Unavailable(operation, f"someone has set {self.words(key, now)}"))
            pile = None
        pile = pile or OverrideStack(now)
        if now != value:
            self.write(key, value, operation)
            try:
                pile.stands = self.read(key, operation)  # the kernel may have its own way to write it
            except Unavailable:
                self.write(key, now, operation)
                raise
        wish = Spec(value, who)
        pile.wishes.append(wish)
        self.piles[key] = pile
        return pile, wish

    def lose(self, key: K, pile: OverrideStack[V], reason: Unavailable) -> None:
        """Tell all who hold a setting that it is theirs no more."""
        pile.gone = True
        del self.piles[key]
        for wish in pile.wishes:
            if wish.who is not None:
                wish.who.lost(reason)

    def take_out(self, key: K, pile: OverrideStack[V], wish: Spec[V]) -> None:
        """Take a wish out of its pile, and write what counts now."""
        top = pile.wishes[-1] is wish
        pile.wishes.remove(wish)
        if pile.gone:
            return
        if not pile.wishes:
            del self.piles[key]
        if top:
            self._settle_down(key, pile, wish)

    def _settle_down(self, key: K, pile: OverrideStack[V], left: Spec[V]) -> None:
        value = pile.wishes[-1].value if pile.wishes else pile.found
        operation = f"put back {self.words(key, value)}"
        try:
            now = self.read(key, operation)
            if now not in (pile.stands, value):
                raise Unavailable(operation, f"someone has set {self.words(key, now)} meanwhile")
            if now != value:
                self.write(key, value, operation)
                pile.stands = value  # if it cannot be read
                pile.stands = self.read(key, operation)
        except Unavailable as error:
            if error.errno not in GONE and left.who is not None:
                left.who.note(f"{error}; ignoring")
            below = pile.wishes[-1].who if pile.wishes else None
            if below is not None:  # it begins again, and so tries again
                below.lost(error)


class HoldingSetting(Generic[K, V]):
    """Hold one setting while the block runs.  Never suspends: see docs/decisions/0002."""

    __slots__ = ("_held", "_key", "_settings", "_value")

    def __init__(self, settings: Settings[K, V], key: K, value: V) -> None:
        self._settings = settings
        self._key = key
        self._value = value
        self._held: tuple[K, OverrideStack[V], Spec[V]] | None = None

    async def __aenter__(self) -> None:
        self._held = self._settings.hold(self._key, self._value, current_holder())

    async def __aexit__(self, *_: object) -> None:
        held = self._held
        if held is not None:
            self._held = None
            self._settings.release(*held)
