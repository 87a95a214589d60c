"""`netstrata links`: the system's links, with their counters."""

import json
import sys
from typing import Any

from netstrata.cli.client import Connection
from netstrata.cli.terminal_style import Paint, aligned, wide

_HEAD = ("LINK", "KIND", "STATE", "SPEED", "IN", "OUT", "LOST", "WI-FI", "USED BY")

_SPARE = ("KIND", "SPEED", "LOST", "USED BY")  # what a narrow screen goes without, in this order


def links(name: str | None, as_json: bool, daemon: Connection) -> int:
    """Ask for links, and print them."""
    asked = {"name": name} if name is not None else {}
    answer = daemon.call("Links", **asked)
    if as_json:
        print(json.dumps(answer, indent=2))
        return 0
    paint = Paint(sys.stdout)
    if name is None:
        for line in link_table(answer["links"], paint.width):
            print(paint.cut(line))
        return 0
    for link in answer["links"]:
        print(paint.cut(link_line(link, paint)))
        for line in _details(link):
            print(paint.cut(f"  {line}"))
    return 0


def link_line(link: dict[str, Any], paint: Paint) -> str:
    """Return a link in one line: `eth0  up  10000 Mb/s full  in 1.2 MB  out 34.5 kB`."""
    told = [paint.bold(link["name"]), paint.state(_state(link)), _speed(link), _air(link)]
    told += [f"in {amount(link['rx_bytes'])}", f"out {amount(link['tx_bytes'])}"]
    if _lost(link):
        told.append(f"{_lost(link)} lost")
    return "  ".join(filter(None, told))


def _row(link: dict[str, Any]) -> tuple[str, ...]:
    traffic = (amount(link["rx_bytes"]), amount(link["tx_bytes"]), str(_lost(link)))
    return (link["name"], link["kind"], _state(link), _speed(link), *traffic, _air(link), " ".join(link["processes"]))


def link_table(links: list[dict[str, Any]], width: int = 0) -> list[str]:
    """Return links in lines with a head, without columns that would be empty, or make it wider than a screen.

    Shapes: width is in columns of the terminal, 0 for any.
    """
    rows = [_HEAD, *map(_row, links)]
    columns = [column for column in zip(*rows, strict=True) if any(column[1:])]
    for name in _SPARE:
        if not width or sum(max(map(wide, column)) + 2 for column in columns) - 2 <= width:
            break
        columns = [column for column in columns if column[0] != name]
    return aligned(columns)


def _details(link: dict[str, Any]) -> list[str]:
    what = f"{link['kind']}, number {link['index']}, MTU {link['mtu']}"
    found = [what + (f", {link['mac']}" if link.get("mac") else "")]
    for word, way in (("in ", "rx"), ("out", "tx")):
        counted = f"{link[f'{way}_bytes']} bytes, {link[f'{way}_packets']} packets"
        found.append(f"{word}  {counted}, {link[f'{way}_errors']} errors, {link[f'{way}_dropped']} dropped")
    return [*found, f"used by  {' '.join(link['processes']) or 'no process'}"]


def _state(link: dict[str, Any]) -> str:
    return "down" if not link["up"] else "up" if link["carrier"] else "no carrier"


def _speed(link: dict[str, Any]) -> str:
    return f"{link['speed_mbps']} Mb/s {link.get('duplex') or ''}".rstrip() if link.get("speed_mbps") else ""


def _air(link: dict[str, Any]) -> str:
    told = [link.get("ssid") or ""]
    for key, unit in (("signal_dbm", " dBm"), ("quality", " %"), ("bitrate_mbps", " Mb/s")):
        if link.get(key) is not None:
            told.append(f"{link[key]:g}{unit}")
    return " ".join(filter(None, told))


def _lost(link: dict[str, Any]) -> int:
    """Return how many packets were lost to errors or for want of room."""
    keys = ("rx_errors", "tx_errors", "rx_dropped", "tx_dropped")
    return sum(int(link[key]) for key in keys)


def amount(octets: float) -> str:
    """Return a number of bytes in the unit that suits it: `1.2 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if octets < 999.5:
            return f"{octets:.3g} {unit}"
        octets /= 1000
    return f"{octets:.1f} TB"
