"""The verbs: who may use them, and what they take."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

from netstrata.control.interface import DESCRIPTION, NAME, SERVICE
from netstrata.control.varlink import Call

READ: Final = 1
STEER: Final = 2


class Failure(Exception):
    """A call that cannot be answered: the error's qualified name, and its parameters."""

    def __init__(self, name: str, **parameters: Any) -> None:
        super().__init__(name)
        self.name = name
        self.parameters = parameters


class Peer(NamedTuple):
    """Who asks."""

    uid: int
    gids: frozenset[int]
    pid: int = 0


class Daemon(Protocol):
    """What the verbs ask of the daemon."""

    def status(self, process: str | None, below: bool, right: int) -> list[dict[str, Any]]:
        """Return processes with their floors; to who may only read, without what the program itself holds."""

    def why(self, process: str) -> list[dict[str, Any]]:
        """Return the chain of causes, of what is called so: a process, a template, a goal, a name, a link."""

    def events(self, after: int, wanted: dict[str, str], right: int) -> list[dict[str, Any]]:
        """Return events in memory that are younger than a number; without the same for who may only read.

        Shapes: wanted may have process, statement, child, kind.
        """

    def restart(self, process: str, statement: int, above: bool) -> None:
        """Undo a process from a statement on, and bring it up again."""

    def graph(self) -> dict[str, Any]:
        """Return all processes as nodes, and what one has from another as edges."""

    def links(self, name: str | None) -> list[dict[str, Any]]:
        """Return the system's links, or one of them."""

    def figures(self) -> dict[str, Any]:
        """Return what has been counted."""

    def sources(self) -> dict[str, str]:
        """Return the program's texts by file name."""

    def files(self) -> list[dict[str, Any]]:
        """Return the files that are generated for programs now."""

    def show(self, name: str) -> str:
        """Return what one of them holds, without secrets."""

    def goals(self) -> list[dict[str, Any]]:
        """Return all goals."""

    def ask(self, goal: str) -> None:
        """Ask for a goal."""

    def drop(self, goal: str) -> None:
        """Ask for a goal no more."""


class Verb(NamedTuple):
    """One verb: the right it takes, and what it does; `types` are those of its parameters."""

    right: int
    types: dict[str, type]
    act: Callable[[Daemon, dict[str, Any], int], dict[str, Any]]


def _status(daemon: Daemon, given: dict[str, Any], right: int) -> dict[str, Any]:
    return {"processes": daemon.status(given.get("process"), given.get("below", False), right)}


def _why(daemon: Daemon, given: dict[str, Any], right: int) -> dict[str, Any]:
    return {"causes": daemon.why(given["process"])}


def _watch(daemon: Daemon, given: dict[str, Any], right: int) -> dict[str, Any]:
    return {"events": daemon.events(given.get("after", 0), wish_of(given), right)}


def wish_of(given: dict[str, Any]) -> dict[str, str]:
    """Return which events a call of Watch asks for."""
    return {key: given[key] for key in ("process", "statement", "child", "kind") if key in given}


def _restart(daemon: Daemon, given: dict[str, Any], right: int) -> dict[str, Any]:
    daemon.restart(given["process"], given.get("statement", 1), given.get("above", False))
    return {}


def _graph(daemon: Daemon, given: dict[str, Any], right: int) -> dict[str, Any]:
    return daemon.graph()


def _links(daemon: Daemon, given: dict[str, Any], right: int) -> dict[str, Any]:
    return {"links": daemon.links(given.get("name"))}


def _figures(daemon: Daemon, given: dict[str, Any], right: int) -> dict[str, Any]:
    return {"figures": daemon.figures()}


def _source(daemon: Daemon, given: dict[str, Any], right: int) -> dict[str, Any]:
    return {"files": daemon.sources()}


def _files(daemon: Daemon, given: dict[str, Any], right: int) -> dict[str, Any]:
    return {"files": daemon.files()}


def _show(daemon: Daemon, given: dict[str, Any], right: int) -> dict[str, Any]:
    return {"text": daemon.show(given["name"])}


def _goals(daemon: Daemon, given: dict[str, Any], right: int) -> dict[str, Any]:
    return {"goals": daemon.goals()}


def _ask(daemon: Daemon, given: dict[str, Any], right: int) -> dict[str, Any]:
    daemon.ask(given["goal"])
    return {}


def _drop(daemon: Daemon, given: dict[str, Any], right: int) -> dict[str, Any]:
    daemon.drop(given["goal"])
    return {}


VERBS: Final[dict[str, Verb]] = {
    "Status": Verb(READ, {"process": str, "below": bool}, _status),
    "Why": Verb(READ, {"process": str}, _why),
    "Watch": Verb(READ, {"after": int, "process": str, "statement": str, "child": str, "kind": str}, _watch),
    "Graph": Verb(READ, {}, _graph),
    "Links": Verb(READ, {"name": str}, _links),
    "Figures": Verb(READ, {}, _figures),
    "Restart": Verb(STEER, {"process": str, "statement": int, "above": bool}, _restart),
    "Source": Verb(STEER, {}, _source),
    "Files": Verb(READ, {}, _files),
    "Show": Verb(STEER, {"name": str}, _show),
    "Goals": Verb(READ, {}, _goals),
    "Ask": Verb(STEER, {"goal": str}, _ask),
    "Drop": Verb(STEER, {"goal": str}, _drop),
}
REQUIRED: Final = {"Why": ("process",), "Restart": ("process",), "Show": ("name",), "Ask": ("goal",), "Drop": ("goal",)}


def allowed(right: int) -> list[str]:
    """Return the verbs that somebody with a right may use."""
    return [name for name, verb in VERBS.items() if verb.right <= right]


def find_verb(call: Call, right: int, verbs: dict[str, Verb] = VERBS) -> Verb:
    """Return the verb that a call names, with parameters of the right types.

    Raises: Failure.
    """
    interface, _, name = call.method.rpartition(".")
    if interface != NAME:
        raise Failure(f"{SERVICE}.InterfaceNotFound", interface=interface)
    verb = verbs.get(name)
    if verb is None:
        raise Failure(f"{SERVICE}.MethodNotFound", method=call.method)
    if verb.right > right:
        raise Failure(f"{NAME}.PermissionDenied", verb=name, allowed=allowed(right))
    given = {key: value for key, value in call.parameters.items() if value is not None}
    for key in (*given, *REQUIRED.get(name, ())):
        wanted = verb.types.get(key)
        value = given.get(key)
        if wanted is None or not isinstance(value, wanted) or (wanted is int and not _counts(value)):
            raise Failure(f"{SERVICE}.InvalidParameter", parameter=key)
    call.parameters = given
    return verb


def _counts(value: Any) -> bool:
    """Say whether a value is a number from 0."""
    return not isinstance(value, bool) and isinstance(value, int) and value >= 0


def answer_service(call: Call, version: str) -> dict[str, Any]:
    """Answer what every varlink service is asked.

    Raises: Failure.
    """
    if call.method == f"{SERVICE}.GetInfo":
        return {
            "vendor": "Netstrata",
            "product": "Netstrata",
            "version": version,
            "url": "",
            "interfaces": [SERVICE, NAME],
        }
    if call.method == f"{SERVICE}.GetInterfaceDescription":
        if call.parameters.get("interface") == NAME:
            return {"description": DESCRIPTION}
        if call.parameters.get("interface") == SERVICE:
            return {"description": SERVICE_DESCRIPTION}
        raise Failure(f"{SERVICE}.InterfaceNotFound", interface=str(call.parameters.get("interface")))
    raise Failure(f"{SERVICE}.MethodNotFound", method=call.method)


SERVICE_DESCRIPTION: Final = """# What every varlink service can be asked.
interface org.varlink.service

method GetInfo() -> (vendor: string, product: string, version: string, url: string, interfaces: []string)
method GetInterfaceDescription(interface: string) -> (description: string)

error InterfaceNotFound (interface: string)
error MethodNotFound (method: string)
error MethodNotImplemented (method: string)
error InvalidParameter (parameter: string)
error PermissionDenied ()
error ExpectedMore ()
"""
