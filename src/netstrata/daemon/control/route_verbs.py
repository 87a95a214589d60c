"""Routes and uplinks, as clients see them."""

from collections.abc import Iterator
from typing import Any

from netstrata.contract import Holder
from netstrata.contract.shapes.link import ADDRESS
from netstrata.control.answers import Answer, Items, Slices
from netstrata.control.interface import NAME, SERVICE
from netstrata.control.verbs import Failure
from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.pyramid.uplinks import preferred_of, state_of
from netstrata.daemon.pyramid.visible import path_for
from netstrata.engine.holders import HolderId
from netstrata.engine.machine import Engine
from netstrata.ports.gateways import UplinkFacts
from netstrata.values import Unavailable, format_address


class RouteVerbs:
    """What can be asked of routes."""

    def __init__(self, engine: Engine, stream: EventLog) -> None:
        self._engine = engine
        self.stream = stream

    def routes(self, right: int, address: str | None = None) -> Slices[Answer]:
        """Return uplinks, and the routes that are held, or the one that is used for an address."""
        ports = self._engine.outside.ports
        facts, uplinks = ports.route_facts, ports.uplinks()
        yield
        answer: Answer = {
            "uplinks": [self._uplink(one, right) for one in uplinks],
            "why": [told for told in map(preferred_of, _by_family(uplinks)) if told],
            "held": self._held(facts, right) if address is None else [],
        }
        if address is not None:
            answer["used"] = self._used(facts, address, right)
        return answer

    def _why_of_uplinks(self, name: str, right: int) -> Items:
        """Yield why the uplinks that a link or process has are preferred or not, as causes that have none."""
        uplinks: list[UplinkFacts] = self._engine.outside.ports.uplinks()
        yield None
        for family in _by_family(uplinks):
            if any(name in (one.gateway.link, self._holder(one.holder, right)["process"]) for one in family):
                told = {"depth": 0, "process": name, "statement": 0, "name": "", "file": "", "line": 0, "since": 0.0}
                yield {**told, "text": f"as an uplink: {preferred_of(family)}", "root": True}

    def _used(self, facts: Any, address: str, right: int) -> Answer:
        packed = ADDRESS.read(address.encode())
        if packed is None:
            raise Failure(f"{SERVICE}.InvalidParameter", parameter="address")
        try:
            used = facts.used_for(packed)
        except Unavailable as error:
            raise Failure(f"{NAME}.Unavailable", text=str(error)) from error
        answer = {
            "route": used.words,
            "table": used.table,
            "owner": used.owner,
            "holders": [self._holder(who, right) for who in used.holders],
        }
        return answer | ({"uplink": used.uplink.gateway.link} if used.uplink is not None else {})

    def _held(self, facts: Any, right: int) -> Items:
        for one in facts.kept():
            holders = [self._holder(who, right) for who in one.holders]
            yield {"route": one.words, "table": one.table, "ours": one.is_ours, "holders": holders}

    def _uplink(self, uplink: UplinkFacts, right: int) -> Answer:
        gateway = uplink.gateway
        told: dict[str, Any] = {
            "link": gateway.link,
            "family": gateway.family,
            "preference": gateway.preference,
            "kind": gateway.kind,
            "state": state_of(uplink),
            "holder": self._holder(uplink.holder, right),
        }
        if uplink.answered is not None:
            told |= {"gets_through": uplink.answered.gets_through, "since": uplink.answered.since}
        for word, one in (("gateway", gateway.address), ("server", gateway.server)):
            if one:
                told[word] = format_address(one).decode()
        return told

    def _holder(self, who: Holder, right: int) -> Answer:
        found: Any = self._engine.holders.find(who.number) if isinstance(who, HolderId) else None
        if found is None:
            return {"process": "", "statement": 0, "name": ""}
        path = path_for(self.stream.path_of(found.process), right)
        return {"process": path, "statement": found.index + 1, "name": found.declaration.name}


def _by_family(uplinks: list[UplinkFacts]) -> Iterator[list[UplinkFacts]]:
    for family in (4, 6):
        some = [one for one in uplinks if one.gateway.family == family]
        if some:
            yield some
