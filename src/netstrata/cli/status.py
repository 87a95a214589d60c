"""`netstrata status`: what stands, floor by floor."""

import argparse
import json
import sys
import time
from typing import Any

from netstrata.cli.client import Connection
from netstrata.cli.deadline import Deadline
from netstrata.cli.links import link_line
from netstrata.cli.terminal_style import Paint, harmless
from netstrata.control.errors import Refusal

_AS_FLOOR = {"coming": "down", "down": "gone"}  # a light that is down looks as a floor that is gone


def status(options: argparse.Namespace, daemon: Connection) -> int:
    """Ask for the pyramid, and print it."""
    asked = {"process": options.process} if options.process is not None else {}
    answer = daemon.call("Status", below=options.all, **asked)
    if options.json:
        print(json.dumps(answer, indent=2))
        return 0
    paint = Paint(sys.stdout)
    now = time.time()
    links = _links(daemon)
    deadline = Deadline()
    deadline.ask(daemon)
    for line in deadline.lines:
        print(paint.cut(paint.red(line)))
    for process in harmless(answer["processes"]):
        print(paint.cut(_process(process, paint, now)))
        for floor in process["floors"]:
            print(paint.cut(_floor(floor, paint, now)))
        for link in links:
            if any(_is_in(user, process["process"], options.all) for user in link["processes"]):
                print(paint.cut(f"    {link_line(link, paint)}"))
    return 0


def _links(daemon: Connection) -> list[dict[str, Any]]:
    """Return the links that processes use; none if the daemon cannot say."""
    try:
        return [link for link in daemon.call("Links")["links"] if link["processes"]]
    except Refusal:
        return []


def _is_in(user: str, process: str, alone: bool) -> bool:
    """Say whether a process is the one that is shown, or stands below it and is not shown itself."""
    return user == process or (not alone and user.startswith(f"{process}."))


def _process(process: dict[str, Any], paint: Paint, now: float) -> str:
    text = f"{paint.mark(process['state'])} {paint.bold(process['process'])}  {process['state']}"
    return f"{text}  {lights(process, paint, now)}".rstrip()


def lights(process: dict[str, Any], paint: Paint, now: float) -> str:
    """Return a process's lights: `1● 3◐ 20s`, each layer with its mark and how long it has been so."""
    since = process.get("lights_since") or {}
    found: list[str] = []
    for layer, state in sorted((process.get("lights") or {}).items()):
        told = f" {ago(now - since[layer])}" if since.get(layer) else ""
        found.append(f"{layer}{paint.mark(_AS_FLOOR.get(state, state))}{told}")
    return "  ".join(found)


def _floor(floor: dict[str, Any], paint: Paint, now: float) -> str:
    name = floor["name"] + (f" {floor['label']}" if floor.get("label") else "")
    since = ago(now - floor["since"]) if floor.get("since") else ""
    said = floor.get("waits") or " ".join(f"{k}={v}" for k, v in (floor.get("values") or {}).items())
    layer = f"L{floor['layer']}" if floor.get("layer") else "  "
    text = f"{floor['statement']:>3} {layer} {name:<30} {floor['state']:<6} {since:>4}  {said}"
    return f"  {paint.mark(floor['state'])} {text}".rstrip()


def ago(seconds: float) -> str:
    """Return a time span in the largest unit that says enough: `5s`, `3m`, `2h`, `4d`."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "m")):
        if seconds >= size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"
