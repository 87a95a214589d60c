"""run, runonce and daemon, driven as the engine drives them: the first step by hand, outside of any task."""

import asyncio
import types
from collections.abc import AsyncGenerator, Generator
from pathlib import Path
from typing import Any, cast

import pytest

from netstrata.contract import Declaration, declaration_of
from netstrata.contract.shapes.children import DAEMON_OPTIONS, EXIT_STATUS, PROGRAM, RUNONCE_OPTIONS
from netstrata.ports import Ports
from netstrata.statements.daemon import daemon
from netstrata.statements.run import run
from netstrata.statements.runonce import Ended, runonce
from netstrata.system.children import RealChildren
from netstrata.system.output.standard_output import StandardOutput
from netstrata.values import List, Map, Refused, Value


class Environment:
    """As much of the ports as these statements ask for."""

    def __init__(self) -> None:
        self.children = RealChildren(StandardOutput())


@types.coroutine
def go_on(step: Any, waiting: object) -> Generator[object, None, object]:
    """Continue a step that was begun by hand and waits for something."""
    while True:
        thrown: BaseException | None = None
        try:
            yield waiting
        except BaseException as error:
            thrown = error
        try:
            waiting = step.send(None) if thrown is None else step.throw(thrown)
        except StopIteration as end:
            return end.value


class Driven:
    """A statement's generator, driven."""

    def __init__(self, function: Any, *values: Value) -> None:
        arguments = declaration_of(function).bind(list(values))
        self.generator = cast("AsyncGenerator[Any, None]", function(cast("Ports", Environment()), *arguments))
        self.up_at_once = False
        self.variables: Any = None
        self.task: asyncio.Task[Any] | None = None

    def begin(self) -> "Driven":
        """Take the first step outside of any task."""
        done = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_soon(self._begin, done)
        self.begun = done
        return self

    def _begin(self, done: asyncio.Future[None]) -> None:
        assert asyncio.current_task() is None
        step: Any = self.generator.__anext__()
        try:
            waiting = step.send(None)
        except StopIteration as end:
            self.up_at_once = True
            self.variables = end.value
        except BaseException as error:
            done.set_exception(error)
            return
        else:
            self.task = asyncio.get_running_loop().create_task(self._go_on(step, waiting))
        done.set_result(None)

    async def _go_on(self, step: Any, waiting: object) -> Any:
        return await go_on(step, waiting)

    async def up(self) -> Any:
        """Wait until it is up; return its variables."""
        await self.begun
        if self.task is not None:
            self.variables = await self.task
        return self.variables


def words(*texts: str) -> List:
    return List([text.encode() for text in texts])


def shell(script: str) -> List:
    return words("/bin/sh", "-c", script)


def test_runonce_is_up_with_the_status() -> None:
    async def act() -> list[Ended]:
        driven = [Driven(runonce, shell(f"exit {n}")).begin() for n in (0, 7)]
        return [await one.up() for one in driven] + [await Driven(runonce, words("/gone")).begin().up()]

    assert asyncio.run(act()) == [Ended(0), Ended(7), Ended(-1)]


def test_run_does_and_undoes(tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    async def act() -> None:
        one = Driven(run, shell(f"echo do >>{trace}"), shell(f"echo undo >>{trace}")).begin()
        await one.up()
        assert trace.read_text() == "do\n"
        await one.generator.aclose()

    asyncio.run(act())

    assert trace.read_text() == "do\nundo\n"


def test_run_with_nothing_to_do_is_up_without_suspending() -> None:
    async def act() -> bool:
        one = Driven(run, List([]), List([])).begin()
        await one.up()
        await one.generator.aclose()
        return one.up_at_once

    assert asyncio.run(act())


def test_run_torn_down_while_it_runs_finishes_and_undoes(tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    async def act() -> bool:
        one = Driven(run, shell(f"sleep 0.2; echo do >>{trace}"), shell(f"echo undo >>{trace}")).begin()
        await one.begun
        assert one.task is not None
        await asyncio.sleep(0)
        one.task.cancel()
        await asyncio.wait([one.task])
        return one.task.cancelled()

    assert asyncio.run(act())
    assert trace.read_text() == "do\nundo\n"


@pytest.mark.parametrize("command", [words("/bin/sleep", "1000"), words("/gone"), List([]), b"text", words("a\0")])
def test_daemon_is_up_without_suspending_whatever_its_command(command: Value) -> None:
    async def act() -> bool:
        one = Driven(daemon, command).begin()
        await one.up()
        await one.generator.aclose()
        return one.up_at_once

    assert asyncio.run(act())


@pytest.mark.parametrize(
    ("function", "arguments", "index"),
    [
        (run, [words("/bin/true")], -1),
        (run, [b"/bin/true", List([])], 0),
        (run, [List([]), b"x"], 1),
        (run, [List([b"/bin/true", List([])]), List([])], 0),
        (run, [words("/bin/true\0"), List([])], 0),
        (runonce, [List([])], 0),
        (runonce, [b"/bin/true"], 0),
        (runonce, [words("/bin/true"), Map({b"no_such_option": b"true"})], 1),
        (runonce, [words("/bin/true"), Map({b"keep_stdout": List([])})], 1),
        (runonce, [words("/bin/true"), Map({b"term_on_deinit": List([])})], 1),
        (runonce, [words("/bin/true"), Map({b"username": b"a\0"})], 1),
        (runonce, [words("/bin/true"), Map({b"retry_time": b"1"})], 1),
        (runonce, [words("/bin/true"), words("username")], 1),
        (runonce, [words("/bin/true"), b"keep_stdout"], 1),
        (daemon, [], -1),
        (daemon, [words("/bin/true"), words("keep_stdout")], 1),
        (daemon, [words("/bin/true"), Map({b"term_on_deinit": b"true"})], 1),
        (daemon, [words("/bin/true"), Map({b"retry_time": b"-1"})], 1),
        (daemon, [words("/bin/true"), Map({b"retry_time": b""})], 1),
        (daemon, [words("/bin/true"), Map({List([]): b""})], 1),
        (daemon, [words("/bin/true"), Map({b"environment": Map({b"A=B": b"c"})})], 1),
        (daemon, [words("/bin/true"), Map({b"limits": Map({b"files": b"1"})})], 1),
        (run, [List([]), List([]), List([])], 2),
        (run, [List([]), List([]), Map({b"limits": Map({b"nofile": b"2:1"})})], 2),
    ],
)
def test_a_wrong_argument_is_refused_and_pointed_at(function: Any, arguments: list[Value], index: int) -> None:
    declaration: Declaration = declaration_of(function)

    with pytest.raises(Refused) as refused:
        declaration.bind(arguments)

    assert refused.value.argument == index


@pytest.mark.parametrize(
    ("options", "flags"),
    [
        (List([b"keep_stdout", b"term_on_deinit"]), (True, False, False, None, True)),
        (Map({b"keep_stdout": b"yes", b"keep_stderr": b"true"}), (False, True, False, None, False)),
        (Map({b"do_setsid": b"true", b"username": b""}), (False, False, True, "", False)),
        (List([]), (False, False, False, None, False)),
    ],
)
def test_both_spellings_of_options_say_the_same(options: Value, flags: tuple[object, ...]) -> None:
    read = RUNONCE_OPTIONS.read(options)

    assert read is not None
    assert (*read.child[:4], read.term_on_deinit) == flags


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({b"limits": Map({b"nofle": b"1"})}, "option limits: there is no option `nofle`; known are as, core, cpu,"),
        ({b"limits": Map({b"nofile": b"2:1"})}, "option limits: option nofile: expected a limit: a whole number,"),
        ({b"environment": Map({b"A=B": b"c"})}, "option environment: 'A=B' cannot be the name of a variable"),
        ({b"environment": Map({b"A": List([])})}, "option environment: the variable A must be a string, not a list"),
        ({b"environment": Map({b"A": b"a\0"})}, "option environment: the variable A must be a string without NUL"),
        ({b"usrname": b"nobody"}, "there is no option `usrname`; known are "),
        ({b"retry_time": b"soon"}, "option retry_time: expected a time: whole milliseconds"),
    ],
)
def test_what_is_wrong_with_an_option_is_said_of_that_one(options: dict[Value, Value], message: str) -> None:
    with pytest.raises(Refused) as refused:
        declaration_of(daemon).bind([words("/bin/true"), Map(options)])

    assert refused.value.message.startswith(message)


@pytest.mark.parametrize("shape", [RUNONCE_OPTIONS, DAEMON_OPTIONS, PROGRAM, EXIT_STATUS])
def test_what_a_shape_writes_it_reads_back(shape: Any) -> None:
    samples: list[Value] = [
        Map({b"keep_stderr": b"true", b"username": b"nobody"}),
        Map({b"retry_time": b"7"}),
        words("/bin/true", "x"),
        b"-1",
        b"255",
    ]

    read = [found for found in map(shape.read, samples) if found is not None]

    assert read
    assert [shape.read(shape.write(found)) for found in read] == read
