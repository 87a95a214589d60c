"""What stands in a running program is made when somebody asks, kept while somebody may, and let go then."""

import asyncio
import random
from pathlib import Path

import pytest
from tests.daemon import standing
from tests.daemon.standing import Played
from tests.daemon.test_one_view import PROGRAMS, answers, plain

from netstrata.control.answers import finish
from netstrata.control.interface import NAME
from netstrata.control.varlink import encode_call
from netstrata.daemon.control import ControlSocket
from netstrata.daemon.control.service import ControlService
from netstrata.daemon.events.event import KEPT

DONE = object()


def service_of(played: Played, folder: Path) -> ControlService:
    """Return a program as its clients see it."""
    return standing.service_of(played.play, played.stream, folder)


@pytest.mark.parametrize("program", PROGRAMS)
def test_what_happens_while_the_walk_is_made_is_known_after_it(program: str, tmp_path: Path) -> None:
    rng = random.Random(program)
    for _ in range(30):
        played = Played(PROGRAMS[program])
        daemon = service_of(played, tmp_path)
        walk = daemon.view.stands()
        for _ in range(rng.randrange(20)):
            if next(walk, DONE) is DONE:
                break
            if rng.random() < 0.4:
                played.play.pass_time(rng.choice([1, 5, 10]))
                path = rng.choice(played.stream.paths())
                process = played.stream.process_at(path)
                assert process is not None
                process.restart(0)
                played.play.work_off()
                played.stream.settle()

        for _ in walk:
            pass
        finish(daemon.view.stands())
        walked_meanwhile = plain(answers(daemon))
        daemon.view.let_go()

        assert walked_meanwhile == plain(answers(daemon))


def test_more_events_than_memory_keeps_are_taken_in_as_they_come(tmp_path: Path) -> None:
    played = Played('process main { var("a") v; Foreach ({"1", "2", "3"} As x) { var(x) y; }; depend("LAN"); }')
    daemon = service_of(played, tmp_path)
    first = finish(daemon.view.stands())
    before = played.stream.seq

    while played.stream.seq < before + 2 * KEPT:
        played.play.engine.roots["main"].restart(0)
        played.play.work_off()
    played.stream.settle()

    assert finish(daemon.view.stands()) is first
    kept = plain(answers(daemon))
    daemon.view.let_go()
    assert kept == plain(answers(daemon))


def test_it_is_kept_while_a_client_is_there_and_costs_nothing_when_the_last_has_left(tmp_path: Path) -> None:
    async def story() -> tuple[int, int, int]:
        played = Played('process main { depend("LAN"); }')
        control = ControlSocket(str(tmp_path / "control"), service_of(played, tmp_path))
        await control.open()
        nobody = len(played.stream._subscribers)
        reader, writer = await asyncio.open_unix_connection(control.path)
        writer.write(encode_call(f"{NAME}.Status", {}))
        await reader.readuntil(b"\0")
        asked = len(played.stream._subscribers)
        writer.close()
        while control._clients:  # noqa: ASYNC110
            await asyncio.sleep(0)
        left = len(played.stream._subscribers)
        control.close()
        return nobody, asked, left

    nobody, asked, left = asyncio.run(story())

    assert (asked, left) == (nobody + 1, nobody)


def test_processes_that_would_have_the_same_name_are_told_apart() -> None:
    played = Played("""process main { call("deep", {"0"}); }
        template deep { If (@num_lesser(_arg0, "40")) { call("deep", {@num_add(_arg0, "1")}); }; }""")

    names = [process.path for process in finish(played.stands().everything())]

    assert len(names) == len(set(names)) == played.play.engine.alive
    assert any("~" in name for name in names)
