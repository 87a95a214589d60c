"""The verbs, as the interface describes them: who may use which, what they take, and how a service is asked."""

import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from netstrata.control.answers import Answer, Waiting
from netstrata.control.interface import DESCRIPTION, NAME, PUBLIC, SAFE, SERVICE, SERVICE_DESCRIPTION
from netstrata.control.varlink import Call

if TYPE_CHECKING:
    from netstrata.control.description import Fields, Interface

READ: Final = 1
OPERATE: Final = 2


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


class Verb(NamedTuple):
    """One verb: the right it takes, whether it changes nothing, its parameters, and what its answer has.

    Shapes: function is the name of that function of a service which does it; listed is the name of the list that is all
    of the answer, "" if that is anything else.
    """

    name: str
    right: int
    safe: bool
    parameters: "Fields"
    answer: "Fields"
    function: str
    listed: str


@cache
def interface() -> "Interface":
    """Return our interface; it is read when it is first asked for."""
    from netstrata.control.description import read_interface

    return read_interface(DESCRIPTION)


@cache
def verbs() -> dict[str, Verb]:
    """Return all verbs by name."""
    found: dict[str, Verb] = {}
    for name, (parameters, answer) in interface().methods.items():
        right = READ if name in PUBLIC else OPERATE
        function = re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
        lists = [part for part, wanted in answer.items() if wanted.kind == "[]"]
        listed = lists[0] if len(lists) == len(answer) == 1 else ""
        found[name] = Verb(name, right, name in SAFE, parameters, answer, function, listed)
    return found


def allowed(right: int) -> list[str]:
    """Return the verbs that somebody with a right may use."""
    return [name for name, verb in verbs().items() if verb.right <= right]


def find_verb(call: Call, right: int) -> Verb:
    """Return the verb that a call names; its parameters are of the right types then, and those that are null are gone.

    Raises: Failure.
    """
    of, _, name = call.method.rpartition(".")
    if of != NAME:
        raise Failure(f"{SERVICE}.InterfaceNotFound", interface=of)
    verb = verbs().get(name)
    if verb is None:
        raise Failure(f"{SERVICE}.MethodNotFound", method=call.method)
    if verb.right > right:
        raise Failure(f"{NAME}.PermissionDenied", verb=name, allowed=allowed(right))
    given = {key: value for key, value in call.parameters.items() if value is not None}
    wrong = interface().misfit(given, verb.parameters)
    for key, value in given.items():
        if wrong is None and isinstance(value, int) and value < 0:
            wrong = key  # a number counts something
    if wrong is not None:
        raise Failure(f"{SERVICE}.InvalidParameter", parameter=wrong)
    call.parameters = given
    return verb


def perform(service: object, verb: Verb, given: dict[str, Any], right: int) -> Waiting[Answer]:
    """Have a service do what a verb asks, for somebody with a right, and return the answer.

    The function of the verb's name is called with the right and the parameters that are given.  If all of the answer is
    one list, it yields the elements (`Items`); else it returns the answer, or makes it in slices.
    Raises: Failure, also if the service has no such function: it shows a recording.
    """
    function = getattr(service, verb.function, None)
    yield None
    if function is None:
        raise Failure(f"{NAME}.NotRecorded", verb=verb.name)
    made = function(right, **given)
    if verb.listed:
        return {verb.listed: made}
    if isinstance(made, dict):
        return made
    answer: Answer = yield from made
    return answer


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
