"""Links, as clients see them: what the kernel says of each, and which processes use it."""

from typing import Any

from netstrata.control.answers import Slices
from netstrata.daemon.events.walks import floors_of, processes_from
from netstrata.daemon.text.paths import process_path
from netstrata.engine.machine import Engine
from netstrata.engine.statement import Statement
from netstrata.language.diagnostics import one_line
from netstrata.system.linkfacts import LinkFacts, read_links
from netstrata.values import List, Map, Refused, Value


def users_of_links(engine: Engine, names: set[str]) -> Slices[dict[str, list[str]]]:
    """Return by the name of a link the processes that have begun a statement with that name as an argument."""
    found: dict[str, dict[str, None]] = {name: {} for name in names}
    wanted = {name.encode("utf-8", "surrogateescape"): name for name in names}
    everybody = yield from processes_from(engine.roots)
    for floor in floors_of(everybody):
        if floor is None:
            yield
            continue
        process, _, statement = floor
        if statement is not None and statement.declaration.holds_outside:
            for word in _words(statement):
                if word in wanted:
                    found[wanted[word]][process_path(process)] = None
    return {name: list(paths) for name, paths in found.items()}


def _words(statement: Statement) -> list[bytes]:
    """Return all strings among a statement's arguments and variables, also those in lists and maps."""
    try:
        waiting: list[Value] = list(statement.slot.evaluate(statement.process))
    except Refused:  # what it was begun with is not there any more
        waiting = []
    for variable in statement.declaration.variables:
        value = statement.variable(variable.name)
        if value is not None:
            waiting.append(value)
    found: list[bytes] = []
    while waiting:
        value = waiting.pop()
        if isinstance(value, bytes):
            found.append(value)
        elif isinstance(value, List):
            waiting += value.elements()
        elif isinstance(value, Map):
            waiting += value.entries.values()
    return found


def all_links(engine: Engine, name: str | None) -> Slices[list[dict[str, Any]]]:
    """Return all links, or those of a name: one or none.

    Raises: Unavailable.
    """
    found = yield from read_links(name)
    users = yield from users_of_links(engine, {facts.message.name for facts in found})
    return [as_dict(facts, users[facts.message.name]) for facts in found]


def as_dict(facts: LinkFacts, processes: list[str]) -> dict[str, Any]:
    """Return a link as what JSON can hold; what is not known is left out."""
    link = facts.message
    found: dict[str, Any] = {
        "name": one_line(link.name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")),
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
