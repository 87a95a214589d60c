"""Waiting until a program is where one looks for it."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from netstrata.system.filesystem.awaited_paths import AwaitedPaths
from netstrata.system.held import WaitQueues
from netstrata.system.tools.run import need_program
from netstrata.values import Unavailable


def test_who_waits_for_a_program_is_woken_when_it_is_there_in_any_folder_of_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/one:{tmp_path}/later/two")

    async def story() -> str:
        queues = WaitQueues()
        AwaitedPaths(queues)
        steps: list[Callable[[], object]] = [
            lambda: (tmp_path / "one" / "other").touch(),
            (tmp_path / "later").mkdir,
            (tmp_path / "later" / "two").mkdir,
            (tmp_path / "later" / "two" / "no-such-program").touch,
            lambda: (tmp_path / "later" / "two" / "no-such-program").chmod(0o755),
        ]
        for step in steps:
            with pytest.raises(Unavailable) as refused:
                need_program("no-such-program", "do it")
            (awaited,) = refused.value.awaits
            woken = asyncio.Event()
            stop = queues.wait(awaited, woken.set)
            step()
            if step is not steps[0]:
                await woken.wait()
            stop()
        return need_program("no-such-program", "do it")

    assert asyncio.run(story()) == f"{tmp_path}/later/two/no-such-program"
