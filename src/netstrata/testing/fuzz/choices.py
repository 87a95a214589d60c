"""Where the chance in a random program comes from: a fast random generator, or whatever a test draws from."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """A source of choices.  Smaller numbers should be the simpler choices: who shrinks a program goes towards 0."""

    def below(self, count: int) -> int:
        """Return a number from 0 to one below a count."""
        raise NotImplementedError

    def one_of(self, things: Sequence[T]) -> T:
        """Return one of some things."""
        return things[self.below(len(things))]

    def once_in(self, count: int) -> bool:
        """Be true once in so many times."""
        return self.below(count) == count - 1


class RandomChoices(Choices):
    """Choices of a seed: the same each time."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def below(self, count: int) -> int:
        """Return a number from 0 to one below a count."""
        return int(self._random.random() * count)
