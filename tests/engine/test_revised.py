"""A statement that stays up with other variables: what has read those is done again, and nothing below it."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

import pytest

from netstrata.contract import DOWN, Declaration, Down, Revised, Watch, declaration_of, watches
from netstrata.contract.shapes.common import Text
from netstrata.testing.play import Play


class Terms(NamedTuple):
    address: Text
    servers: Text


class World:
    """What a lease is, as the test says it."""

    def __init__(self) -> None:
        self.news: asyncio.Queue[Terms | Down] = asyncio.Queue()


@watches("test.lease")
async def lease(ports: World) -> Watch[Terms]:
    """Follow a lease.

    Example:
        test.lease() lease;
    """
    while True:
        terms = await ports.news.get()
        yield terms if isinstance(terms, Down) else Revised(terms)


MORE: list[Declaration] = [declaration_of(lease)]


def played(story: Callable[[World, Callable[[str], Play]], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        world = World()
        await story(world, lambda text: Play(text, world, MORE))

    asyncio.run(run())


def said(it: Play, before: str) -> list[str]:
    return it.output.removeprefix(before).splitlines()


SAYS_BOTH = 'println("+", lease.address); rprintln("-", lease.address);'
READERS = {
    "nobody": ("", []),
    "a statement": ("println(lease.servers); rprintln(lease.servers);", ["one", "two"]),
    "a statement of something else": ('println("x"); rprintln("x");', []),
    "a copy": ('var(lease.servers) it; println("+", it); rprintln("-", it);', ["-one", "+two"]),
    "the whole lease under another name": (
        'alias("lease") it; println("+", it.servers); rprintln("-", it.servers);', ["-one", "+two"]
    ),
    "a block": (
        'If (@val_equal("1", "1")) { println("+", lease.servers); rprintln("-", lease.servers); };', ["-one", "+two"]
    ),
    "what decides for a block": (
        'If (@val_equal(lease.servers, "one")) { println("+one"); rprintln("-one"); } else { println("+other"); };',
        ["-one", "+other"],
    ),
    "a template that is called": ('call("t", {});', ["-one", "+two"]),
    "a loop": (
        'Foreach ({"a"} As a) { println("+", lease.servers); rprintln("-", lease.servers); };', ["-one", "+two"]
    ),
    "a process of a manager": ('process_manager() m; m->start("t", {});', ["-one", "+two"]),
}  # fmt: skip
TEMPLATE = 'template t { println("+", _caller.lease.servers); rprintln("-", _caller.lease.servers); }'


@pytest.mark.parametrize("reader", READERS)
def test_only_what_has_read_the_variable_is_redone(reader: str) -> None:
    text, wanted = READERS[reader]

    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play(f"process main {{ test.lease() lease; {SAYS_BOTH} {text} }} {TEMPLATE}")
        world.news.put_nowait(Terms(b"a", b"one"))
        await it.settled()
        before = it.output

        world.news.put_nowait(Terms(b"a", b"two"))
        await it.settled()

        if reader == "a statement":
            assert sorted(said(it, before)) == wanted
        else:
            assert said(it, before) == wanted
        it.end()
        await it.settled()
        assert it.output.endswith("-a\n")
        assert it.failures == []

    played(story)


def test_another_process_that_reads_it_over_a_provided_name_redoes_all_above() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play(
            f'process main {{ test.lease() lease; {SAYS_BOTH} provide("WAN"); }}'
            'process other { depend("WAN") wan; println("+", wan.lease.servers); rprintln("-", wan.lease.servers); }'
        )
        world.news.put_nowait(Terms(b"a", b"one"))
        await it.settled()
        before = it.output
        assert before == "+a\n+one\n", it.failures

        world.news.put_nowait(Terms(b"a", b"two"))
        await it.settled()

        assert said(it, before) == ["-one", "-a", "+a", "+two"]

    played(story)


def test_of_two_variables_that_change_the_lower_reader_counts() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play(
            'process main { test.lease() lease; println("+"); rprintln("-"); var(lease.address) a;'
            'println("a ", a); rprintln("-a"); var(lease.servers) b; println("b ", b); rprintln("-b"); }'
        )
        world.news.put_nowait(Terms(b"a", b"one"))
        await it.settled()
        before = it.output

        world.news.put_nowait(Terms(b"b", b"two"))
        await it.settled()

        assert said(it, before) == ["-b", "-a", "a b", "b two"]

    played(story)


def test_who_has_read_it_after_a_redo_is_redone_by_the_next_one() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play(f'process main {{ test.lease() lease; {SAYS_BOTH} println("+", lease.servers); }}')
        world.news.put_nowait(Terms(b"a", b"one"))
        await it.settled()
        before = it.output

        for servers in (b"two", b"three", b"three"):
            world.news.put_nowait(Terms(b"a", servers))
            await it.settled()

        assert said(it, before) == ["+two", "+three"]

    played(story)


def test_a_lease_that_is_lost_and_comes_again_redoes_all() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play(f"process main {{ test.lease() lease; {SAYS_BOTH} }}")
        for terms in (Terms(b"a", b"one"), DOWN, Terms(b"b", b"one")):
            world.news.put_nowait(terms)
            await it.settled()

        assert said(it, "") == ["+a", "-a", "+b"]

    played(story)


def test_what_failed_with_the_old_value_is_tried_with_the_new_one_at_once() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { test.lease() lease; num_divide("4", lease.servers) x; println(x); }')
        world.news.put_nowait(Terms(b"a", b"0"))
        await it.settled()
        assert len(it.failures) == 1

        world.news.put_nowait(Terms(b"a", b"2"))
        await it.settled()

        assert it.output == "2\n"

    played(story)


def test_a_called_template_stays_complete_if_nothing_of_it_is_redone() -> None:
    async def story(world: World, play: Callable[[str], Play]) -> None:
        it = play('process main { call("t", {}); println("+"); rprintln("-"); } template t { test.lease() lease; }')
        world.news.put_nowait(Terms(b"a", b"one"))
        await it.settled()

        world.news.put_nowait(Terms(b"a", b"two"))
        await it.settled()

        assert it.output == "+\n"
        assert "t.1 test.lease revised" in it.log

    played(story)
