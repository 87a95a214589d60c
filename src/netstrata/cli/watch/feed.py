"""The daemon's events, heard by a thread that connects again whenever the connection ends."""

import threading
import time
from typing import Any, Final

from netstrata.cli.client import Connection
from netstrata.cli.refusals import told
from netstrata.control.errors import NoDaemon, Refusal

AGAIN_S: Final = 0.5
BACK: Final = 2000  # events from before that are shown at the start
IDLE: Final = 3  # so many times longer than it works the thread does nothing
REST_S: Final = 0.1  # but no longer than this at once
MOST: Final = 20_000  # events that wait to be shown; older ones are dropped, and told as missed


class FeedUpdate:
    """What has come since the last time: events, and whether there is a connection, None if nothing is new of that."""

    __slots__ = ("connected", "events", "missed", "news")

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.missed = 0
        self.connected: bool | None = None
        self.news: list[str] = []


class EventFeed(threading.Thread):
    """Hears a daemon until it is told to end."""

    def __init__(self, path: str) -> None:
        super().__init__(name="feed", daemon=True)
        self._path = path
        self._lock = threading.Lock()
        self._heard = FeedUpdate()
        self._ending = threading.Event()
        self._connection: Connection | None = None
        self._last = -1  # the number of the last event, -1 before the first connection
        self._log = ""  # which that is a number of
        self._lost = False

    def take(self) -> FeedUpdate:
        """Return what has come since the last time."""
        with self._lock:
            heard, self._heard = self._heard, FeedUpdate()
        return heard

    def end(self) -> None:
        """Stop reading events."""
        self._ending.set()
        if self._connection is not None:
            self._connection.close()

    def run(self) -> None:
        """Connect, hear, and begin again."""
        while not self._ending.is_set():
            try:
                self._hear()
            except NoDaemon as problem:
                self._lose(str(problem))
            except Refusal as refusal:
                self._missed(refusal)
            finally:
                if self._connection is not None:
                    self._connection.close()
            self._ending.wait(AGAIN_S)

    def _hear(self) -> None:
        self._connection = connection = Connection(self._path)
        another = self._last >= 0 and not self._goes_on(connection)
        if another:
            self._last = 0
        elif self._last < 0:
            self._last = max(0, self._count(connection) - BACK)
        with self._lock:
            self._heard.connected = True
            if self._lost:
                self._heard.news.append("connected with another daemon" if another else "connected again")
        self._lost = False
        worked = time.thread_time()
        for answer in connection.stream("Watch", after=self._last):
            self._put(answer["events"])
            # Most of the time is for whoever draws; a daemon that tells more than that makes a gap.
            before, worked = worked, time.thread_time()
            time.sleep(min(REST_S, IDLE * (worked - before)))

    def _goes_on(self, connection: Connection) -> bool:
        """Say whether the daemon that answers goes on with the log of the one before."""
        if not self._log:
            return False
        try:
            connection.call("Watch", after=self._last, log=self._log, kind="program")
        except Refusal as refusal:
            if refusal.name != "OtherLog":
                raise
            return False
        return True

    def _count(self, connection: Connection) -> int:
        """Return the number of the last event; a recording has no such figures."""
        try:
            count: int = connection.call("Figures")["figures"]["events"]
        except Refusal:
            return max(self._last, 0)
        return count

    def _put(self, events: list[dict[str, Any]]) -> None:
        if not events:
            return
        self._last, self._log = events[-1]["seq"], events[-1].get("log", "")
        with self._lock:
            self._heard.events += events
            over = len(self._heard.events) - MOST
            if over > 0:
                del self._heard.events[:over]
                self._heard.missed += over

    def _lose(self, problem: str) -> None:
        with self._lock:
            self._heard.connected = False
            if not self._lost and not self._ending.is_set():
                self._heard.news.append(f"{problem.replace(f' at {self._path}', '')}; trying again")
        self._lost = True

    def _missed(self, refusal: Refusal) -> None:
        """Go on after a gap with what there is; anything else is told, and tried again."""
        if refusal.name != "Gap":
            self._lose(told(refusal).text)
            return
        try:
            self._connection = connection = Connection(self._path)
            seq = self._count(connection)
        except NoDaemon:
            return
        with self._lock:
            self._heard.missed += max(0, seq - self._last)
        self._last = seq
