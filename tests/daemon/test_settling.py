"""When what was left is undone: not before what comes by itself has come, and not for ever after."""

import asyncio

import pytest

from netstrata.daemon.running.settling import QUIET_TURNS, Settling


class Left:
    """Something that is left."""

    is_left = True
    is_busy = False
    is_underway = True

    def __init__(self) -> None:
        self.swept = asyncio.Event()

    def sweep(self) -> None:
        self.is_left = False
        self.swept.set()


async def quiet_turns() -> None:
    for _ in range(2 * QUIET_TURNS):
        await asyncio.sleep(0)


def test_what_is_left_is_undone_when_what_comes_by_itself_has_come() -> None:
    async def story() -> None:
        left = Left()
        settling = Settling(left)
        settling.on_idle()
        await quiet_turns()
        assert not left.swept.is_set()

        left.is_underway = False
        settling.on_idle()  # as after all that an engine does
        await quiet_turns()

        assert left.swept.is_set()

    asyncio.run(story())


def test_what_is_left_is_undone_although_what_would_come_by_itself_never_does() -> None:
    async def story() -> None:
        left = Left()

        Settling(left, soon_s=0.05).on_idle()

        await asyncio.wait_for(left.swept.wait(), 60)

    asyncio.run(story())


@pytest.mark.parametrize("later", ["is_busy", "is_underway"])
def test_nothing_is_undone_in_a_turn_that_somebody_needs(later: str) -> None:
    async def story() -> None:
        left = Left()
        left.is_underway = False
        setattr(left, later, True)
        Settling(left).on_idle()

        await quiet_turns()

        assert not left.swept.is_set()

    asyncio.run(story())
