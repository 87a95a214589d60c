"""`netstrata dns`: who answers names."""

import json
import sys
import time
from typing import Any

from netstrata.cli.answers import table
from netstrata.cli.client import Connection
from netstrata.cli.terminal_style import Paint, harmless


def name_servers(probe: bool, as_json: bool, daemon: Connection) -> int:
    """Ask who answers names, and print it."""
    answer = daemon.call("Dns", probe=probe)
    if as_json:
        print(json.dumps(answer, indent=2))
        return 0
    paint = Paint(sys.stdout)
    for line in lines_of(harmless(answer)):
        print(paint.cut(line))
    return 0


def lines_of(answer: dict[str, Any]) -> list[str]:
    """Return an answer in lines."""
    lines = [f"{one['name']}: {one['reason']}" for one in answer["backends"]]
    lines.append(f"{answer['file']} names {', '.join(answer['named']) or 'no server'}{_whose(answer)}")
    for link in answer["links"]:
        has = " ".join([*link["servers"], *link["domains"]]) or "nothing"
        lines.append(f"systemd-resolved has for {link['link']}: {link.get('problem') or has}")
    if answer["servers"]:
        lines += ["", *table([_row(one) for one in answer["servers"]])]
    if answer["happened"]:
        lines.append("")
        lines += [
            f"{time.strftime('%H:%M:%S', time.localtime(one['time']))} {one['text']}" for one in answer["happened"]
        ]
    return lines


def problems_of(answer: dict[str, Any]) -> list[str]:
    """Return what is wrong with who answers names, after the servers were asked."""
    found = [] if answer["servers"] else ["no net.dns that is up has name servers"]
    if _is_changed(answer):
        found.append(f"{answer['file']} is not as it was written: {_last(answer)}")
    found += [f"systemd-resolved, {one['link']}: {one['problem']}" for one in answer["links"] if "problem" in one]
    for one in answer["servers"]:
        if not one.get("answer", "").startswith("answered in"):
            where = f" over {one['link']}" if "link" in one else ""
            found.append(f"{one['server']}{where} ({_holder(one)}): {one.get('answer', 'was not asked')}")
    return found


def who_waits(daemon: Connection) -> list[str]:
    """Return the processes whose name servers are not up."""
    stands = daemon.call("Status", below=True)["processes"]
    return [one["process"] for one in stands if any(_waits(floor) for floor in one["floors"])]


def _waits(floor: dict[str, str]) -> bool:
    return floor["name"] in ("net.dns", "net.dns.resolvconf") and floor["state"] != "up"


def _last(answer: dict[str, Any]) -> str:
    return answer["happened"][-1]["text"] if answer["happened"] else "somebody else has changed it"


def _holder(server: dict[str, Any]) -> str:
    return f"{server['process']}.{server['statement']}" if server["process"] else "nobody"


def _is_changed(answer: dict[str, Any]) -> bool:
    """Say whether a file that is ours is not as it was written."""
    return not answer["ours"] and any(one["name"].startswith("resolv.conf") for one in answer["backends"])


def _whose(answer: dict[str, Any]) -> str:
    if answer["ours"]:
        return ""
    return " (somebody else has changed it)" if _is_changed(answer) else " (it is not ours)"


def _row(server: dict[str, Any]) -> dict[str, Any]:
    asked_for = server["for"] or "nothing: others come first"
    row = {"server": server["server"], "asked for": asked_for, "answer": server.get("answer")}
    row |= {
        "link": server.get("link"),
        "search": server.get("search"),
        "priority": server["priority"],
        "by": _holder(server),
    }
    return row
