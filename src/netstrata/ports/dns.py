"""Who answers names."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Dns(Protocol):
    """The resolver configuration, put together from all who hold a part of it."""

    def held_lines(self, lines: list[bytes], priority: int) -> AbstractAsyncContextManager[None]:
        """Add resolv.conf(5) lines; smaller priorities come first, equal ones in the order in which they came.

        Entering and leaving wait where resolvconf or NetworkManager makes the file: for its end, or its answer, and
        until no other interface or connection has servers alone there.  NetworkManager's lines stand beside these.
        When the last holder leaves, the file is as it was found, unless somebody else has changed it since; such a
        change is told and written over while lines are held.
        Raises: Unavailable if it cannot be written.
        """
