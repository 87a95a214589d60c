"""Who answers names, as clients are told."""

from collections.abc import Callable
from typing import Any

from netstrata.contract import Holder
from netstrata.control.answers import Answer
from netstrata.system.dns.report import LinkReport, ResolverReport, ServerReport

Place = tuple[str, int]  # a process, "" if that is not known, and the number of a statement


def answer_of(report: ResolverReport, place_of: Callable[[Holder | None], Place]) -> Answer:
    """Return what there is to say; what is not known, or not there, is left out."""
    return {
        "backends": [{"name": name, "reason": reason} for name, reason in report.backends],
        "servers": [_server(one, place_of(one.holder)) for one in report.servers],
        "file": report.file,
        "named": report.named,
        "ours": report.is_ours,
        "links": [_link(one) for one in report.links],
        "happened": [{"time": when, "text": text} for when, text in report.happened],
    }


def _server(one: ServerReport, place: Place) -> dict[str, Any]:
    known = {"answer": one.answer, "link": one.link, "domains": one.domains, "search": one.search}
    return {
        "server": one.server,
        "for": one.asked_for,
        **{word: value for word, value in known.items() if value},
        "priority": one.priority,
        "process": place[0],
        "statement": place[1],
    }


def _link(one: LinkReport) -> dict[str, Any]:
    return {
        "link": one.link,
        "servers": one.servers,
        "domains": one.domains,
        **({"problem": one.problem} if one.problem else {}),
    }
