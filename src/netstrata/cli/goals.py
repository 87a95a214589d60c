"""`netstrata up`, `down` and `goals`: what can be asked for."""

import argparse
import json
import sys
import time
from typing import Any

from netstrata.cli.client import Connection, TookTooLong, control_path
from netstrata.cli.follow import connect, connect_again
from netstrata.cli.terminal_style import Paint, harmless
from netstrata.control.errors import NoAnswer, NoDaemon
from netstrata.control.exit_codes import TIMED_OUT


def goals(options: argparse.Namespace, path: str) -> int:
    """Ask for a goal or no more, and perhaps wait for that; or print all goals.

    Raises: NoDaemon, Refusal.
    """
    if options.command == "goals":
        return _list(Connection(path).call("Goals"), options.json)
    wanted = "up" if options.command == "up" else "idle"
    waits = options.wait or options.timeout is not None
    end = time.monotonic() + options.timeout if options.timeout is not None else None
    try:
        daemon = connect(path, _note, end) if waits and wanted == "up" else Connection(path)
    except TookTooLong:
        print(f"error: no daemon has come up within {options.timeout:g} s", file=sys.stderr)
        print(f"help: it was looked for at {path or control_path()}", file=sys.stderr)
        return TIMED_OUT
    came = _ask(options.goal, wanted, end, daemon) if waits else _ask_once(options.goal, wanted, daemon)
    if not came:
        what = "come up" if wanted == "up" else "been undone"
        text = f"{options.goal} has not {what} within {options.timeout:g} s"
        print(f"error: {text}\nhelp: it goes on; `netstrata why` says what it waits for", file=sys.stderr)
        return TIMED_OUT
    if options.json:
        print(json.dumps(_find(options.goal, Connection(daemon.path)), indent=2))
    return 0


def _note(text: str) -> None:
    print(f"note: {text}", file=sys.stderr)


def _ask_once(name: str, wanted: str, daemon: Connection) -> bool:
    daemon.call("Ask" if wanted == "up" else "Drop", goal=name)
    return True


def _ask(name: str, wanted: str, end: float | None, daemon: Connection) -> bool:
    """Ask, and wait for it; ask the next daemon, too, if one is killed meanwhile, for it does not know."""
    while True:
        try:
            return _ask_once(name, wanted, daemon) and _wait(name, wanted, end, daemon)
        except NoAnswer:
            raise
        except NoDaemon:
            try:
                daemon = connect_again(daemon.path, _note, end)
            except TookTooLong:
                return False


def _wait(name: str, wanted: str, end: float | None, daemon: Connection) -> bool:
    """Look at a goal whenever something has happened; say whether it came to what is wanted in time.

    Shapes: end is in monotonic seconds.
    """
    asked = daemon.call("Watch", kind="control")["events"][-1]["seq"]
    events = Connection(daemon.path).stream("Watch", until=end, after=asked)
    while True:
        goal = _find(name, daemon)
        if goal["state"] == wanted:
            return True
        if wanted == "idle" and goal["state"] == "up" and not goal["asked"]:
            print(f"note: {name} stays up, because something requires it", file=sys.stderr)
            return True
        try:
            next(events)
        except TookTooLong:
            return False


def _find(name: str, daemon: Connection) -> dict[str, Any]:
    found: list[dict[str, Any]] = [goal for goal in daemon.call("Goals")["goals"] if goal["name"] == name]
    return found[0] if found else {"name": name, "asked": False, "state": "idle", "processes": []}


def _list(answer: dict[str, Any], as_json: bool) -> int:
    if as_json:
        print(json.dumps(answer, indent=2))
        return 0
    paint = Paint(sys.stdout)
    if not answer["goals"]:
        print("the program has no goals: see `netstrata doc on_request`")
    for goal in harmless(answer["goals"]):
        mark = paint.mark({"up": "up", "waiting": "waiting"}.get(goal["state"], ""))
        asked = "asked for" if goal["asked"] else ""
        line = f"{mark} {goal['name']:<20} {goal['state']:<8} {asked:<10} {' '.join(goal['processes'])}"
        print(paint.cut(line.rstrip()))
    return 0
