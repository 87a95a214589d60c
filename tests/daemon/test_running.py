"""A program run by the daemon, in this process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from netstrata.daemon.running.program import EngineSettings, run_program
from netstrata.daemon.running.registry import make_registry
from netstrata.engine.environment import Observer, Retry
from netstrata.engine.process import Process, Statement
from netstrata.language.load import load


class Told(Observer[Process, Statement]):
    """What was told that is no one statement's."""

    def __init__(self) -> None:
        self.bugs: list[str] = []

    def broken(self, error: BaseException) -> None:
        """Remember a bug."""
        self.bugs.append(str(error))


class BadLinks:
    """Links whose callback in the event loop fails."""

    @property
    def links(self) -> "BadLinks":
        """Return itself: it is all ports."""
        return self

    @asynccontextmanager
    async def held_up(self, link: str) -> AsyncIterator[None]:
        """Have something called soon that fails."""
        asyncio.get_running_loop().call_soon(lambda: 1 // 0)
        yield


def test_a_callback_that_fails_is_told_and_the_daemon_goes_on() -> None:
    told = Told()
    written: list[bytes] = []
    text = b'process main { net.up("eth0"); sleep("5"); println("on"); exit("4"); }'

    code = run_program(
        load("p.ncd", lambda path: text),
        make_registry(),
        EngineSettings(told, True, Retry(5000), written.append, lambda *_: None, BadLinks(), [], 0, lambda: None),
    )

    assert (code, written) == (4, [b"on\n"])
    assert told.bugs == ["integer division or modulo by zero"]
