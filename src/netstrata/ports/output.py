"""Where `print` and its family write."""

from typing import Protocol


class Output(Protocol):
    """The daemon's standard output.  Nothing here raises: an output that cannot be written loses what is written."""

    def write(self, text: bytes) -> None:
        """Add bytes to what is written, now or later."""

    def flush(self) -> None:
        """Write what is still held back."""
