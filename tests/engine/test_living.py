"""Statements about the outside: driven by hand while they do not wait, by a task once they do."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import pytest

from netstrata.contract import (
    DOWN,
    KERNEL,
    Declaration,
    Holder,
    Up,
    Watch,
    computes,
    configures,
    declaration_of,
    watches,
)
from netstrata.contract.shapes.common import Text
from netstrata.testing.play import Play
from netstrata.values import Unavailable


class World:
    """An outside that the tests hold in their hands."""

    holder: Holder  # of each statement its own

    def __init__(self) -> None:
        self.events: list[str] = []
        self.holders: dict[bytes, Any] = {}
        self.gates: dict[bytes, asyncio.Event] = {}
        self.news: asyncio.Queue[bytes | None] = asyncio.Queue()
        self.broken: set[bytes] = set()

    def gate(self, name: bytes) -> asyncio.Event:
        """Return the gate that something waits for."""
        return self.gates.setdefault(name, asyncio.Event())


@configures("test.hold")
async def hold(ports: World, name: Text) -> Up[None]:
    """Hold something without waiting.

    Example:
        test.hold("x");
    """
    if name in ports.broken:
        raise Unavailable(f"hold {name.decode()}", "it is broken", 5)
    ports.events.append(f"take {name.decode()}")
    ports.holders[name] = ports.holder
    try:
        yield
    finally:
        ports.events.append(f"give {name.decode()}")


@configures("test.slow")
async def slow(ports: World, name: Text) -> Up[None]:
    """Hold something, waiting both ways.

    Example:
        test.slow("x");
    """
    ports.events.append(f"ask {name.decode()}")
    try:
        await ports.gate(b"up " + name).wait()
        ports.events.append(f"take {name.decode()}")
        ports.holders[name] = ports.holder
        yield
    finally:
        await ports.gate(b"down " + name).wait()
        ports.events.append(f"give {name.decode()}")


@configures("test.two")
async def two(ports: World, name: Text) -> Up[None]:
    """Hold something, and wait for more before being up.

    Example:
        test.two("x");
    """
    ports.events.append(f"take {name.decode()}")
    ports.holders[name] = ports.holder
    try:
        await ports.gate(b"more " + name).wait()
        yield
    finally:
        await ports.gate(b"down " + name).wait()
        ports.events.append(f"give {name.decode()}")


@configures("test.group")
async def group(ports: World, name: Text) -> Up[None]:
    """Hold something with a task of its own beside it, which may fail.

    Example:
        test.group("x");
    """
    await asyncio.sleep(0)

    async def child() -> None:
        await ports.gate(name).wait()
        raise Unavailable(f"keep {name.decode()}", "its child died")

    async with asyncio.TaskGroup() as tasks:
        task = tasks.create_task(child())
        try:
            yield
        finally:
            task.cancel()
            ports.events.append("leave group")


@watches("test.follow")
async def follow(ports: World, name: Text) -> Watch[Text]:
    """Follow the news.

    Example:
        test.follow("x");
    """
    while True:
        news = await ports.news.get()
        ports.holder.note("nothing is new" if news is None else "news", KERNEL)
        yield DOWN if news is None else news


@watches("test.bug")
async def bug(ports: World, name: Text) -> AsyncIterator[Text]:
    """Fail as only a bug does.

    Example:
        test.bug("x");
    """
    await asyncio.sleep(0)
    yield b"%d" % (1 // len(ports.events))


@computes("test.divide")
def divide(number: Text) -> Text:
    """Fail as only a bug does.

    Example:
        test.divide("1");
    """
    return b"%d" % (1 // int(number))


MORE: list[Declaration] = [declaration_of(f) for f in (hold, slow, two, group, follow, bug, divide)]


def played(story: Callable[[World, Callable[[str], Play]], Coroutine[Any, Any, None]]) -> None:
    """Tell a story inside an event loop."""

    async def run() -> None:
        world = World()
        await story(world, lambda text: Play(text, world, MORE))

    asyncio.run(run())


def test_a_statement_that_does_not_wait_is_up_in_the_step_in_which_it_began() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.hold("a"); test.hold("b"); println("up"); }')

        assert it.output == "up\n"
        assert world.events == ["take a", "take b"]

    played(story)


def test_what_is_held_is_given_back_in_reverse_order() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.hold("a"); test.hold("b"); }')

        it.end()

        assert world.events == ["take a", "take b", "give b", "give a"]
        assert it.engine.stopped

    played(story)


def test_a_statement_that_waits_holds_back_only_its_own_process() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        world.gate(b"down x").set()
        it = play('process a { println("a goes on"); } process b { test.slow("x"); println("b goes on"); }')
        assert it.output == "a goes on\n"

        world.gate(b"up x").set()
        await it.settled()

        assert it.output == "a goes on\nb goes on\n"

    played(story)


def test_dying_waits_for_a_statement_that_leaves_slowly() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        world.gate(b"up x").set()
        it = play('process main { test.hold("a"); test.slow("x"); test.hold("b"); }')
        await it.settled()

        it.end()
        await it.settled()

        assert world.events == ["take a", "ask x", "take x", "take b", "give b"]
        assert not it.engine.stopped

        world.gate(b"down x").set()
        await it.settled()

        assert world.events[-2:] == ["give x", "give a"]
        assert it.engine.stopped

    played(story)


def test_a_statement_can_die_while_it_still_waits_to_come_up() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        world.gate(b"down x").set()
        it = play('process main { test.slow("x"); }')
        await it.settled()

        it.end()
        await it.settled()

        assert world.events == ["ask x", "give x"]
        assert it.engine.stopped

    played(story)


def test_a_statement_can_die_in_the_step_in_which_it_began_to_wait() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        world.gate(b"down x").set()

        it = play('process stop { exit("0"); } process main { test.slow("x"); }')
        await it.settled()

        assert world.events == ["ask x", "give x"]
        assert it.engine.stopped

    played(story)


def test_dying_does_not_interrupt_a_statement_that_leaves_already() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.two("x"); }')
        await it.settled()
        world.holders[b"x"].lost(Unavailable("keep x", "somebody took it"))
        await it.settled()

        it.end()
        await it.settled()
        world.gate(b"down x").set()
        await it.settled()

        assert world.events == ["take x", "give x"]
        assert it.failures == []  # nobody begins it again: that it was lost is no news
        assert it.engine.stopped

    played(story)


@pytest.mark.parametrize("word", ["hold", "slow"])
def test_what_is_lost_takes_down_all_above_first_and_is_taken_again(word: str) -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        world.gate(b"up x").set()
        world.gate(b"down x").set()
        it = play(f'process main {{ test.{word}("x"); test.hold("above"); }}')
        await it.settled()
        world.events.clear()

        world.holders[b"x"].lost(Unavailable("keep x", "somebody took it"))
        await it.settled()

        taken = [event for event in world.events if not event.startswith("ask")]
        assert taken == ["give above", "give x", "take x", "take above"]
        assert it.failures == [f"main.1 test.{word}: cannot keep x: somebody took it"]

    played(story)


def test_what_is_lost_again_and_again_waits_for_the_retry_time_whatever_changes() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.hold("x"); }')
        for _ in range(10):
            world.holders[b"x"].lost(Unavailable("keep x", "somebody took it"))
            it.work_off()
        assert world.events[-1] == "take x"

        world.holders[b"x"].lost(Unavailable("keep x", "somebody took it"))
        it.work_off()
        it.engine.wake(it.engine.roots["main"])
        it.pass_time(4999)

        assert world.events[-1] == "give x"

        it.pass_time(1)

        assert world.events[-1] == "take x"
        assert len(it.failures) == 11

    played(story)


def test_a_loss_that_is_told_after_the_end_does_nothing() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.hold("x"); }')
        it.end()

        world.holders[b"x"].lost(Unavailable("keep x", "somebody took it"))
        await it.settled()

        assert it.failures == []
        assert world.events == ["take x", "give x"]

    played(story)


def test_a_failed_statement_is_begun_again_after_the_retry_time() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        world.broken.add(b"x")
        it = play('process main { test.hold("x"); println("up"); }')
        assert it.failures == ["main.1 test.hold: cannot hold x: it is broken"]
        world.broken.clear()

        it.pass_time(4999)
        assert it.output == ""
        it.pass_time(1)

        assert it.output == "up\n"

    played(story)


def test_a_child_that_fails_beside_a_statement_that_is_up_fails_the_statement() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.group("x"); println("up"); rprintln("undone"); }')
        await it.settled()
        assert it.output == "up\n"

        world.gate(b"x").set()
        await it.settled()

        assert it.output == "up\nundone\n"
        assert it.failures == ["main.1 test.group: cannot keep x: its child died"]
        assert world.events == ["leave group"]

    played(story)


def test_a_watching_statement_that_goes_down_says_why_and_one_that_is_up_has_no_trouble() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.follow("x") f; }')
        said = []

        for news in (b"one", None, b"two"):
            world.news.put_nowait(news)
            await it.settled()
            statement = it.engine.roots["main"].statements[0]
            assert statement is not None
            waiting = statement.waits_for()
            said.append((statement.trouble(), waiting.text if waiting is not None else ""))

        assert said == [("", ""), ("", "nothing is new"), ("", "")]
        it.end()
        await it.settled()

    played(story)


def test_a_watching_statement_that_sees_two_things_at_once_says_why_it_is_down() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.follow("x") f; }')
        await it.settled()

        for news in (b"one", None):
            world.news.put_nowait(news)
        await it.settled()

        statement = it.engine.roots["main"].statements[0]
        waiting = statement.waits_for() if statement is not None else None
        assert waiting is not None
        assert waiting.text == "nothing is new"
        it.end()
        await it.settled()

    played(story)


def test_a_watching_statement_goes_up_and_down_and_blinks_when_what_it_found_changes() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.follow("x") f; println("up ", f); rprintln("undone"); }')

        for news in (b"one", b"two", None, b"three"):
            world.news.put_nowait(news)
            await it.settled()

        assert it.output == "up one\nundone\nup two\nundone\nup three\n"

        it.end()
        await it.settled()

        assert it.engine.stopped

    played(story)


def test_a_bug_in_one_statement_fails_it_and_nothing_else() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process a { sleep("1"); test.hold("a"); } process b { test.bug("x"); }')
        await it.settled()
        it.pass_time(1)

        assert it.failures == ["b.1 test.bug: integer division or modulo by zero"]
        assert world.events == ["take a"]

    played(story)


def test_a_bug_in_a_statement_that_only_computes_fails_it_and_nothing_else() -> None:
    it = Play('process a { sleep("1"); println("a"); } process b { test.divide("0"); }', None, MORE)

    it.pass_time(1)

    assert it.output == "a\n"
    assert it.failures == ["b.1 test.divide: integer division or modulo by zero"]

    it.pass_time(5000)

    assert len(it.failures) == 2
    it.end()
    assert it.engine.stopped


def test_an_event_that_fails_is_told_and_the_next_one_is_acted_on() -> None:
    it = Play('process main { println("up"); }')
    heard: list[str] = []

    it.engine.event(lambda: heard.append(str(1 // 0)))
    it.engine.event(lambda: heard.append("next"))
    it.work_off()

    assert it.failures == ["broken: integer division or modulo by zero"]
    assert heard == ["next"]


def test_no_task_is_made_for_statements_that_do_not_wait() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        before = len(asyncio.all_tasks())

        it = play("process main { " + "".join(f'test.hold("{n}");' for n in range(500)) + " }")

        assert len(asyncio.all_tasks()) == before
        assert len(world.events) == 500
        it.end()
        assert len(world.events) == 1000

    played(story)
