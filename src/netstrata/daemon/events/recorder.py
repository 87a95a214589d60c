"""What happens, as lines of JSON in a file.

A thread writes them, so that nobody waits for a disk or a pipe that hangs.  Lines that could not be written, for the
disk was full or took nothing for too long, are told in one line at their place, as soon as there is room again.
"""

import _thread
import json
import os
import time
from queue import Empty, SimpleQueue
from typing import Any, Final, NamedTuple

from netstrata.daemon.events.codes import statement_of
from netstrata.daemon.events.event import Event
from netstrata.daemon.events.event_log import EventLog
from netstrata.system.filesystem.places import open_file

MOST: Final = 4 << 20  # bytes that may wait to be written
AT_ONCE: Final = 1 << 18  # bytes that are written together
SLOW: Final = "the file took no more"


class Line(NamedTuple):
    """One event to be written; an empty text only asks whether all before it is there."""

    seq: int
    wall: float
    monotonic: float
    text: bytes


class Recorder:
    """One JSON object a line; see `netstrata.daemon.events.event.Event`.

    Where a program begins, its statements are recorded, so that what stands can be told from what happens alone.
    """

    def __init__(self, path: str, stream: EventLog) -> None:
        """Open the file to append to, and record a stream.

        Raises: OSError; NotFollowed if the path leads through a link that others may have made.
        """
        # A pipe that nobody reads is refused, and not waited for.
        self._file = open_file(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NONBLOCK, 0o600)
        os.set_blocking(self._file, True)
        self._torn = False  # the last line did not get to its end
        self._last = stream.seq  # the last event that is written, or told as missing
        self._why = SLOW
        self._given = 0  # bytes, counted by who tells
        self._taken = 0  # bytes, counted by the thread
        self._lines: SimpleQueue[Line] = SimpleQueue()
        self._running = _thread.allocate_lock()
        self._running.acquire()
        self._stream = stream
        stream.subscribe(self.on_event)
        _thread.start_new_thread(self._run, ())

    @property
    def waiting(self) -> int:
        """How many bytes have not been tried to be written yet."""
        return self._given - self._taken

    def on_event(self, event: Event) -> None:
        """Record an event."""
        if self.waiting > MOST:
            return  # the thread sees by its number that it is missing
        fields = event.as_dict()
        fields.pop("account", None)
        if event.kind == "program":
            fields["codes"] = codes_of(self._stream)
        text = json.dumps(fields).encode() + b"\n"
        self._given += len(text)
        self._lines.put(Line(event.seq, event.wall, event.monotonic, text))

    def finish(self, longest_s: float) -> None:
        """Record no more, and wait until all is written, but no longer than so many seconds."""
        self._stream.unsubscribe(self.on_event)
        self._lines.put(Line(self._stream.seq + 1, time.time(), time.monotonic(), b""))
        if self._running.acquire(timeout=longest_s):
            os.close(self._file)

    def _run(self) -> None:
        try:
            going_on = True
            while going_on:
                lines = [self._lines.get()]
                size = len(lines[0].text)
                while size < AT_ONCE and lines[-1].text:
                    try:
                        lines.append(self._lines.get_nowait())
                    except Empty:
                        break
                    size += len(lines[-1].text)
                self._write(lines)
                self._taken += size
                going_on = bool(lines[-1].text)
        finally:
            self._running.release()

    def _write(self, lines: list[Line]) -> None:
        """Write lines, and before the first of them what is missing; whoever is not written is missing then."""
        texts: list[tuple[int, bytes]] = []
        last = self._last
        for line in lines:
            if line.seq > last + 1:
                texts.append((line.seq - 1, self._gap(last, line)))
            if line.text:
                texts.append((line.seq, line.text))
            last = line.seq
        left = b"".join(text for _, text in texts)
        if not left:
            return
        written = self._append(b"\n" + left if self._torn else left)
        if self._torn:
            written -= 1
            self._torn = written < 0
        for seq, text in texts:
            if written < len(text):
                break
            written -= len(text)
            self._last = seq
        self._torn = self._torn or written > 0
        if self._last == texts[-1][0]:
            self._why = SLOW

    def _append(self, data: bytes) -> int:
        """Write; return how many bytes there was room for, and know why not for all."""
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(self._file, left) :]
        except OSError as error:
            self._why = error.strerror or str(error)
        return len(data) - len(left)

    def _gap(self, last: int, line: Line) -> bytes:
        """Return a line in the place of those that are missing before another."""
        missing = line.seq - last - 1
        which = f"event {last + 1} is" if missing == 1 else f"{missing} events, {last + 1} to {line.seq - 1}, are"
        fields = {
            "seq": line.seq - 1, "time": line.wall, "monotonic": line.monotonic, "kind": "gap", "process": "",
            "text": f"{which} not recorded: {self._why}",
        }  # fmt: skip
        return json.dumps(fields).encode() + b"\n"


def codes_of(stream: EventLog) -> dict[str, Any]:
    """Return all processes and templates of a program by name, with their statements; see `events/codes`."""
    engine = stream.engine
    if engine is None:
        return {}
    return {
        code.name: {
            "template": code.template,
            "statements": [statement_of(slot, stream.layers, engine) for slot in code.slots],
        }
        for code in engine.templates.values()
    }
