"""What goes up and down for ever waits longer and longer, and says who takes away what; by a clock set by hand."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, NamedTuple

import pytest

from netstrata.contract import DOWN, Declaration, Events, Up, Watch, configures, declaration_of, reports, watches
from netstrata.contract.shapes.common import Text, Truth
from netstrata.daemon.running.backoff import BackOff
from netstrata.engine.process import COMPLETE
from netstrata.engine.retry_state import FREE_ROUNDS
from netstrata.testing.play import RETRY_MS, Play
from netstrata.values import Unavailable

TURN_MS = 10


class World:
    """A card that is there or not, and things that can be taken away."""

    def __init__(self) -> None:
        self.watchers: list[asyncio.Queue[bool]] = []
        self.holders: dict[bytes, Any] = {}
        self.is_there = True
        self.falls = 0
        self.busy: asyncio.Event | None = None  # until when nothing that is asked for happens

    def catch_up(self) -> int:
        """Return how often somebody was told that the card is gone since this was asked last."""
        falls, self.falls = self.falls, 0
        return falls

    def card(self, is_there: bool) -> None:
        """Plug the card in, or unplug it."""
        self.is_there = is_there
        self.falls += not is_there
        for watcher in self.watchers:
            watcher.put_nowait(is_there)


@watches("test.card")
async def card(ports: Any) -> Watch[None]:
    """Be up while the card is there.

    Example:
        test.card();
    """
    mine: asyncio.Queue[bool] = asyncio.Queue()
    ports.watchers.append(mine)
    try:
        is_there = ports.is_there
        while True:
            yield None if is_there else DOWN
            is_there = await mine.get()
    finally:
        ports.watchers.remove(mine)


class Seen(NamedTuple):
    there: Truth


@reports("test.cards")
async def cards(ports: Any) -> Events[Seen]:
    """Show whether the card is there, and each change of that.

    Example:
        test.cards() card;
    """
    mine: asyncio.Queue[bool] = asyncio.Queue()
    ports.watchers.append(mine)
    try:
        yield Seen(ports.is_there)
        while True:
            yield Seen(await mine.get())
    finally:
        ports.watchers.remove(mine)


@configures("test.unplugs")
async def unplugs(ports: Any) -> Up[None]:
    """Have no card.

    Example:
        test.unplugs();
    """
    if ports.busy is not None:
        await ports.busy.wait()
    ports.card(False)
    try:
        yield
    finally:
        ports.card(True)


@configures("test.holds")
async def holds(ports: Any, name: Text) -> Up[None]:
    """Hold something.

    Example:
        test.holds("x");
    """
    ports.holders[name] = ports.holder
    try:
        yield
    finally:
        del ports.holders[name]


@configures("test.takes")
async def takes(ports: Any, name: Text) -> Up[None]:
    """Take something away.

    Example:
        test.takes("x");
    """
    ports.holders[name].lost(Unavailable("hold x", "someone took it"))
    yield


ALL = (card, cards, unplugs, holds, takes)
LOOKED = (*range(19, 25), *range(39, 45))  # rounds in which it is looked once more who is guilty
MORE: list[Declaration] = [*map(declaration_of, ALL), cards.nextevent]  # type: ignore[attr-defined]
Story = Callable[[World, Callable[[str], Play]], Coroutine[Any, Any, None]]


def played(story: Story) -> None:
    async def run() -> None:
        world = World()
        await story(world, lambda text: Play(text, world, MORE))

    asyncio.run(run())


async def passes(it: Play, milliseconds: int) -> None:
    """Let time pass, and whatever it brings happen."""
    await it.settled(3)
    for _ in range(milliseconds // TURN_MS):
        it.pass_time(TURN_MS)
        await it.settled(3)


def rounds(it: Play) -> int:
    return it.output.splitlines().count("round")


LOOPS = {
    "below": (
        'process main {\n test.card();\n println("round");\n test.unplugs();\n test.holds("y");\n}',
        "main.2 println: cannot stay up: test.unplugs at line 4 takes away what test.card at line 2 waits for",
    ),
    "what is held": (
        'process main {\n test.holds("x");\n println("round");\n test.takes("x");\n test.holds("y");\n}',
        "main.1 test.holds: cannot stay up: test.takes at line 4 takes away what test.holds at line 2 holds",
    ),
    "in a template": (
        'process main {\n test.card();\n println("round");\n call("t", {});\n}\n'
        'template t {\n test.holds("y");\n test.unplugs();\n test.holds("z"); }',
        "main.2 println: cannot stay up: test.unplugs at line 8 takes away what test.card at line 2 waits for",
    ),
    "by a template": (
        'process main {\n call("t", {});\n println("round");\n test.unplugs();\n}\ntemplate t {\n test.card();\n}',
        "main.2 println: cannot stay up: test.unplugs at line 4 takes away what test.card at line 7 waits for",
    ),
    "in another process": (
        'process main {\n test.card();\n println("round");\n provide("card");\n}\n'
        'process other {\n depend("card");\n test.unplugs();\n test.holds("y");\n}',
        "main.2 println: cannot stay up: test.unplugs at line 8 takes away what test.card at line 2 waits for",
    ),
}


@pytest.mark.parametrize("loop", LOOPS)
def test_what_takes_away_what_it_stands_on_is_named_and_waits_before_it_begins_again(loop: str) -> None:
    text, said = LOOPS[loop]

    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play(text)
        await passes(it, RETRY_MS // 2)
        first = rounds(it)
        await passes(it, 2 * RETRY_MS)

        assert (first, rounds(it)) == (FREE_ROUNDS + 1, FREE_ROUNDS + 3)
        assert f"{said}, {FREE_ROUNDS + 1} times in a row" in it.failures
        assert f"{said}, {FREE_ROUNDS + 2} times in a row" in it.failures

    played(story)


MANAGED = """process main {
 process_manager() links;
 test.cards() card;
 If (card.there) { links->start("x", "link", {}); } else { links->stop("x"); };
 card->nextevent();
}
template link {
 println("round");
 test.unplugs();
 test.holds("y");
}"""


def test_a_process_that_is_stopped_soon_each_time_is_started_later_and_others_are_not() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play(MANAGED)
        await passes(it, RETRY_MS // 2)
        first = rounds(it)
        (manager,) = [one for one in it.engine.roots["main"].begun if one and one.slot.type == "process_manager"]
        trouble = manager.trouble()
        await passes(it, RETRY_MS)

        assert (first, rounds(it)) == (FREE_ROUNDS + 1, FREE_ROUNDS + 2)
        assert trouble == (
            "[x] was stopped 11 times in a row, each time when test.unplugs at line 9 had begun; "
            "starting it again in 5 s"
        )

    played(story)


def test_each_wait_is_longer_than_the_one_before_up_to_a_minute() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.card(); println("round"); test.unplugs(); }')
        it.engine.retry = BackOff(RETRY_MS, 0)
        await passes(it, RETRY_MS // 2)
        began = []
        for _ in range(6):
            before, now = it.clock.now(), rounds(it)
            while rounds(it) == now:
                await passes(it, 100)
            began.append(round((it.clock.now() - before) / RETRY_MS))

        assert began == [began[0], 2, 4, 8, 12, 12]

    played(story)


def test_a_change_that_nothing_of_it_has_made_is_answered_at_once() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.card(); println("round"); test.unplugs(); }')
        await passes(it, RETRY_MS // 2)
        before = rounds(it)
        world.card(False)
        world.card(True)
        await passes(it, 100)

        assert rounds(it) > before

    played(story)


def test_what_undoing_changes_is_no_such_change() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.card(); println("round"); test.unplugs(); }')
        while rounds(it) < FREE_ROUNDS + 1:
            await passes(it, TURN_MS)
        await passes(it, 100)
        world.card(False)
        world.card(True)
        await passes(it, 100)

        assert rounds(it) == FREE_ROUNDS + 1

    played(story)


def test_one_that_was_too_slow_to_be_found_guilty_at_first_is_found_later() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.card(); println("round"); test.unplugs(); }')
        busy = world.busy = asyncio.Event()
        while rounds(it) <= FREE_ROUNDS + 5:
            await passes(it, 300)
            before, busy = busy, asyncio.Event()
            world.busy = busy
            before.set()
            await passes(it, TURN_MS)
        unseen = it.failures[:]
        world.busy = None
        busy.set()
        await passes(it, RETRY_MS // 2)

        assert unseen == []
        assert rounds(it) <= 25
        assert "test.unplugs at line 1 takes away what test.card at line 1 waits for" in it.failures[-1]

    played(story)


def test_to_be_woken_does_not_shorten_the_wait_but_somebody_who_asks_for_it_does() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.card(); println("round"); test.unplugs(); }')
        await passes(it, RETRY_MS // 2)
        (process,) = it.engine.retrying
        it.engine.event(partial(it.engine.wake, process))
        await passes(it, 100)
        nudged = rounds(it)
        process.troubles().forgive()
        it.engine.event(partial(it.engine.begin_again, process))
        await passes(it, 100)

        assert nudged == FREE_ROUNDS + 1
        assert rounds(it) > nudged + 1

    played(story)


def test_what_an_outsider_takes_away_as_soon_as_it_is_there_is_no_doing_of_who_holds_it() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.holds("x"); println("round"); test.holds("y"); }')
        while not it.failures or "cannot stay up" not in it.failures[-1]:
            await passes(it, TURN_MS)
            if b"x" in world.holders:
                world.holders[b"x"].lost(Unavailable("hold x", "someone removed it"))

        assert it.failures[-1] == (
            "main.1 test.holds: cannot stay up: what test.holds at line 1 holds was taken away "
            f"{FREE_ROUNDS + 1} times in a row, soon after this had begun: cannot hold x: someone removed it"
        )

    played(story)


def test_a_card_that_goes_each_time_all_is_up_is_no_loop_of_ours() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.card(); test.holds("x"); println("round"); test.holds("y"); }')
        for times in range(1, 5 * FREE_ROUNDS):
            while it.engine.roots["main"].mode != COMPLETE:
                await passes(it, TURN_MS)
            took = it.clock.now()
            world.catch_up()
            world.card(False)
            world.card(True)
            await it.settled(3)
            assert rounds(it) >= times
            if times > FREE_ROUNDS and times not in LOOKED:
                assert it.engine.roots["main"].mode == COMPLETE
                assert it.clock.now() == took

        assert it.failures == []

    played(story)


def test_what_has_stood_for_a_while_is_begun_again_at_once_however_often() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.card(); println("round"); test.holds("x"); }')
        for _ in range(2 * FREE_ROUNDS):
            await passes(it, RETRY_MS)
            world.card(False)
            world.card(True)
            await passes(it, TURN_MS)

        assert rounds(it) == 2 * FREE_ROUNDS + 1
        assert it.failures == []

    played(story)


def test_somebody_else_who_takes_something_away_each_time_is_no_statement_of_ours() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main {\n test.holds("x");\n println("round");\n test.holds("y");\n}')
        for _ in range(3 * FREE_ROUNDS):
            await passes(it, 200)
            if b"x" in world.holders:
                world.holders[b"x"].lost(Unavailable("hold x", "someone took it"))
        await passes(it, 100)

        assert rounds(it) == FREE_ROUNDS + 1
        assert it.failures[-1] == (
            "main.1 test.holds: cannot stay up: what test.holds at line 2 holds was taken away 11 times in a row, "
            "soon after this had begun: cannot hold x: someone took it"
        )

    played(story)


def test_others_do_not_wait_while_it_is_looked_who_is_guilty() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play(
            'process main { test.card(); println("round"); test.unplugs(); }'
            'process other { sleep("30", "0"); test.holds("a"); test.holds("b"); test.holds("c"); println("other"); }'
        )
        while "other" not in it.output:
            await passes(it, TURN_MS)

        assert it.clock.now() <= 30 + 2 * TURN_MS

    played(story)


def test_a_program_that_is_changed_begins_at_once() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.card(); println("round"); test.unplugs(); }')
        await passes(it, RETRY_MS // 2)
        it.change('process main { test.card(); println("mended"); test.holds("x"); }')
        await passes(it, 100)

        assert "mended" in it.output

    played(story)


def test_what_is_ended_while_it_waits_for_a_step_is_gone() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.card(); println("round"); test.holds("x"); test.holds("y"); }')
        for _ in range(FREE_ROUNDS - 1):
            world.card(False)
            world.card(True)
            await it.settled(3)
        it.end()
        await passes(it, 1000)

        assert it.engine.stopped
        assert it.engine.alive == 0

    played(story)
