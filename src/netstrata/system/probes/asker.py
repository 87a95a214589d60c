"""Who is asked, and how: what all ways of asking have in common."""

from collections.abc import Callable
from typing import Protocol

# Is given the number of a question, and why it was not answered as it should be; "" if it was.
Heard = Callable[[int, str], None]


class Asker(Protocol):
    """One host or page that can be asked again and again."""

    silence: str  # what is said of it if nothing comes

    def begin(self, heard: Heard) -> None:
        """Be ready to ask.

        Raises: OSError.
        """

    def ask(self, number: int) -> None:
        """Ask one question, and tell what comes, if anything does."""

    def end(self) -> None:
        """Ask no more."""
