"""Pipes between us and a program."""

import os

from netstrata.system.children.spawn import NULL
from netstrata.system.streams import DescriptorStream
from netstrata.values import Unavailable


class Pipes:
    """At most two pipes, both ends of each."""

    __slots__ = ("_name", "_ours", "its_stdin", "its_stdout")

    def __init__(self, name: str, *, write: bool, read: bool) -> None:
        """Make the pipes that are asked for.

        Raises: Unavailable.
        """
        self._name = name
        self.its_stdin = self.its_stdout = NULL
        self._ours = [NULL, NULL]
        try:
            if write:
                self.its_stdin, self._ours[0] = os.pipe()
            if read:
                self._ours[1], self.its_stdout = os.pipe()
        except OSError as error:
            self.close_its()
            self.close_ours()
            raise Unavailable(f"start {name}", os.strerror(error.errno or 0), error.errno or 0) from None

    def close_its(self) -> None:
        """Close the ends that the program has now."""
        _close(self.its_stdin, self.its_stdout)

    def close_ours(self) -> None:
        """Close our ends: there is no program."""
        _close(*self._ours)

    def streams(self) -> tuple[DescriptorStream | None, DescriptorStream | None]:
        """Return our ends: what we write to, what we read from."""
        to_it, from_it = self._ours
        return (
            DescriptorStream(to_it, f"the standard input of {self._name}") if to_it != NULL else None,
            DescriptorStream(from_it, f"the standard output of {self._name}") if from_it != NULL else None,
        )


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        if descriptor != NULL:
            os.close(descriptor)
