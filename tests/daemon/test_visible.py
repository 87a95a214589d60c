"""What who may only read sees of a program that is full of secrets nobody has declared."""

import json
import os
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.daemon.daemons import Started
from tests.daemon.test_control import somebody

from netstrata.cli.client import Connection
from netstrata.control.errors import Refusal
from netstrata.control.interface import KINDS
from netstrata.daemon.events.event import NOWHERE, Event, Place
from netstrata.daemon.pyramid.visible import event_for, public_path
from netstrata.testing.child import wait_until

PROGRAM = """
process vault {
    var("hunter2-var") value;
    daemon({"/bin/sh", "-c", "echo hunter2-said; exec sleep 1000"}) child;
    process_manager() manager;
    manager->start("hunter2-name", "worker", {"hunter2-argument"});
    provide("hunter2-provided");
    depend("hunter2-wanted");
}
template worker { var(_arg0) given; on_request("hunter2-goal"); }
process wrong { var("hunter2-time") time; sleep(time); }
process net { net.backend.waitdevice("lo") link; net.up("hunter2-lnk"); }
process bad { net.ipv4.addr("lo", "hunter2-addr"); }
process made { concat("hunter2-", "made") name; on_request(name); }
"""
READING: tuple[tuple[str, dict[str, object]], ...] = (
    ("Status", {"below": True}), ("Why", {"process": "vault"}), ("Watch", {"after": 0}), ("Graph", {}), ("Figures", {}),
    ("Links", {}), ("Why", {"process": "wrong"}), ("Why", {"process": "bad"}),
)  # fmt: skip
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


def _settled(connection: Connection) -> bool:
    events = connection.call("Watch", after=0)["events"]
    said = any(event["kind"] == "child" for event in events)
    return said and {"wrong", "bad"} <= {event["process"] for event in events if event["kind"] == "error"}


@as_root
def test_nothing_that_the_program_holds_reaches_who_may_only_read() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        with Started(Path(folder), PROGRAM) as daemon:
            root = daemon.connect()
            wait_until("everything has happened", lambda: _settled(root))
            with somebody():
                stranger = daemon.connect()
            seen = [(name, stranger.call(name, **given)) for name, given in READING]
            known = root.call("Watch", after=0)["events"]

            told = json.dumps(seen)
            assert "hunter2" in json.dumps(known)
            # The link's name is about the network: who looks at its links sees it as well.
            assert "hunter2" not in told.replace("hunter2-lnk", "")
            assert folder not in told
            assert not {"child", "control"} & {event["kind"] for event in dict(seen)["Watch"]["events"]}


@as_root
def test_states_can_still_be_told_apart_and_a_name_cannot_be_tried_out() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        with Started(Path(folder), PROGRAM) as daemon:
            root = daemon.connect()
            wait_until("everything has happened", lambda: _settled(root))
            with somebody():
                stranger = daemon.connect()
            names = [one["process"] for one in stranger.call("Status", below=True)["processes"]]
            [worker] = [name for name in names if "worker" in name]

            [found] = stranger.call("Status", process=worker)["processes"]
            refused = []
            for name in ("vault.3/worker[hunter2-name]", "vault.3/worker[no-such-name]"):
                for verb in ("Status", "Why"):
                    with pytest.raises(Refusal) as caught:
                        stranger.call(verb, process=name)
                    refused.append((caught.value.name, caught.value.parameters["similar"]))
            for name in ("hunter2-goal", "hunter2-provided", "hunter2-wanted", "worker"):
                with pytest.raises(Refusal) as caught:
                    stranger.call("Why", process=name)
                refused.append((caught.value.name, caught.value.parameters["similar"]))
            for verb in ("Goals", "Files", "Source"):
                with pytest.raises(Refusal) as caught:
                    stranger.call(verb)
                assert caught.value.name == "PermissionDenied"
            watched = stranger.call("Watch", after=0, process="vault.3/worker[hunter2-name]")["events"]

            assert re.fullmatch(r"vault\.3/worker\[#[0-9a-f]{12}\]", worker)
            assert found["process"] == worker
            assert [floor["state"] for floor in found["floors"]] == ["up", "down"]
            assert {name for name, _ in refused} == {"NoSuchProcess"}
            assert "hunter2" not in json.dumps(refused)
            assert watched == []
            assert len(root.call("Status", process="vault.3/worker[hunter2-name]")["processes"]) == 1


@given(st.text(alphabet="ab.0[]/#", max_size=12), st.text(alphabet="ab.0[]/#", max_size=12))
def test_paths_without_values_stay_others_are_told_apart(one: str, other: str) -> None:
    assert public_path("wan.3/up[12].4[0]") == "wan.3/up[12].4[0]"
    assert "secret" not in public_path(f"wan.3/{one}[secret{other}]")
    if one != other:
        assert public_path(f"m[{one}x]") != public_path(f"m[{other}x]")


@pytest.mark.parametrize("kind", KINDS)
def test_of_a_statement_that_is_not_about_the_network_only_states_are_told(kind: str) -> None:
    fields = {"text": "hunter2", "account": "hunter2", "values": {"value": "hunter2"}, "from": "down", "to": "up"}
    private = Event(1, kind, "p[hunter2]", Place(1, "var", "/etc/hunter2.ncd", 3, 5), 0, dict(fields))
    public = Event(1, kind, "p", Place(1, "net.up", "/etc/hunter2.ncd", 3, 5), 1, dict(fields, text="no carrier"))

    told = event_for(private, 1), event_for(public, 1)

    if kind in ("child", "control"):
        assert told == (None, None)
    elif kind != "program":
        assert "hunter2" not in json.dumps(told[0])
        assert told[0] is not None
        assert told[0]["to"] == "up"
        # What is wrong with the program quotes it; what the system would not is about the network.
        assert ("no carrier" in json.dumps(told[1])) == (kind != "error")
        assert "hunter2.ncd" not in json.dumps(told[1])
    assert event_for(private, 2) is not None


def test_why_the_system_would_not_do_it_is_told_of_a_statement_about_the_network() -> None:
    fields = {"text": "cannot add 192.0.2.1/24: no such device", "account": "quotes", "retry_ms": 1, "refused": False}
    event = Event(1, "error", "p", NOWHERE._replace(name="net.ipv4.addr", statement=1), 3, fields)

    told = event_for(event, 1)

    assert told is not None
    assert told["text"] == fields["text"]
    assert "account" not in told
