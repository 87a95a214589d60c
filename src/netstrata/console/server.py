"""The console's life: the address is taken, rights are given up, then it serves until it is told to end."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import anyio._backends._asyncio  # noqa: F401  # else it is looked for when rights are gone, perhaps in vain
import uvicorn

from netstrata.console.connection_limits import LimitedConnection
from netstrata.console.feed import Feed
from netstrata.console.guard import RequestGuard
from netstrata.console.page import Page
from netstrata.console.queries import Daemon
from netstrata.console.refusal_log import RefusalLog
from netstrata.console.rights import RightsKept, give_up_root
from netstrata.console.routes import make_app
from netstrata.console.token import BadToken, read_token

__all__ = ["BadToken", "ConsoleOptions", "RightsKept", "serve"]

LARGEST_HEAD: Final = 16 * 1024  # bytes of a request's head


class ConsoleOptions(NamedTuple):
    """How the console is to be.

    Shapes: control is a path; port 0 for any; user is whom root goes on as, "" for one without rights; token_file ""
    for a new token.
    """

    control: str
    port: int
    operate: bool
    user: str
    token_file: str


class _Server(uvicorn.Server):
    """uvicorn's, but SIGINT and SIGTERM are a good end, also for the browsers' streams, which it waits for."""

    def __init__(self, config: uvicorn.Config, feed: Feed) -> None:
        super().__init__(config)
        self._feed = feed

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end)
        yield

    def _end(self) -> None:
        self.should_exit = True
        self._feed.close()


def serve(options: ConsoleOptions, say: Callable[[str], None], tell_address: Callable[[str], None]) -> None:
    """Serve until SIGINT or SIGTERM; tell the address, with its token, when it can be opened.

    Raises: OSError if the address cannot be had; RightsKept; BadToken.
    """
    listener = socket.create_server(("127.0.0.1", options.port), backlog=128)
    page = Page()
    refusals = RefusalLog(say)
    token = read_token(options.token_file)
    LimitedConnection.refusals = refusals
    _log_to(say)

    async def run() -> None:
        daemon = Daemon(options.control)
        feed = Feed(daemon, options.operate, say)
        guard = RequestGuard(make_app(daemon, feed, page, options.operate), token, refusals)
        server = _Server(_config(guard), feed)
        server.config.load()
        if os.geteuid() == 0:
            say(give_up_root(options.user, options.operate))  # before a byte of anybody's is read
        following = asyncio.create_task(feed.run())
        following.add_done_callback(lambda task: _ended(task, server, say))
        tell_address(f"http://127.0.0.1:{listener.getsockname()[1]}/?token={token}")
        await server.serve(sockets=[listener])
        following.cancel()

    asyncio.run(run())


def _ended(task: "asyncio.Task[None]", server: uvicorn.Server, say: Callable[[str], None]) -> None:
    """End with the task that follows the daemon, should it break: a console that shows old news is worse than none."""
    if not task.cancelled() and task.exception() is not None:
        say(f"a bug of Netstrata: {task.exception()!r}; ending")
        server.should_exit = True


def _config(guard: RequestGuard) -> uvicorn.Config:
    return uvicorn.Config(
        guard,
        http=LimitedConnection,
        ws="none",
        loop="asyncio",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        h11_max_incomplete_event_size=LARGEST_HEAD,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=1,
    )


class _Lines(logging.Handler):
    """uvicorn's warnings, as lines of the console."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        self._say(record.getMessage().strip())


def _log_to(say: Callable[[str], None]) -> None:
    logger = logging.getLogger("uvicorn.error")
    logger.handlers = [_Lines(say)]
    logger.propagate = False
    logger.setLevel(logging.WARNING)
