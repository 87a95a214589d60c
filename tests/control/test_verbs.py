"""Who may use which verb, and what verbs take."""

from typing import Any

import pytest

from netstrata.control.answers import Answer, Items, Slices, finish, whole
from netstrata.control.interface import CHANGING, DESCRIPTION, NAME, PUBLIC, SAFE
from netstrata.control.varlink import Call
from netstrata.control.verbs import (
    CHANGE,
    OPERATE,
    READ,
    Failure,
    Peer,
    allowed,
    answer_service,
    find_verb,
    perform,
    verbs,
)


def call(method: str, **parameters: Any) -> Call:
    """Return a call of our interface."""
    return Call(f"{NAME}.{method}", parameters, False, False)


def refusal(asked: Call, right: int = OPERATE) -> Failure:
    """Return the failure of a call that must fail."""
    with pytest.raises(Failure) as caught:
        find_verb(asked, right)
    return caught.value


def test_reading_is_for_everybody_and_steering_is_not() -> None:
    assert find_verb(call("Status"), READ) is verbs()["Status"]

    failure = refusal(call("Restart", process="p"), READ)

    assert failure.name == f"{NAME}.PermissionDenied"
    assert failure.parameters == {"verb": "Restart", "allowed": allowed(READ)}
    assert set(allowed(READ)) == {"Status", "Why", "Watch", "Graph", "Links", "Routes", "Dns", "Figures", "Allowed"}


@pytest.mark.parametrize(
    ("asked", "parameter"),
    [
        (call("Why"), "process"),
        (call("Why", process=1), "process"),
        (call("Why", process="p", more="x"), "more"),
        (call("Restart", process="p", statement="1"), "statement"),
        (call("Restart", process="p", statement=True), "statement"),
        (call("Watch", after=-5), "after"),
        (call("Status", below="yes"), "below"),
        (call("Status", below=1), "below"),
        (call("Watch", after=2**63), "after"),
        (call("Watch", after=1.0), "after"),
        (call("Show", name=None), "name"),
        (call("Show", name=["x"]), "name"),
        (call("Show", name="\ud800"), "name"),
    ],
)
def test_wrong_parameters_are_named(asked: Call, parameter: str) -> None:
    failure = refusal(asked)

    assert failure.name == "org.varlink.service.InvalidParameter"
    assert failure.parameters == {"parameter": parameter}


def test_a_parameter_that_is_null_is_as_if_it_were_not_there() -> None:
    asked = call("Status", process=None)

    find_verb(asked, READ)

    assert asked.parameters == {}


def test_unknown_verbs_and_interfaces_are_told_apart() -> None:
    assert refusal(call("Dance")).name == "org.varlink.service.MethodNotFound"
    assert refusal(Call("org.example.Other.Status", {}, False, False)).name == "org.varlink.service.InterfaceNotFound"


def test_a_verb_that_nothing_else_is_said_of_acts_and_is_for_those_who_steer() -> None:
    assert PUBLIC <= SAFE <= set(verbs())  # no name is left over there that would be a verb's one day
    acting = {name for name, verb in verbs().items() if not verb.safe}
    assert acting == {"Restart", "Retry", "Upgrade", "Ask", "Drop"} | CHANGING - {"Plan"}
    assert all(verb.right == OPERATE for name, verb in verbs().items() if name not in PUBLIC | CHANGING)
    assert all(verbs()[name].right == CHANGE for name in CHANGING)


class Lamp:
    """A service of a few verbs, each made in another way."""

    def links(self, right: int, name: str = "all") -> Items:
        """Yield elements."""
        yield from (f"{name} {right}", None, "end")

    def source(self, right: int) -> Answer:
        """Return an answer at once."""
        return {"files": {}}

    def restart(self, right: int, peer: Peer, process: str) -> Slices[Answer]:
        """Make an answer in slices."""
        yield
        return {"restarted": process}


@pytest.mark.parametrize(
    ("name", "given", "answer"),
    [
        ("Links", {}, {"links": ["all 1", "end"]}),
        ("Links", {"name": "eth0"}, {"links": ["eth0 1", "end"]}),
        ("Source", {}, {"files": {}}),
        ("Restart", {"process": "p"}, {"restarted": "p"}),
    ],
)
def test_a_service_is_asked_by_the_function_of_the_verbs_name(name: str, given: dict[str, Any], answer: Answer) -> None:
    assert whole(finish(perform(Lamp(), verbs()[name], given, READ))) == answer


def test_what_a_service_has_no_function_for_is_not_recorded() -> None:
    with pytest.raises(Failure) as caught:
        finish(perform(Lamp(), verbs()["Drop"], {"goal": "g"}, OPERATE))

    assert (caught.value.name, caught.value.parameters) == (f"{NAME}.NotRecorded", {"verb": "Drop"})


def test_the_service_describes_itself() -> None:
    info = answer_service(Call("org.varlink.service.GetInfo", {}, False, False), "1")
    assert NAME in info["interfaces"]

    asked = Call("org.varlink.service.GetInterfaceDescription", {"interface": NAME}, False, False)
    assert answer_service(asked, "1") == {"description": DESCRIPTION}
