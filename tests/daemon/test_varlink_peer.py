"""The control socket, asked by a varlink client that is not ours: what we say of ourselves is what we answer."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import varlink
from tests.daemon.daemons import Started

from netstrata.control.verbs import verbs

PROGRAM = """
process user { depend("LAN") lan; println("up"); }
process lan { var("eth0") link; run({"/bin/sh", "-c", "echo hello"}, {}); blocker() gate; gate->use(); }
"""


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Any]:
    """Return their view of our interface, connected."""
    with (
        Started(tmp_path, PROGRAM) as daemon,
        varlink.Client(address=f"unix:{daemon.path}") as client,
        client.open("org.netstrata.Control", namespaced=False) as interface,
    ):
        next(daemon.connect().stream("Watch", after=0, kind="waits", process="lan"))
        yield interface


def test_the_service_says_who_it_is_and_what_it_offers(tmp_path: Path) -> None:
    with Started(tmp_path, PROGRAM) as daemon, varlink.Client(address=f"unix:{daemon.path}") as client:
        client.get_interfaces()
        info = client.info

        assert (info["vendor"], info["interfaces"]) == ("Netstrata", ["org.varlink.service", "org.netstrata.Control"])
        client.get_interface("org.varlink.service")


def test_each_verb_is_described_and_nothing_else_is(tmp_path: Path) -> None:
    with Started(tmp_path, PROGRAM) as daemon, varlink.Client(address=f"unix:{daemon.path}") as client:
        described = client.get_interface("org.netstrata.Control")

        methods = {name for name, member in described.members.items() if type(member).__name__ == "_Method"}
        assert methods == set(verbs())


def test_answers_are_of_the_types_that_are_described(peer: Any) -> None:
    processes = peer.Status(below=True)["processes"]
    causes = peer.Why(process="user")["causes"]

    assert [process["process"] for process in processes] == ["user", "lan"]
    assert causes[0]["text"].startswith('nothing provides "LAN"')
    assert peer.Graph()["nodes"][0]["process"] == "user"
    assert peer.Figures()["figures"]["processes"]["waiting"] == 2


def test_a_stream_goes_on_and_each_event_is_as_described(peer: Any) -> None:
    seen: list[dict[str, Any]] = []
    for answer in peer.Watch(after=0, _more=True):
        seen += answer["events"]
        if any(event["kind"] == "waits" and event["process"] == "lan" for event in seen):
            break

    assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))
    assert {"transition", "process", "child", "waits", "program"} <= {event["kind"] for event in seen}


def test_an_error_is_one_that_is_described(peer: Any) -> None:
    with pytest.raises(varlink.VarlinkError) as caught:
        peer.Why(process="usr")

    assert caught.value.error() == "org.netstrata.Control.NoSuchProcess"
    assert caught.value.parameters() == {"process": "usr", "similar": ["user"]}


def test_nothing_is_answered_that_is_not_described(tmp_path: Path) -> None:
    with Started(tmp_path, PROGRAM, "--record", str(tmp_path / "record")) as daemon:
        next(daemon.connect().stream("Watch", after=0, kind="waits", process="lan"))
        events = daemon.connect().call("Watch", after=0)["events"]
        processes = daemon.connect().call("Status", below=True)["processes"]
        with varlink.Client(address=f"unix:{daemon.path}") as client, client.open("org.netstrata.Control") as theirs:
            described = theirs.Watch(after=0)["events"]
            floors = [floor for process in theirs.Status(below=True)["processes"] for floor in process["floors"]]

    # Their client leaves out what the description does not have.
    assert [_plain(event) for event in described[: len(events)]] == events
    assert [set(_plain(floor)) for floor in floors] == [set(floor) for p in processes for floor in p["floors"]]


def _plain(value: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in value.items() if part is not None}


def test_a_parameter_of_another_type_is_refused(peer: Any) -> None:
    with pytest.raises(varlink.VarlinkError) as caught:
        peer.Watch(after=-1)

    assert caught.value.error() == "org.varlink.service.InvalidParameter"
