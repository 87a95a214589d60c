"""What happens, followed once for all browsers: events in memory, numbered, that each can go on from.

An epoch is one life of a daemon as the console saw it: numbers mean something within one only.  A connection that ends
begins a new one, except where the daemon said that events were missed; then the epoch goes on, and so do the numbers.
"""

import asyncio
import contextlib
import re
from bisect import bisect_right
from collections.abc import AsyncGenerator, Callable
from typing import Any, Final

import msgspec

from netstrata.console.queries import Daemon
from netstrata.control.errors import NoDaemon, Refusal

KEPT: Final = 20_000  # events in memory, and up to as many again before the oldest go
AT_ONCE: Final = 500  # events in one message
BEAT_S: Final = 10.0  # how long a stream may say nothing
AGAIN_S: Final = (0.05, 0.1, 0.2, 0.5, 1.0)  # waits before the daemon is looked for again, the last for ever


NOTHING: Final = {"right": "read", "text": False, "verbs": [], "version": "", "program": 0}


class _Numbered(msgspec.Struct):
    seq: int
    kind: str = ""
    what: str = ""
    log: str = ""


class _Told(msgspec.Struct):
    events: list[msgspec.Raw]


_numbered = msgspec.json.Decoder(_Numbered)
_told = msgspec.json.Decoder(_Told)


class Feed:
    """The events of a daemon, across its lives."""

    def __init__(self, daemon: Daemon, operate: bool, say: Callable[[str], None]) -> None:
        """Take the daemon, whether the console may steer it at all, and who is told of its coming and going."""
        self._daemon = daemon
        self._operate = operate
        self._say = say
        self._numbers: list[int] = []
        self._events: list[msgspec.Raw] = []
        self._news = asyncio.Event()
        self._closed = False
        self._log = ""  # of the daemon's, which the numbers are of
        self._program = 0  # the event with which the program began, if it was not the first one
        self.epoch = 0
        self.state: dict[str, Any] = {**NOTHING, "daemon": False, "why": "looking for the daemon"}

    @property
    def last(self) -> int:
        """The number of the last event, 0 if there is none."""
        return self._numbers[-1] if self._numbers else 0

    async def run(self) -> None:
        """Follow the daemon, whether it is there or not, until cancelled."""
        missed = False
        tries = 0
        while True:
            try:
                if not missed:
                    await self._meet()
                    tries = 0
                await self._follow(missed)
            except Refusal as refusal:
                missed = refusal.name == "Gap"
                why = f"it answers {refusal.name}"
            except NoDaemon as problem:
                missed = False
                why = str(problem)
            if not missed:
                self._lose(why)
                await asyncio.sleep(AGAIN_S[min(tries, len(AGAIN_S) - 1)])
                tries += 1

    async def _meet(self) -> None:
        """Know a daemon that answers; begin an epoch, unless it goes on with the log that we follow.

        Raises: NoDaemon, Refusal.
        """
        described = msgspec.json.decode(
            await self._daemon.ask("GetInterfaceDescription", interface="org.netstrata.Control")
        )
        about = msgspec.json.decode(await self._daemon.ask("GetInfo"))
        verbs = await self._allowed()
        right = _right_of(verbs) if self._operate else "read"
        if not await self._goes_on():
            self._numbers.clear()
            self._events.clear()
            self._log = ""
            self._program = 0
            self.epoch += 1
        self.state = {
            "daemon": True,
            "why": "",
            "right": right,
            "text": "Source" in verbs,
            "verbs": re.findall(r"^method (\w+)\(", described.get("description", ""), re.MULTILINE),
            "version": about.get("version", ""),
            "program": self._program,
        }
        self._say(f"the daemon answers, version {about.get('version')}: {_RIGHTS[right]}")
        self._publish()

    async def _allowed(self) -> list[str]:
        """Return the verbs that the console may use; of a recording it only reads.

        Raises: NoDaemon.
        """
        try:
            verbs: list[str] = msgspec.json.decode(await self._daemon.ask("Allowed"))["verbs"]
        except Refusal:
            return []
        return verbs

    async def _goes_on(self) -> bool:
        """Say whether the daemon goes on with the log that we follow.

        Raises: NoDaemon, Refusal.
        """
        try:
            if self._log:
                await self._daemon.ask("Watch", after=self.last, log=self._log, kind="program")
        except Refusal as refusal:
            if refusal.name != "OtherLog":
                raise
            return False
        return bool(self._log)

    async def _follow(self, missed: bool) -> None:
        """Take in events; after a gap, whatever is there yet of what was missed.

        Raises: NoDaemon, Refusal.
        """
        known = {"log": self._log} if self._log else {}
        after = 0 if missed else self.last
        async with contextlib.aclosing(self._daemon.stream("Watch", after=after, **known)) as answers:
            async for answer in answers:
                try:
                    events = _told.decode(answer).events
                    heads = [_numbered.decode(event) for event in events]
                except msgspec.DecodeError as error:
                    raise NoDaemon(f"the daemon cannot be understood: {error}") from error
                self._log = heads[-1].log
                began = [
                    head.seq for head in heads if head.kind == "program" and head.what != "changed" and head.seq > 1
                ]
                self._take_in([head.seq for head in heads], events)
                if began and began[-1] > self._program:  # it was upgraded in place
                    self._program = began[-1]
                    await self._meet()

    def _take_in(self, numbers: list[int], events: list[msgspec.Raw]) -> None:
        """Keep what is new, and let go of what is old."""
        new = bisect_right(numbers, self.last)
        self._numbers += numbers[new:]
        self._events += events[new:]
        if len(self._numbers) > 2 * KEPT:
            del self._numbers[:KEPT]
            del self._events[:KEPT]
        if new < len(numbers):
            self._publish()

    def _lose(self, why: str) -> None:
        if self.state["daemon"]:
            self._say(why)
        if self.state["daemon"] or self.state["why"] != why:
            self.state = {**self.state, "daemon": False, "why": why}
            self._publish()

    def _publish(self) -> None:
        news = self._news
        self._news = asyncio.Event()
        news.set()

    def close(self) -> None:
        """End all streams."""
        self._closed = True
        self._publish()

    async def messages(self, epoch: int, after: int) -> AsyncGenerator[bytes]:
        """Yield what a browser that saw some epoch up to a number is told, as server-sent events.

        Shapes: `begun` when it must forget what it has; `daemon` when that came or went; `events`, whose numbers have a
        gap where some were missed.  The id to resume from is `EPOCH.NUMBER`.
        Source: HTML Living Standard, 9.2 "Server-sent events".
        """
        state: dict[str, Any] | None = None
        yield b"retry: 500\n\n"
        while not self._closed:
            news = self._news
            if epoch != self.epoch:
                epoch, after = self.epoch, 0
                state = self.state
                yield _message("begun", epoch, after, {**state, "epoch": epoch})
            elif state is not self.state:
                state = self.state
                yield _message("daemon", epoch, after, {**state, "epoch": epoch})
            at = bisect_right(self._numbers, after)
            events = self._events[at : at + AT_ONCE]
            if events:
                after = self._numbers[at + len(events) - 1]
                yield _message("events", epoch, after, {"events": events})
                continue
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await news.wait()
                continue
            yield b": still here\n\n"


_RIGHTS = {"read": "reading only", "steer": "reading and steering", "change": "reading, steering and changing"}


def _right_of(verbs: list[str]) -> str:
    """Return what somebody may do who may use some verbs."""
    return "change" if "Replace" in verbs else "steer" if "Restart" in verbs else "read"


def _message(kind: str, epoch: int, after: int, data: dict[str, Any]) -> bytes:
    return b"event: %s\nid: %d.%d\ndata: %s\n\n" % (kind.encode(), epoch, after, msgspec.json.encode(data))
