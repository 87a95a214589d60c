"""`netstrata watch` without a terminal: keys are pressed by textual's pilot, and the screen is read as text."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from textual.pilot import Pilot

from netstrata.cli.watch.app import WatchApp

TIMEOUT_S = 60.0


def text_of(app: WatchApp) -> str:
    """Return what is on the screen."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def unwrapped(shown: str) -> str:
    """Return a screen as one line, without the box around it: what was too long for a line is whole again."""
    return "".join(line.strip().strip("│").strip() for line in shown.splitlines())


async def wait_for(pilot: Pilot[None], *texts: str, wrapped: str = "", seconds: float = TIMEOUT_S) -> str:
    """Wait until all texts are on the screen, one of them perhaps on two lines, and return it."""
    assert isinstance(pilot.app, WatchApp)
    end = time.monotonic() + seconds
    while True:
        shown = text_of(pilot.app)
        if all(text in shown for text in texts) and wrapped in unwrapped(shown):
            return shown
        assert time.monotonic() < end, f"{[text for text in (*texts, wrapped) if text not in shown]} not in\n{shown}"
        await pilot.pause(0.02)


async def resize(pilot: Pilot[None], columns: int, rows: int) -> None:
    """Resize the terminal, and wait until the screen has followed: it does so by a timer of textual's."""
    assert isinstance(pilot.app, WatchApp)
    await pilot.resize_terminal(columns, rows)
    end = time.monotonic() + TIMEOUT_S
    while [len(line) for line in text_of(pilot.app).splitlines()] != [columns] * rows:
        assert time.monotonic() < end, f"not {columns} by {rows}:\n{text_of(pilot.app)}"
        await pilot.pause(0.02)


def play(path: str, act: Callable[[Pilot[None]], Awaitable[None]], size: tuple[int, int] = (80, 24)) -> None:
    """Run the application without a terminal, and act in it."""

    async def run() -> None:
        async with WatchApp(path).run_test(size=size) as pilot:
            await act(pilot)

    asyncio.run(run())
