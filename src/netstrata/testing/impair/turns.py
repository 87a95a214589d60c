"""When it is the turn of a fault: counted, and only as long as a file is there if one is named."""

import os


class Turns:
    """Says of one thing after the other whether the fault meets it."""

    def __init__(self, n: int, times: int, during: str, every: int = 1) -> None:
        """Have it meet the n-th, and so many in all, each so-manieth one; as often as it comes if times is 0.

        Shapes: what comes while the file `during` is not there is not counted; "" is no file.
        """
        self._next = n
        self._left = times or -1
        self._during = during
        self._every = every

    @property
    def is_on(self) -> bool:
        """Whether the fault can be met now."""
        return self._left != 0 and (not self._during or os.path.exists(self._during))

    def is_next(self) -> bool:
        """Count one more, and say whether the fault meets it."""
        if not self.is_on:
            return False
        self._next -= 1
        if self._next > 0:
            return False
        self._next = self._every
        self._left -= 1
        return True
