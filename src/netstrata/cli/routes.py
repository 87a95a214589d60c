"""`netstrata routes`: uplinks, why one of them is preferred, and whose routes are."""

import json
import sys
import time
from typing import Any

from netstrata.cli.answers import table
from netstrata.cli.client import Connection
from netstrata.cli.terminal_style import Paint, harmless

_MAIN = 254


def routes(address: str | None, as_json: bool, daemon: Connection) -> int:
    """Ask for routes, and print them."""
    asked = {"address": address} if address is not None else {}
    answer = daemon.call("Routes", **asked)
    if as_json:
        print(json.dumps(answer, indent=2))
        return 0
    paint = Paint(sys.stdout)
    for line in _overview(harmless(answer)) if address is None else _use(address, harmless(answer)):
        print(paint.cut(line))
    return 0


def _overview(answer: dict[str, Any]) -> list[str]:
    uplinks, held = [_uplink(one) for one in answer["uplinks"]], [_kept(one) for one in answer["held"]]
    lines = [*(table(uplinks) if uplinks else ["no uplinks"]), *answer["why"], ""]
    return lines + (table(held) if held else ["no routes are held"])


def _uplink(uplink: dict[str, Any]) -> dict[str, Any]:
    state = uplink["state"]
    if uplink.get("since") is not None:
        word = "gets through" if uplink["gets_through"] else "gets nothing through"
        state += f", {word} since {time.strftime('%H:%M:%S', time.localtime(uplink['since']))}"
    return {
        "uplink": uplink["link"],
        "gateway": uplink.get("gateway") or "none",
        "preference": uplink["preference"],
        "kind": uplink["kind"],
        "state": state,
        "by": _by([uplink["holder"]]),
    }


def _kept(route: dict[str, Any]) -> dict[str, Any]:
    by = _by(route["holders"])
    return {"route": route["route"], "by": by if route["ours"] else f"{by}; it was there before"}


def _use(address: str, answer: dict[str, Any]) -> list[str]:
    used = answer["used"]
    where = "" if used["table"] == _MAIN else f" in table {used['table']}"
    lines = [f"{address} goes by {used['route']}{where}"]
    if used["holders"]:
        lines.append(f"held by {_by(used['holders'])}")
    else:
        lines.append(f"not held by this program: it is {used['owner']}'s")
    if used.get("uplink"):
        lines += answer["why"]
    return lines


def _by(holders: list[dict[str, Any]]) -> str:
    told = dict.fromkeys(f"{one['process']}.{one['statement']} {one['name']}" for one in holders if one["process"])
    return ", ".join(told) or "a statement that has ended"
