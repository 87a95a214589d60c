"""`netstrata replay`: a recording, shown as if it were live."""

import argparse
import asyncio
import re
import signal
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from math import inf

from netstrata.cli.events import print_events
from netstrata.control.exit_codes import BAD_USAGE, FAILED, NO_SUCH_OBJECT
from netstrata.control.verbs import OPERATE
from netstrata.daemon.control import ControlSocket
from netstrata.daemon.events.event import Event, Filter
from netstrata.daemon.events.recording import NoRecording, Recording
from netstrata.daemon.pyramid.replay import Replay
from netstrata.daemon.pyramid.visible import event_for
from netstrata.values import Unavailable


class BadMoment(Exception):
    """What somebody gave is no moment of a recording."""


def replay(options: argparse.Namespace) -> int:
    """Show a recording."""
    try:
        recording = Recording(options.file, lambda text: print(f"warning: {text}", file=sys.stderr))
        number = options.run if options.run is not None else len(recording.runs)
        if not 1 <= number <= len(recording.runs):
            hint = f"it has {len(recording.runs)}, counted from 1"
            return _fail(f"{options.file} has no run {number}", hint, NO_SUCH_OBJECT)
        shown = Replay(recording.events(recording.runs[number - 1]))
        before = _moment(options.at, shown.ahead) if options.at is not None else None
        with suppress(KeyboardInterrupt):
            return asyncio.run(_show(options, shown, before))
    except NoRecording as problem:
        return _fail(str(problem), problem.hint, FAILED)
    except BadMoment as problem:
        return _fail(str(problem), "give 120 (an event), 12:03:11, 2026-05-01T12:03:11 or +90 (seconds)", BAD_USAGE)
    except Unavailable as problem:
        return _fail(str(problem), "name another path with --control", FAILED)
    return 0


async def _show(options: argparse.Namespace, shown: Replay, before: Callable[[Event], bool] | None) -> int:
    wanted = {name: getattr(options, name) or "" for name in ("process", "statement", "child", "kind")}
    wish = Filter(**wanted)
    if before is not None:
        shown.skip(before)
        if shown.ahead is None and shown.stream.seq:
            print(f"warning: {options.at} is after the last event", file=sys.stderr)

    def on_event(event: Event) -> None:
        if wish.takes(event):
            print_events([event_for(event, OPERATE) or {}], options.json)

    shown.stream.subscribe(on_event)
    socket = ControlSocket(options.control, shown) if options.control else None
    if socket is None:
        await shown.play(options.speed)
        return 0
    end = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, end.set)
    await socket.open()
    try:
        playing = asyncio.create_task(shown.play(options.speed))
        await end.wait()
        playing.cancel()
        with suppress(asyncio.CancelledError):
            await playing
    finally:
        socket.close()
    return 0


def read_speed(text: str) -> float:
    """Read how many times as fast a recording is to be shown."""
    if text == "max":
        return inf
    speed = float(text) if re.fullmatch(r"\d{1,9}(\.\d{1,9})?", text) else -1.0
    if speed < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no speed: give a number, 0 to stand still, or max")
    return speed


def _moment(text: str, first: Event | None) -> Callable[[Event], bool]:
    """Return what says of an event whether it comes before a moment.

    Raises: BadMoment.
    """
    if text == "end":
        return lambda event: True
    if re.fullmatch(r"\d{1,15}", text):
        number = int(text)
        return lambda event: event.seq < number
    begin = first.wall if first is not None else 0.0
    if re.fullmatch(r"\+\d{1,9}(\.\d{1,9})?", text):
        since = (first.monotonic if first is not None else 0.0) + float(text)
        return lambda event: event.monotonic < since
    match = re.fullmatch(r"(?:(\d{4}-\d\d-\d\d)T)?(\d\d:\d\d:\d\d)(\.\d{1,9})?", text)
    if match is None:
        raise BadMoment(f"{text!r} is no moment of a recording")
    day = match[1] or time.strftime("%Y-%m-%d", time.localtime(begin))
    try:
        wall = time.mktime(time.strptime(f"{day}T{match[2]}", "%Y-%m-%dT%H:%M:%S")) + float(match[3] or 0)
    except (ValueError, OverflowError):
        raise BadMoment(f"{text!r} is no time") from None
    if match[1] is None and wall < begin - 1:
        wall += 86400  # after midnight
    return lambda event: event.wall < wall


def _fail(problem: str, hint: str, code: int) -> int:
    print(f"error: {problem}\nhelp: {hint}", file=sys.stderr)
    return code
