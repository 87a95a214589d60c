"""Who may use which verb, and what verbs take."""

from typing import Any

import pytest

from netstrata.control.interface import DESCRIPTION, NAME
from netstrata.control.varlink import Call
from netstrata.control.verbs import OPERATE, READ, VERBS, Failure, answer_service, find_verb


def call(method: str, **parameters: Any) -> Call:
    """Return a call of our interface."""
    return Call(f"{NAME}.{method}", parameters, False, False)


def refusal(asked: Call, right: int = OPERATE) -> Failure:
    """Return the failure of a call that must fail."""
    with pytest.raises(Failure) as caught:
        find_verb(asked, right)
    return caught.value


def test_reading_is_for_everybody_and_steering_is_not() -> None:
    assert find_verb(call("Status"), READ) is VERBS["Status"]

    failure = refusal(call("Restart", process="p"), READ)

    assert failure.name == f"{NAME}.PermissionDenied"
    assert failure.parameters == {"verb": "Restart", "allowed": [n for n, verb in VERBS.items() if verb.right == READ]}
    assert {"Status", "Why", "Watch", "Graph"} <= set(failure.parameters["allowed"])


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


def test_the_description_names_every_verb() -> None:
    for name in VERBS:
        assert f"method {name}(" in DESCRIPTION


def test_the_service_describes_itself() -> None:
    info = answer_service(Call("org.varlink.service.GetInfo", {}, False, False), "1")
    assert NAME in info["interfaces"]

    asked = Call("org.varlink.service.GetInterfaceDescription", {"interface": NAME}, False, False)
    assert answer_service(asked, "1") == {"description": DESCRIPTION}
