"""What who may only read sees: how the network is, and nothing that the program itself holds.

That is states, links, and what statements about the network (`net.…`, `vpn.…`) say and have found.  A line of a
child's, an argument, a name that is made of values, the name of a file: each of them may be a password, or tell of one.
"""

import os
import re
from functools import lru_cache
from typing import Any, Final

from netstrata.contract.declaration import ABOUT_NETWORK
from netstrata.control.answers import Items
from netstrata.control.verbs import OPERATE
from netstrata.daemon.events.event import Event

HIDDEN: Final = "is not up; what it says is for root and the group netdev"
TELLING: Final = ("text", "account", "values", "waits", "trouble")  # of an event: what a statement says
NAMING: Final = ("file", "account", "names", "scope", "known")  # what quotes the program
UNSEEN: Final = ("child", "control")  # kinds of event
_ORDERLY: Final = re.compile(r"[^\[]*(?:\[(?:\d{1,9}|interrupt)\][^\[]*)*")  # of a path: the part without values
_KEY: Final = os.urandom(16)  # so that nobody can try out what a name may have been made of


def is_public(name: str) -> bool:
    """Say whether anybody may see what a statement says: one about the network, which is no secret."""
    return name.startswith(ABOUT_NETWORK)


@lru_cache(maxsize=4096)
def public_path(path: str) -> str:
    """Return a process's name without the values in it; what stands instead tells it from others, and nothing else."""
    orderly = _ORDERLY.match(path)
    assert orderly is not None  # it may be empty
    if orderly.end() == len(path):
        return path
    from hashlib import blake2b

    tag = blake2b(path.encode("utf-8", "backslashreplace"), digest_size=6, key=_KEY).hexdigest()
    return f"{orderly[0]}[#{tag}]"


def path_for(path: str, right: int) -> str:
    """Return a process's name as somebody with a right sees it."""
    return path if right >= OPERATE else public_path(path)


def event_for(event: Event, right: int) -> dict[str, Any] | None:
    """Return an event as somebody with a right sees it, None if he does not."""
    if right < OPERATE and event.kind in UNSEEN:
        return None
    told = event.as_dict()
    told.pop("codes", None)  # of a recording
    if right < OPERATE:
        told |= {key: public_path(told[key]) for key in ("process", "parent", "provider") if key in told}
        if "behind" in told:
            told["behind"] = [public_path(path) for path in told["behind"]]
        for key in NAMING:
            told.pop(key, None)
        quotes = event.kind == "error" and event.fields.get("refused") is not False
        if event.kind != "program" and (quotes or not is_public(event.place.name)):
            for key in TELLING:
                told.pop(key, None)
    return told


def placed_in(log: str, told: dict[str, Any]) -> dict[str, Any]:
    """Say of an event which log its number is of, unless it is of a recording."""
    if log:
        told["log"] = log
    return told


def pyramids_for(pyramids: Items, right: int) -> Items:
    """Yield processes as somebody with a right sees them."""
    if right >= OPERATE:
        return pyramids
    return (_pyramid(one) if one is not None else None for one in pyramids)


def _pyramid(pyramid: dict[str, Any]) -> dict[str, Any]:
    pyramid["process"] = public_path(pyramid["process"])
    pyramid["floors"] = (_floor(floor) if floor is not None else None for floor in pyramid["floors"])
    return pyramid


def _floor(floor: dict[str, Any]) -> dict[str, Any]:
    floor["file"] = ""
    if not is_public(floor["name"]):
        floor.pop("values", None)
        floor.pop("waits", None)
    if "processes" in floor:
        floor["processes"] = [public_path(path) for path in floor["processes"]]
    return floor


def cause_for(cause: dict[str, Any], quotes: bool, right: int) -> dict[str, Any]:
    """Return a link of a chain of causes as somebody with a right sees it; `quotes` says that it quotes the program."""
    if right < OPERATE:
        cause |= {"process": public_path(cause["process"]), "file": ""}
        if cause["statement"] and (quotes or not is_public(cause["name"])):
            cause["text"] = HIDDEN
    return cause


def link_for(link: dict[str, Any], right: int) -> dict[str, Any]:
    """Return a link as somebody with a right sees it."""
    return {**link, "processes": [path_for(path, right) for path in link["processes"]]}


def edge_for(edge: dict[str, Any], right: int) -> dict[str, Any]:
    """Return an edge of the graph as somebody with a right sees it."""
    if right < OPERATE:
        edge |= {"from": public_path(edge["from"]), "to": public_path(edge["to"]), "name": ""}
    return edge
