"""The kernel's settings."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol


class Sysctl(Protocol):
    """Settings below /proc/sys."""

    def held_value(self, path: str, value: bytes) -> AbstractAsyncContextManager[None]:
        """Write a setting, and put back what it was, unless somebody else has written it since.

        Of several holders the last one counts; they may leave in any order.
        Shapes: path is relative to /proc/sys.
        Raises: Unavailable if there is no such setting, or it cannot be read or written.
        """
