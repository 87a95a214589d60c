"""Events, as lines for people or programs."""

import json
import sys
import time
from typing import Any

from netstrata.cli.terminal_style import Paint, harmless


def print_events(events: list[dict[str, Any]], as_json: str | None) -> None:
    """Print events, one a line, as text or as JSON."""
    paint = Paint(sys.stdout)
    for event in events:
        print(json.dumps(event) if as_json else event_line(event, paint))
    sys.stdout.flush()


def event_line(event: dict[str, Any], paint: Paint) -> str:
    """Return an event in one line."""
    event = harmless(event)
    stamp = time.strftime("%H:%M:%S", time.localtime(event["time"])) + f".{int(event['time'] * 1000) % 1000:03d}"
    if event.get("statement"):
        where = f"{event['process']}.{event['statement']} {event['name']}"
    else:
        where = event["process"]
    if event["kind"] == "transition":
        values = " ".join(f"{k}={v}" for k, v in (event.get("values") or {}).items())
        text = f"{event['from']} -> {paint.state(event['to'])} {values}"
    elif event["kind"] == "values":
        text = " ".join(f"{k}={v}" for k, v in (event.get("values") or {}).items())
    elif event["kind"] == "process":
        text = event["what"]
    elif event["kind"] == "child":
        text = f"{paint.bold(event['child'])}[{event['pid']}]: {event['text']}"
    elif event["kind"] in ("error", "retry"):
        text = paint.red(event["text"]) if event["kind"] == "error" else event["text"]
        if event.get("retry_ms"):
            again = time.localtime(event["time"] + event["retry_ms"] / 1000)
            text += f"; next try at {time.strftime('%H:%M:%S', again)}"
    else:
        text = event["text"]
    return f"{stamp} {where + ' ' if where else ''}{text}".rstrip()
