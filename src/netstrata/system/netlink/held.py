"""What is held in the kernel, by how many, and the context manager that holds it."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from netstrata.contract import Holder, current_holder

IndexOf = Callable[[str], int]  # a link's index by its name, 0 if there is none
Listener = Callable[[int], None]  # is told a link's index


class Held:
    """One thing in the kernel and those who hold it; it is undone when the last one leaves."""

    __slots__ = ("count", "gone", "holders", "ours")

    def __init__(self, ours: bool) -> None:
        self.count = 0
        self.ours = ours  # we put it there, so we take it away
        self.gone = False  # somebody took it away already
        self.holders: list[Holder] = []  # those who can be told

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


W = TypeVar("W")
W_contra = TypeVar("W_contra", contravariant=True)
H = TypeVar("H", bound=Held)


class Store(Protocol[W_contra, H]):
    """A port that can hold something."""

    def hold(self, wish: W_contra, who: Holder | None) -> H:
        """Do it, or raise Unavailable."""

    def release(self, held: H, who: Holder | None) -> None:
        """Undo it, without raising."""


class Hold(Generic[W, H]):
    """Hold what somebody wishes while the block runs.  Never suspends: see docs/decisions/0002."""

    __slots__ = ("_held", "_keeper", "_who", "_wish")

    def __init__(self, keeper: Store[W, H], wish: W) -> None:
        self._keeper = keeper
        self._wish = wish
        self._who: Holder | None = None
        self._held: H | None = None

    async def __aenter__(self) -> None:
        self._who = current_holder()
        self._held = self._keeper.hold(self._wish, self._who)

    async def __aexit__(self, *_: object) -> None:
        held = self._held
        if held is not None:
            self._held = None
            self._keeper.release(held, self._who)
