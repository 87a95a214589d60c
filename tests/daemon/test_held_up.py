"""Nobody who asks holds up what the daemon is for: work is done in slices, and a turn ends in time."""

import asyncio
import contextlib
import gc
import socket
import time
from collections import deque
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.daemon import standing

from netstrata.control.answers import text_of
from netstrata.control.interface import NAME
from netstrata.control.varlink import encode_call
from netstrata.control.verbs import OPERATE, READ, Failure, perform, verbs
from netstrata.daemon.control import ControlSocket, limits
from netstrata.daemon.control import server as serving
from netstrata.daemon.control.client import ControlClient
from netstrata.daemon.control.service import ControlService
from netstrata.daemon.events.event_log import EventLog
from netstrata.engine.environment import Retry
from netstrata.testing.play import Play

MANY = 4000  # processes, and statements of one process
LONGEST_S = 0.02  # of processor time, between two looks at the kernel and signals
QUESTIONS: dict[str, dict[str, Any]] = {
    "Status": {"below": True},
    "Why": {"process": "nobody"},
    "Watch": {"after": 0},
    "Graph": {},
    "Figures": {},
    "Goals": {},
    "Links": {},
    "Ask": {"goal": "nothing"},
    "Restart": {"process": "nothing"},
    "Retry": {},
    "Show": {"name": "nothing"},
}
_NUMBERS = [str(number) for number in range(MANY)]
PROGRAMS = {
    "many processes": "".join(f'process p{n} {{ var("{n}") v; depend("n{n}"); }}\n' for n in _NUMBERS),
    "many statements": 'process main { STATEMENTS depend("x"); }'.replace(
        "STATEMENTS", "".join(f'var("{n}") v{n};' for n in _NUMBERS)
    ),
    "many that wait to try again": "".join(f'process p{n} {{ sleep("soon"); }}\n' for n in _NUMBERS),
    "many processes of one": 'process main { foreach({ELEMENTS}, "t", {}); } template t { var("x") v; }'.replace(
        "ELEMENTS", ", ".join(f'"{n}"' for n in _NUMBERS)
    ),
}


def service_of(text: str, folder: Path) -> tuple[ControlService, Play]:
    """Return a program that runs, as its clients see it."""
    stream = EventLog(Retry(1))
    play = Play(text, observer=stream)
    return standing.service_of(play, stream, folder), play


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name", QUESTIONS)
def test_no_slice_of_an_answer_is_long_however_much_there_is(name: str, program: str, tmp_path: Path) -> None:
    service, _ = service_of(PROGRAMS[program], tmp_path)

    def slices() -> Any:
        with contextlib.suppress(Failure):  # there is nothing of that name
            parameters = yield from perform(service, verbs()[name], QUESTIONS[name], OPERATE)
            yield from text_of(parameters, lambda value: value)

    times: list[float] = []
    list(slices())  # what is imported for it is there then
    gc.disable()  # the daemon collects when it is idle
    before = time.thread_time()
    for _ in slices():
        now = time.thread_time()
        times.append(now - before)
        before = now
    gc.enable()

    assert max(times, default=0) < LONGEST_S


def test_a_turn_ends_in_time_whatever_256_clients_without_rights_ask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "right_of", lambda peer, groups: READ)
    monkeypatch.setattr(limits, "MOST_EACH", 256)  # all are of one user here
    calls = [encode_call(f"{NAME}.{name}", given, name == "Watch") for name, given in QUESTIONS.items()]

    async def story() -> tuple[list[float], int]:
        service, _ = service_of(PROGRAMS["many processes"], tmp_path)
        control = ControlSocket(str(tmp_path / "control"), service)
        await control.open()
        clients = [socket.socket(socket.AF_UNIX) for _ in range(256)]
        for number, client in enumerate(clients):
            first = number % len(calls)
            client.setblocking(False)
            client.connect(control.path)
            client.send(b"".join(calls[first:] + calls[:first]) * 50)
        answered = 0
        times: list[float] = []
        before = time.thread_time()
        while len(times) < 2_000 or answered < 150_000:
            await asyncio.sleep(0)  # a turn of the loop
            now = time.thread_time()
            times.append(now - before)
            for client in clients[: len(clients) // 2]:  # the others never read
                with contextlib.suppress(BlockingIOError):
                    answered += len(client.recv(1 << 16))
            before = time.thread_time()
        for client in clients:
            client.close()
        control.close()
        return times, answered

    times, answered = asyncio.run(story())

    times.sort()
    assert answered >= 150_000  # bytes
    assert times[-1 - len(times) // 1000] < LONGEST_S


def test_who_may_steer_is_served_before_all_who_only_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_EACH", 256)
    rights = iter([READ] * 100 + [OPERATE])
    monkeypatch.setattr(serving, "right_of", lambda peer, groups: next(rights))
    many = encode_call(f"{NAME}.Status", {"below": True}) * 100

    async def story() -> tuple[int, int]:
        service, _ = service_of(PROGRAMS["many processes"], tmp_path)
        control = ControlSocket(str(tmp_path / "control"), service)
        await control.open()
        readers = [await asyncio.open_unix_connection(control.path) for _ in range(100)]
        for _, writer in readers:
            writer.write(many)
        while len(control._reading) < 100:  # noqa: ASYNC110
            await asyncio.sleep(0)
        root = await asyncio.open_unix_connection(control.path, limit=1 << 24)
        root[1].write(encode_call(f"{NAME}.Status", {"below": True}))
        answer = await root[0].readuntil(b"\0")
        waiting = len(control._reading)
        for _, writer in (*readers, root):
            writer.close()
        control.close()
        return answer.count(b'"process"'), waiting

    assert asyncio.run(story()) == (MANY, 100)


def test_those_who_only_read_have_a_quarter_of_the_time_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "right_of", lambda peer, groups: READ)

    async def story() -> list[tuple[float, float]]:
        service, _ = service_of(PROGRAMS["many processes"], tmp_path)
        control = ControlSocket(str(tmp_path / "control"), service)
        turns: list[tuple[float, float]] = []
        serve = control._serve

        def timed(queue: deque[ControlClient], time_s: float) -> None:
            before = time.monotonic()
            serve(queue, time_s)
            if queue is control._reading:
                turns.append((before, time.monotonic()))

        control._serve = timed  # type: ignore[method-assign]
        await control.open()
        reader, writer = await asyncio.open_unix_connection(control.path)
        writer.write(encode_call(f"{NAME}.Why", {"process": "nobody"}) * 1000)
        while len(turns) < 20:  # noqa: ASYNC110
            await asyncio.sleep(0)
        assert not reader.at_eof()
        writer.close()
        control.close()
        return turns

    turns = asyncio.run(story())

    for (began, ended), (next_began, _) in pairwise(turns):
        assert next_began - ended >= 3 * (ended - began)
    assert any(ended - began > serving.READING_S / 2 for began, ended in turns)
