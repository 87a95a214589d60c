"""sys.watch_directory, where the cases of NCD do not look."""

import asyncio
import shutil
from collections.abc import Callable, Coroutine
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from tests.engine.live import Live

from netstrata.system.events.directories import watch_directory
from netstrata.values import Unavailable

WATCH = """process main {
    sys.watch_directory("FOLDER/d") w;
    println(w.event_type, " ", w.filename);
    blocker() wait;
    wait->use();
    w->nextevent();
}
process mover { sleep("10"); println("others go on"); }
"""
GOING_ON = WATCH.replace("blocker() wait;\n    wait->use();\n    ", "")


def played(act: Callable[[], Coroutine[Any, Any, None]]) -> None:
    asyncio.run(act())


def test_a_directory_that_is_deleted_fails_the_statement_after_its_last_event(tmp_path: Path) -> None:
    async def act() -> None:
        (tmp_path / "d").mkdir()
        (tmp_path / "d" / "a").touch()
        (tmp_path / "d" / "b").touch()
        live = Live(GOING_ON, tmp_path)
        await live.until(lambda: live.output.count("added") == 2)

        shutil.rmtree(tmp_path / "d")

        await live.until(lambda: bool(live.failures))
        assert sorted(live.output.splitlines()) == ["added a", "added b", "removed a", "removed b"]
        assert live.failures == [f"main.1 sys.watch_directory: cannot watch the directory {tmp_path}/d: it was deleted"]
        (tmp_path / "d").mkdir()
        (tmp_path / "d" / "again").touch()
        live.pass_time(5000)
        await live.until_printed("added again")
        await live.ended()
        assert live.left_open() == []

    played(act)


def test_an_event_that_is_shown_stays_until_the_next_is_asked_for_even_if_the_directory_is_gone(
    tmp_path: Path,
) -> None:
    async def act() -> None:
        (tmp_path / "d").mkdir()
        (tmp_path / "d" / "a").touch()
        (tmp_path / "d" / "b").touch()
        live = Live(WATCH, tmp_path)
        first = live.output

        shutil.rmtree(tmp_path / "d")

        await live.settled()
        assert (live.output, live.failures) == (first, [])
        await live.ended()
        assert live.left_open() == []

    played(act)


def test_a_directory_that_is_moved_away_fails_the_statement(tmp_path: Path) -> None:
    async def act() -> None:
        (tmp_path / "d").mkdir()
        live = Live(GOING_ON, tmp_path)

        (tmp_path / "d").rename(tmp_path / "e")

        await live.until(lambda: bool(live.failures))
        assert "it was moved away" in live.failures[0]
        await live.ended()

    played(act)


def test_names_that_are_no_utf8_are_shown_by_their_bytes(tmp_path: Path) -> None:
    async def act() -> None:
        (tmp_path / "d").mkdir()
        live = Live(GOING_ON, tmp_path)

        (tmp_path / "d" / "\udcff").touch()

        await live.until_printed("added \\xff")
        await live.ended()

    played(act)


def test_a_queue_that_ran_over_loses_nothing_that_is_still_to_be_seen(tmp_path: Path) -> None:
    with open("/proc/sys/fs/inotify/max_queued_events") as limit:
        queue = int(limit.read())
    if queue > 20_000:
        pytest.skip("the queue is too long to be filled")

    async def act() -> list[tuple[bytes, bytes]]:
        (tmp_path / "gone").touch()
        (tmp_path / "stays").touch()
        seen: list[tuple[bytes, bytes]] = []
        async with aclosing(watch_directory(bytes(tmp_path))) as changes:
            for _ in range(2):
                await anext(changes)
            for n in range(queue // 2 + 2):
                (tmp_path / "t").touch()
                (tmp_path / "t").rename(tmp_path / f"u{n % 2}")
            (tmp_path / "gone").unlink()
            (tmp_path / "new").touch()
            (tmp_path / "stays").write_text("changed")
            async for change in changes:
                seen.append((change.kind, change.name))
                if change.name == b"new":
                    break
        return seen[-8:]

    seen = asyncio.run(act())

    assert (b"removed", b"gone") in seen
    assert (b"added", b"new") in seen


async def _first(path: bytes) -> object:
    async with aclosing(watch_directory(path)) as changes:
        return await anext(changes)


@pytest.mark.parametrize(("path", "reason"), [("missing", "No such file or directory"), ("file", "Not a directory")])
def test_what_cannot_be_watched_is_named(path: str, reason: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Unavailable, match=reason) as refusal:
        asyncio.run(_first(bytes(tmp_path / path)))

    assert str(tmp_path / path) in str(refusal.value)
