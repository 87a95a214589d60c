"""Events of a daemon, followed across its lives: where a connection ends, the next one goes on after the last event."""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from netstrata.cli.client import Connection, TookTooLong
from netstrata.control.errors import NoAnswer, NoDaemon, Refusal

AGAIN_S: Final = 0.1  # between two looks whether the next daemon is there
SAID: Final = 3  # looks, after which it is said that somebody is waited for


def connect(path: str, say: Callable[[str], None], until: float | None = None) -> Connection:
    """Connect with a daemon, however long it takes until it is there.

    Shapes: until is in monotonic seconds.
    Raises: NoDaemon if it must not be asked; TookTooLong at that time.
    """

    def gives_up(cause: BaseException | None) -> bool:
        return not isinstance(cause, (FileNotFoundError, ConnectionRefusedError))

    return _connect(path, lambda: say("no daemon is there yet; waiting for one"), gives_up, until)


def connect_again(path: str, say: Callable[[str], None], until: float | None = None) -> Connection:
    """Connect with the next daemon at a path, however long it takes, if the last one was killed: its socket is there.

    Shapes: until is in monotonic seconds.
    Raises: NoDaemon if it has ended in order, and taken that away; TookTooLong at that time.
    """
    gone = 0

    def gives_up(cause: BaseException | None) -> bool:
        nonlocal gone
        gone = 0 if isinstance(cause, ConnectionRefusedError) else gone + 1
        return gone > 1  # the next one takes the old socket away just before it makes its own

    return _connect(path, lambda: say("the daemon is gone; waiting for the next one"), gives_up, until)


def _connect(
    path: str, say: Callable[[], None], gives_up: Callable[[BaseException | None], bool], until: float | None
) -> Connection:
    """Look for a daemon again and again, and say so once it takes a while; who looks says when that is in vain."""
    looks = 0
    while True:
        try:
            return Connection(path)
        except NoDaemon as problem:
            if gives_up(problem.__cause__):
                raise
        looks += 1
        if looks == SAID:
            say()
        if until is not None and time.monotonic() > until:
            raise TookTooLong
        time.sleep(AGAIN_S)


def follow(daemon: Connection, say: Callable[[str], None], after: int, **wanted: Any) -> Iterator[list[dict[str, Any]]]:
    """Yield events as they come; say where they are those of another daemon.

    Raises: NoDaemon when the daemon has ended in order; Refusal.
    """
    known: dict[str, Any] = {}  # the log that `after` is a number of
    while True:
        try:
            for answer in daemon.stream("Watch", after=after, **known, **wanted):
                yield answer["events"]
                last = answer["events"][-1]
                after = last["seq"]
                known = {"log": last["log"]} if "log" in last else {}
        except NoDaemon as problem:
            if isinstance(problem, NoAnswer):
                raise
            daemon = connect_again(daemon.path, say)
        except Refusal as refusal:
            if refusal.name != "OtherLog":
                raise
            say("another daemon answers; these are its events from the first one on")
            after, known = 0, {}
            daemon = connect_again(daemon.path, say)
