"""The log of `netstrata run` on standard error."""

import time

from netstrata.daemon.text.redaction import redacted
from netstrata.system.output.bounded_writer import BoundedWriter


class RunLog:
    """Lines for people, without secrets."""

    def __init__(self, writer: BoundedWriter) -> None:
        self._writer = writer

    def timed(self, text: str) -> None:
        """Write what has happened now."""
        now = time.time()
        stamp = time.strftime("%H:%M:%S", time.localtime(now))
        self.write(f"{stamp}.{int(now * 1000) % 1000:03d} {text}")

    def write(self, text: str) -> None:
        """Write a text, and a line feed."""
        self._writer.write(redacted(text).encode("utf-8", "backslashreplace") + b"\n")
