"""Clients of the control socket that want too much: refused, told of, and nobody else notices."""

import asyncio
import json
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from tests.daemon.standing import program_of, resolved, service_of, upgraded
from tests.daemon.test_control import Daemon, daemon, somebody

from netstrata.cli.client import Connection
from netstrata.control.answers import Answer, Slices
from netstrata.control.errors import Refusal
from netstrata.control.interface import NAME
from netstrata.control.varlink import encode_call
from netstrata.control.verbs import OPERATE, READ, Peer, verbs
from netstrata.daemon.control import ControlSocket
from netstrata.daemon.control.limits import MOST_EACH, MOST_OPERATING, MOST_READING, REPORTED, Limits
from netstrata.daemon.control.service import ControlService
from netstrata.daemon.events.event import KEPT
from netstrata.daemon.events.event_log import EventLog
from netstrata.engine.environment import Retry
from netstrata.system.filesystem.generated import GeneratedFiles
from netstrata.testing.child import wait_until
from netstrata.testing.play import Play

__all__ = ["daemon"]
REFUSALS = ("InvalidParameter", "PermissionDenied", "InterfaceNotFound", "MethodNotFound")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@contextmanager
def readable() -> Iterator[Daemon]:
    """Return a daemon that everybody can reach."""
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(Path(folder))
        try:
            yield daemon
        finally:
            daemon.end()


def refused(daemon: Daemon) -> list[dict[str, object]]:
    """Return what was told of refused requests."""
    events = daemon.connect().call("Watch", kind="control")["events"]
    return [event for event in events if "uid" in event]


def raw(path: str, data: bytes, wait: bool = True) -> bytes:
    """Send bytes, and return all that comes back until the daemon lets go."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(60)
        client.connect(path)
        got = b""
        with suppress(BrokenPipeError, ConnectionResetError):
            client.sendall(data)
            while wait and (piece := client.recv(1 << 16)):
                got += piece
        return got


@as_root
def test_who_may_not_steer_is_told_what_he_may_and_everybody_who_he_was() -> None:
    with readable() as daemon:
        with somebody():
            connection = daemon.connect()
            with pytest.raises(Refusal) as caught:
                connection.call("Show", name="../../etc/shadow")

        (told,) = refused(daemon)

    assert caught.value.name == "PermissionDenied"
    assert {"Status", "Why", "Watch", "Graph", "Figures", "Links"} <= set(caught.value.parameters["allowed"])
    assert (told["uid"], told["pid"]) == (65534, os.getpid())
    start = f"refused uid 65534, pid {os.getpid()}: PermissionDenied, Show"
    assert str(told["text"]) == start + "{'name': '../../etc/shadow'}"


@pytest.mark.parametrize("name", ["../../etc/shadow", "/etc/shadow", "..", "", "a\0b", "./x", "x" * 60_000])
def test_a_path_is_no_file_s_name(daemon: Daemon, name: str) -> None:
    with pytest.raises(Refusal) as caught:
        daemon.connect().call("Show", name=name)

    assert caught.value.name == "NoSuchFile"
    assert "NoSuchFile, Show" in str(refused(daemon)[-1]["text"])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"{bad}\0", "a message is no JSON"),
        (b"[" * 60_000 + b"\0", "a message is no JSON"),
        (b"x" * (2 << 20), "a message is longer than 1048576 bytes"),
        (b"{}\0", "a call has no method"),
    ],
    ids=["bad", "deep", "huge", "empty"],
)
def test_what_is_no_call_ends_the_connection_and_is_told(daemon: Daemon, data: bytes, why: str) -> None:
    answer = raw(daemon.path, data)

    assert why in json.loads(answer.split(b"\0")[0])["parameters"]["parameter"] if answer else True
    assert why in str(refused(daemon)[-1]["text"])
    assert len(daemon.connect().call("Status")["processes"]) == 4


@as_root
def test_who_may_only_read_may_send_less(daemon: Daemon) -> None:
    with readable() as other, somebody():
        raw(other.path, b"x" * 70_000)
        os.seteuid(0)

        assert "a message is longer than 65536 bytes" in str(refused(other)[-1]["text"])


def test_a_wrong_request_that_only_reads_is_nobody_s_business(daemon: Daemon) -> None:
    with pytest.raises(Refusal):
        daemon.connect().call("Why", process="nobody")

    assert refused(daemon) == []


def test_what_a_client_sends_cannot_break_a_line_of_the_log(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    with pytest.raises(Refusal):
        daemon.connect().call("Restart", process="a\nerror: all is lost\x1b[2J")

    out = daemon.end().decode()

    assert "refused uid" in out
    assert "\nerror: all is lost" not in out
    assert "\x1b" not in out


@as_root
def test_thousands_of_connections_are_refused_and_all_others_are_served() -> None:
    with readable() as daemon:
        held = []
        with somebody():
            for _ in range(2000):
                client = socket.socket(socket.AF_UNIX)
                client.connect(daemon.path)
                client.settimeout(60)
                held.append(client)
                if len(held) > 2 * MOST_EACH:
                    held.pop(MOST_EACH).close()
            last = held[-1].recv(1000)
        served = daemon.connect().call("Status")["processes"]
        descriptors = len(os.listdir(f"/proc/{daemon.child.pid}/fd"))
        told = refused(daemon)
        for client in held:
            client.close()
        wait_until("they are let go", lambda: len(os.listdir(f"/proc/{daemon.child.pid}/fd")) < MOST_EACH)
        with somebody():
            again = daemon.connect().call("Status")["processes"]

    assert json.loads(last.rstrip(b"\0"))["error"] == "org.netstrata.Control.TooManyConnections"
    assert len(served) == len(again) == 4
    assert descriptors < 3 * MOST_EACH
    assert 1 <= len(told) <= REPORTED + 1
    assert f"more than {MOST_EACH} connections" in str(told[0]["text"])


def test_a_message_that_never_ends_is_given_a_time_and_one_that_has_ended_is_not(tmp_path: Path) -> None:
    async def story() -> tuple[bytes, list[str], bytes]:
        told: list[str] = []
        stream = EventLog(Retry(1))
        play = Play('process main { depend("x"); }', observer=stream)
        service = service_of(play, stream, tmp_path)
        path = str(tmp_path / "control")
        control = ControlSocket(path, service, report=lambda text, uid, pid: told.append(text), slow_s=1)
        await control.open()
        patient = await asyncio.open_unix_connection(path)
        slow = await asyncio.open_unix_connection(path)
        patient[1].write(encode_call("org.netstrata.Control.Status", {}))
        first = await patient[0].readuntil(b"\0")
        for _ in range(3):  # a byte now and then
            slow[1].write(b" ")
            await asyncio.sleep(0.01)
        answer = await slow[0].readuntil(b"\0")
        end = await slow[0].read()
        patient[1].write(encode_call("org.netstrata.Control.Status", {}))
        second = await patient[0].readuntil(b"\0")
        patient[1].close()
        slow[1].close()
        control.close()
        assert (first, end) == (second, b"")
        return answer, told, second

    answer, told, second = asyncio.run(story())

    assert json.loads(answer.rstrip(b"\0"))["parameters"] == {"parameter": "a message takes longer than 1 s"}
    assert told == [f"refused uid {os.geteuid()}, pid {os.getpid()}: a message takes longer than 1 s"]
    assert b"main" in second


def test_the_log_is_not_filled_and_how_many_were_left_out_is_told() -> None:
    async def story() -> list[str]:
        told: list[str] = []
        limits = Limits(lambda text, uid, pid: told.append(text))
        for number in range(1000):
            limits.refused(Peer(1000, frozenset(), number), "x")
        limits.close()
        return told

    told = asyncio.run(story())

    assert len(told) == REPORTED + 1
    assert told[-1] == f"refused {1000 - REPORTED} more requests, the last one of uid 1000, pid 999"


def test_many_users_who_only_read_leave_room_for_those_who_steer() -> None:
    limits = Limits(lambda text, uid, pid: None)
    let_in = [limits.most(Peer(uid, frozenset()), READ) for uid in range(1000, 1000 + MOST_READING) for _ in range(2)]

    assert let_in.count(0) == MOST_READING
    assert limits.most(Peer(0, frozenset()), OPERATE) == 0
    assert [limits.most(Peer(0, frozenset()), OPERATE) for _ in range(MOST_OPERATING)][-1] == MOST_OPERATING


def test_a_client_that_is_let_go_makes_room_for_another(daemon: Daemon) -> None:
    for _ in range(MOST_OPERATING + 10):
        connection = Connection(daemon.path)
        connection.call("Goals")
        connection._socket.close()

    assert len(daemon.connect().call("Status")["processes"]) == 4


def test_who_reads_late_what_is_left_for_him_is_not_cut_off_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("netstrata.daemon.control.client.TIMEOUT_S", 1)

    async def story() -> tuple[bytes, list[object]]:
        broken: list[object] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: broken.append(context))
        stream = EventLog(Retry(1))
        service = service_of(Play('process main { depend("x"); }'), stream, tmp_path)
        control = ControlSocket(str(tmp_path / "control"), service)
        await control.open()
        reader, writer = await asyncio.open_unix_connection(control.path, limit=1000)
        stream.control("begins")
        writer.write(encode_call("org.netstrata.Control.Watch", {"after": 0}, more=True))
        got = await reader.read(1)
        for events in (KEPT // 2, 2 * KEPT):  # more than fits between the two, and then more than is kept
            for _ in range(events):
                stream.control("x" * 1000)
            for _ in range(100):
                await asyncio.sleep(0)
        got += await reader.read()  # it was let go with the buffers full
        writer.close()
        await asyncio.sleep(1.2)  # it would be cut off by now: there is nothing to wait for
        control.close()
        return got, broken

    got, broken = asyncio.run(story())

    assert json.loads(got.split(b"\0")[-2])["error"] == "org.netstrata.Control.Gap"
    assert len(got) > 100_000
    assert broken == []


HALVES = ("\ud800", "a\udcff", "\udfff" * 3)  # of UTF-16 pairs: JSON can hold them, UTF-8 cannot


@as_root
@pytest.mark.parametrize("half", HALVES)
def test_half_a_character_in_any_string_of_any_verb_is_refused_and_the_connection_lives_on(half: str) -> None:
    calls = [(f"{NAME}.{name}", {key: half}) for name, verb in verbs().items() for key in verb.parameters]
    calls += [
        (f"{NAME}.{half}", {}),
        (half, {}),
        (f"{NAME}.Status", {half: "x"}),
        ("org.varlink.service.GetInterfaceDescription", {"interface": half}),
    ]
    with readable() as daemon:
        with somebody():
            stranger = daemon.connect()
        for connection in (daemon.connect(), stranger):
            for method, parameters in calls:
                connection._socket.sendall(encode_call(method, parameters))
                while (message := connection._frames.take()) is None:
                    connection._frames.add(connection._socket.recv(1 << 16))
                assert message["error"].rpartition(".")[2] in REFUSALS
            assert len(connection.call("Status")["processes"]) == 4
        out = daemon.end()

    assert b"Traceback" not in out
    assert b"bug" not in out


@as_root
def test_a_bug_that_a_client_meets_costs_its_connection_and_a_bounded_part_of_the_log(tmp_path: Path) -> None:
    class Broken(ControlService):
        def graph(self, right: int) -> Slices[Answer]:
            yield
            raise ZeroDivisionError("ours")

    async def story() -> tuple[list[bytes], list[str], bytes]:
        told: list[str] = []
        stream = EventLog(Retry(1))
        play = Play('process main { depend("x"); }', observer=stream)
        service = Broken(
            play.engine, stream, program_of(play, stream), GeneratedFiles(str(tmp_path)), upgraded, resolved
        )
        control = ControlSocket(str(tmp_path / "control"), service, lambda text, uid, pid: told.append(text))
        await control.open()
        ends = []
        for _ in range(3 * REPORTED):
            reader, writer = await asyncio.open_unix_connection(control.path)
            writer.write(encode_call(f"{NAME}.Graph", {}))
            ends.append(await reader.read())
            writer.close()
        reader, writer = await asyncio.open_unix_connection(control.path)
        writer.write(encode_call(f"{NAME}.Status", {}))
        status = await reader.readuntil(b"\0")
        writer.close()
        control.close()
        return ends, told, status

    ends, told, status = asyncio.run(story())

    assert set(ends) == {b""}
    assert b"main" in status
    assert len(told) == REPORTED + 1
    assert "ZeroDivisionError('ours')" in told[0]
    assert "Traceback" in told[0]
