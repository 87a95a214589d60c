"""Links, as clients see them: what the kernel says of each, and which processes use it."""

from typing import Any

from netstrata.control.answers import Slices
from netstrata.daemon.pyramid.projection import SLICE, Projection
from netstrata.system.linkfacts import LinkFacts, read_links
from netstrata.values import one_line


def users_of_links(stands: Projection, names: set[str]) -> Slices[dict[str, list[str]]]:
    """Return by the name of a link the processes that have begun a statement with that name among its words."""
    found: dict[str, dict[str, None]] = {name: {} for name in names}
    counted = 0
    for process in (yield from stands.everything()):
        for written, floor in process.floors():
            if floor.state != "gone":
                for word in floor.words(written):
                    if word in found:
                        found[word][process.path] = None
            counted += 1
            if not counted % SLICE:
                yield
    return {name: list(paths) for name, paths in found.items()}


def all_links(stands: Projection, name: str | None) -> Slices[list[dict[str, Any]]]:
    """Return all links, or those of a name: one or none.

    Raises: Unavailable.
    """
    found = yield from read_links(name)
    users = yield from users_of_links(stands, {_shown(facts.message.name) for facts in found})
    return [as_dict(facts, users[_shown(facts.message.name)]) for facts in found]


def as_dict(facts: LinkFacts, processes: list[str]) -> dict[str, Any]:
    """Return a link as what JSON can hold; what is not known is left out."""
    link = facts.message
    found: dict[str, Any] = {
        "name": one_line(_shown(link.name)),
        "index": link.ifindex,
        "kind": facts.kind,
        "up": link.up,
        "carrier": link.running,
        "mtu": link.mtu,
        **facts.counters._asdict(),
        "processes": processes,
    }
    known: dict[str, Any] = {
        "mac": link.mac.hex(":") if any(link.mac) else None,
        "speed_mbps": facts.speed.mbps,
        "duplex": facts.speed.duplex,
        "ssid": one_line(facts.ssid) if facts.ssid else None,
    }
    if facts.reception is not None:
        known["signal_dbm"] = facts.reception.signal_dbm
        known["quality"] = facts.reception.quality
        known["bitrate_mbps"] = facts.reception.bitrate_mbps
    return found | {key: value for key, value in known.items() if value is not None}


def _shown(name: str) -> str:
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
