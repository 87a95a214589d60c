"""The verbs: who may use them, and what they take."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple, Protocol

from netstrata.control.answers import Items, Slices
from netstrata.control.interface import DESCRIPTION, NAME, SERVICE
from netstrata.control.varlink import Call, is_text

READ: Final = 1
OPERATE: Final = 2
LARGEST: Final = 2**63 - 1  # what varlink's int can be


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
    """What the verbs ask of the daemon; `right` is that of who asks, who may be told less."""

    def status(self, process: str | None, below: bool, right: int) -> Items:
        """Yield processes with their floors."""

    def why(self, name: str, right: int) -> Items:
        """Yield the chain of causes, of what is called so: a process, a template, a goal, a name, a link."""

    def events(self, after: int, wanted: dict[str, str], right: int) -> Items:
        """Yield events in memory that are younger than a number.

        Shapes: wanted may have process, statement, child, kind.
        """

    def restart(self, path: str, statement: int, above: bool) -> Slices[None]:
        """Undo a process from a statement on, and bring it up again."""

    def graph(self, right: int) -> Slices[dict[str, Any]]:
        """Return all processes as nodes, and what one has from another as edges."""

    def links(self, name: str | None, right: int) -> Items:
        """Yield the system's links, or one of them."""

    def figures(self) -> Slices[dict[str, Any]]:
        """Return what has been counted."""

    def sources(self) -> dict[str, str]:
        """Return the program's texts by file name."""

    def files(self) -> Items:
        """Yield the files that are generated for programs now."""

    def show(self, name: str) -> Slices[str]:
        """Return what one of them holds, without secrets."""

    def goals(self) -> Items:
        """Yield all goals."""

    def ask(self, goal: str) -> Slices[None]:
        """Ask for a goal."""

    def drop(self, goal: str) -> Slices[None]:
        """Ask for a goal no more."""


class Verb(NamedTuple):
    """One verb: the right it takes, and what it does; `types` are those of its parameters."""

    right: int
    types: dict[str, type]
    act: Callable[[Daemon, dict[str, Any], int], Slices[dict[str, Any]]]


def _status(daemon: Daemon, given: dict[str, Any], right: int) -> Slices[dict[str, Any]]:
    return _at_once({"processes": daemon.status(given.get("process"), given.get("below", False), right)})


def _why(daemon: Daemon, given: dict[str, Any], right: int) -> Slices[dict[str, Any]]:
    return _at_once({"causes": daemon.why(given["process"], right)})


def _watch(daemon: Daemon, given: dict[str, Any], right: int) -> Slices[dict[str, Any]]:
    return _at_once({"events": daemon.events(given.get("after", 0), wish_of(given), right)})


def wish_of(given: dict[str, Any]) -> dict[str, str]:
    """Return which events a call of Watch asks for."""
    return {key: given[key] for key in ("process", "statement", "child", "kind") if key in given}


def _restart(daemon: Daemon, given: dict[str, Any], right: int) -> Slices[dict[str, Any]]:
    yield from daemon.restart(given["process"], given.get("statement", 1), given.get("above", False))
    return {}


def _graph(daemon: Daemon, given: dict[str, Any], right: int) -> Slices[dict[str, Any]]:
    return daemon.graph(right)


def _links(daemon: Daemon, given: dict[str, Any], right: int) -> Slices[dict[str, Any]]:
    return _at_once({"links": daemon.links(given.get("name"), right)})


def _figures(daemon: Daemon, given: dict[str, Any], right: int) -> Slices[dict[str, Any]]:
    return {"figures": (yield from daemon.figures())}


def _source(daemon: Daemon, given: dict[str, Any], right: int) -> Slices[dict[str, Any]]:
    return _at_once({"files": daemon.sources()})


def _files(daemon: Daemon, given: dict[str, Any], right: int) -> Slices[dict[str, Any]]:
    return _at_once({"files": daemon.files()})


def _show(daemon: Daemon, given: dict[str, Any], right: int) -> Slices[dict[str, Any]]:
    return {"text": (yield from daemon.show(given["name"]))}


def _goals(daemon: Daemon, given: dict[str, Any], right: int) -> Slices[dict[str, Any]]:
    return _at_once({"goals": daemon.goals()})


def _ask(daemon: Daemon, given: dict[str, Any], right: int) -> Slices[dict[str, Any]]:
    yield from daemon.ask(given["goal"])
    return {}


def _drop(daemon: Daemon, given: dict[str, Any], right: int) -> Slices[dict[str, Any]]:
    yield from daemon.drop(given["goal"])
    return {}


def _at_once(answer: dict[str, Any]) -> Slices[dict[str, Any]]:
    """Return an answer that takes no work, but for what is Items in it."""
    yield
    return answer


VERBS: Final[dict[str, Verb]] = {
    "Status": Verb(READ, {"process": str, "below": bool}, _status),
    "Why": Verb(READ, {"process": str}, _why),
    "Watch": Verb(READ, {"after": int, "process": str, "statement": str, "child": str, "kind": str}, _watch),
    "Graph": Verb(READ, {}, _graph),
    "Links": Verb(READ, {"name": str}, _links),
    "Figures": Verb(READ, {}, _figures),
    "Restart": Verb(OPERATE, {"process": str, "statement": int, "above": bool}, _restart),
    "Source": Verb(OPERATE, {}, _source),
    "Files": Verb(OPERATE, {}, _files),
    "Show": Verb(OPERATE, {"name": str}, _show),
    "Goals": Verb(OPERATE, {}, _goals),
    "Ask": Verb(OPERATE, {"goal": str}, _ask),
    "Drop": Verb(OPERATE, {"goal": str}, _drop),
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
        if not _fits(given.get(key), verb.types.get(key)):
            raise Failure(f"{SERVICE}.InvalidParameter", parameter=key)
    call.parameters = given
    return verb


def _fits(value: Any, wanted: type | None) -> bool:
    """Say whether a value is of the type that a parameter takes: a number counts from 0, and a string is text."""
    if isinstance(value, bool):
        return wanted is bool
    if isinstance(value, int):
        return wanted is int and 0 <= value <= LARGEST
    return isinstance(value, str) and wanted is str and is_text(value)


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
