"""All verbs: each has a function of the service, which takes and returns what the interface says."""

import inspect
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_type_hints

import pytest
from tests.daemon.standing import program_of, resolved, service_of, upgraded

from netstrata.contract import Holder
from netstrata.control.answers import Answer, Items, Slices, Waiting, finish, whole
from netstrata.control.description import Type
from netstrata.control.verbs import OPERATE, READ, Failure, interface, perform, verbs
from netstrata.daemon.control.service import ControlService
from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.live.program import Terms
from netstrata.daemon.pyramid.replay import Replay
from netstrata.engine.environment import Retry
from netstrata.ports.gateways import Answered, Gateway, UplinkFacts
from netstrata.system.filesystem.generated import GeneratedFiles
from netstrata.system.gateways.facts import KeptRoute, UsedRoute
from netstrata.testing.play import Play
from netstrata.values import Source

PROGRAM = """process main { var("x") v; spawn("t", {}); require("vpn"); }
process vpn { on_request("vpn"); depend("LAN"); println("up"); }
process fails { sleep("soon"); }
template t { depend("LAN"); }
"""
# A question to each verb that PROGRAM can answer.
QUESTIONS: dict[str, dict[str, Any]] = {
    "Status": {"below": True},
    "Why": {"process": "main"},
    "Restart": {"process": "main", "statement": 2, "above": True},
    "Ask": {"goal": "vpn"},
    "Drop": {"goal": "vpn"},
    "Show": {"name": "main.conf"},
    "Text": {"process": "main"},
}
RECORDED = ("Status", "Why", "Watch", "Graph", "Goals")
WAY = Gateway("eth0", 4, b"\xc0\0\2\1", 10, "ethernet")


class Routed:
    """Ports that know one uplink, and the route over it."""

    def __init__(self, holder: Holder) -> None:
        self.route_facts = self
        self._uplink = UplinkFacts(WAY, 2, holder, True, True, Answered(gets_through=True, since=1.5), "")

    def uplinks(self) -> list[UplinkFacts]:
        return [self._uplink]

    def kept(self) -> list[KeptRoute]:
        return [KeptRoute("0.0.0.0/0 via 192.0.2.1 on eth0", 254, True, [self._uplink.holder])]

    def used_for(self, _: bytes) -> UsedRoute:
        return UsedRoute("0.0.0.0/0 via 192.0.2.1 dev eth0", 254, "netstrata", [self._uplink.holder], self._uplink)


PYTHON = {"bool": bool, "int": int, "string": str, "float": float}


def held_by(play: Play) -> Holder:
    """Return who holds something in the name of a play's first statement."""
    statement: Any = next(iter(play.engine.roots.values())).statements[0]
    return play.engine.holders.add(statement)


def functions_of(service: type[object]) -> set[str]:
    """Return the names of the functions that a service has for others."""
    return {name for name, _ in inspect.getmembers(service, inspect.isfunction) if not name.startswith("_")}


def plain(wanted: Type) -> object:
    """Return what Python calls a type of a parameter's."""
    if wanted.present.kind == "[]":
        assert wanted.present.inner is not None
        return list[plain(wanted.present.inner)]  # type: ignore[misc]
    return PYTHON[wanted.present.kind]


def test_each_verb_has_a_function_and_each_function_a_verb() -> None:
    assert functions_of(ControlService) == {verb.function for verb in verbs().values()}


def test_a_recording_knows_the_verbs_that_events_can_answer() -> None:
    known = {name for name, verb in verbs().items() if verb.function in functions_of(Replay)}

    assert known == set(RECORDED)


SERVED = [(ControlService, name) for name in verbs()] + [(Replay, name) for name in RECORDED]


@pytest.mark.parametrize(("service", "name"), SERVED)
def test_a_function_takes_and_returns_what_its_verb_does(service: type[object], name: str) -> None:
    verb = verbs()[name]
    function = getattr(service, verb.function)
    hints = get_type_hints(function)
    _, right, *taken = inspect.signature(function).parameters.values()
    if not verb.safe:
        assert taken.pop(0).name == "peer"
    if taken and taken[-1].kind is inspect.Parameter.VAR_KEYWORD:
        terms = inspect.signature(Terms).parameters
        taken[-1:] = [terms[key] for key in verb.parameters if key in terms]
        hints |= get_type_hints(Terms)

    assert right.name == "right"
    assert {one.name: one.default is not inspect.Parameter.empty for one in taken} == {
        key: wanted.optional for key, wanted in verb.parameters.items()
    }
    for key, wanted in verb.parameters.items():
        hint = hints[key]
        named = set(get_args(hint)) - {type(None)} if isinstance(hint, UnionType) else {hint}
        assert named == {plain(wanted)}
    assert hints["return"] in ([Items] if verb.listed else [Answer, Slices[Answer], Waiting[Answer]])


# Their answers wait for something: tests/daemon/test_reload.py, test_live_change.py.
WAITING = {
    "Reload",
    "Load",
    "Replace",
    "Unload",
    "Stop",
    "Start",
    "Spawn",
    "Plan",
    "Confirm",
    "Revert",
    "Program",
    "Confirmation",
}


@pytest.mark.parametrize("right", [READ, OPERATE])
@pytest.mark.parametrize("name", [name for name in verbs() if name not in WAITING])
def test_an_answer_is_of_the_types_that_are_described(name: str, right: int, tmp_path: Path) -> None:
    verb = verbs()[name]
    if verb.right > right:
        return
    stream = EventLog(Retry(1))
    play = Play(PROGRAM, observer=stream)
    generated = GeneratedFiles(str(tmp_path))
    program = program_of(play, stream)
    program.sources = [Source("main.ncd", PROGRAM.encode())]
    play.engine.outside.ports = Routed(held_by(play))
    service = ControlService(play.engine, stream, program, generated, upgraded, resolved)

    with generated.held_file("main.conf") as file:
        file.write("x = 1\n")
        answer = whole(finish(perform(service, verb, QUESTIONS.get(name, {}), right)))

    assert interface().misfit(answer, verb.answer) is None
    assert all(value for value in answer.values() if value is not False)  # not of nothing


@pytest.mark.parametrize("right", [READ, OPERATE])
def test_the_route_to_an_address_is_told_with_its_uplink_and_holder(tmp_path: Path, right: int) -> None:
    stream = EventLog(Retry(1))
    play = Play(PROGRAM, observer=stream)
    service = service_of(play, stream, tmp_path)
    play.engine.outside.ports = Routed(held_by(play))

    answer = whole(finish(perform(service, verbs()["Routes"], {"address": "198.51.100.7"}, right)))
    with pytest.raises(Failure, match="InvalidParameter"):
        finish(perform(service, verbs()["Routes"], {"address": "nowhere"}, right))
    causes = whole(finish(perform(service, verbs()["Why"], {"process": "main"}, right)))["causes"]

    assert interface().misfit(answer, verbs()["Routes"].answer) is None
    assert answer["used"]["uplink"] == "eth0"
    assert answer["used"]["holders"] == [{"process": "main", "statement": 1, "name": "var"}]
    assert answer["why"] == ["eth0 is preferred: it is the only uplink for IPv4"]
    assert causes[-1]["text"] == "as an uplink: eth0 is preferred: it is the only uplink for IPv4"


def test_an_error_is_of_the_types_that_are_described(tmp_path: Path) -> None:
    stream = EventLog(Retry(1))
    service = service_of(Play(PROGRAM, observer=stream), stream, tmp_path)
    nobody: dict[str, dict[str, Any]] = {
        "Status": {"process": "x"}, "Why": {"process": "x"}, "Restart": {"process": "main", "statement": 9},
        "Retry": {"process": "x"},
        "Links": {"name": "x"}, "Show": {"name": "x"}, "Ask": {"goal": "x"}, "Drop": {"goal": "x"},
    }  # fmt: skip
    for name, given in nobody.items():
        with pytest.raises(Failure) as caught:
            whole(finish(perform(service, verbs()[name], given, OPERATE)))
        error = caught.value.name.rpartition(".")[2]
        assert interface().misfit(caught.value.parameters, interface().errors[error]) is None


def test_the_waits_of_what_somebody_has_tried_again_are_short_again(tmp_path: Path) -> None:
    stream = EventLog(Retry(1))
    play = Play(PROGRAM, observer=stream)
    service = service_of(play, stream, tmp_path)
    [process] = play.engine.retrying
    process.troubles().retries = 7

    answer = whole(finish(perform(service, verbs()["Retry"], {}, OPERATE)))
    play.engine.work_off(1000)

    assert answer == {"processes": ["fails"]}
    assert (process.retries, [*play.engine.retrying]) == (1, [process])  # it has failed once more
