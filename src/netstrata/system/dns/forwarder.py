"""A dnsmasq of our own, where names of domains have servers of their own and nobody else tells them apart.

It listens on an address of this machine alone, which resolv.conf names in the place of all servers, and asks these.
What it asks is in a file that it reads again at SIGHUP, so that its clients notice nothing.  Seen with 2.90: it does so
at once, says "cleared cache", and asks an unreachable server again and again with strict-order, another one without.
"""

import os
import socket
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Final

from netstrata.contract import Holder
from netstrata.ports import Command
from netstrata.protocols import dnsmasq
from netstrata.protocols.dnsmasq import Upstream
from netstrata.protocols.resolv_conf import FORWARDERS
from netstrata.system.filesystem.places import read_file
from netstrata.system.permission import may_change_user
from netstrata.system.tools.run import find_program, need_program
from netstrata.system.tools.supervised import Supervised
from netstrata.values import Refused, Unavailable

if TYPE_CHECKING:
    from netstrata.system.children import RealChildren
    from netstrata.system.filesystem.generated import GeneratedFile, GeneratedFiles

FILE: Final = "name-servers.conf"
ADDRESSES: Final = tuple(address.decode() for address in FORWARDERS)
_READ_S: Final = 1.0  # that it may take to read its file again
_FILE_MOST: Final = 1 << 20
_WORDS: Final = (
    "--conf-file=/dev/null",
    "--no-resolv",
    "--no-hosts",
    "--bind-interfaces",
    "--pid-file=",
    "--log-facility=-",
)


class Forwarder:
    """It runs while it has anything to ask."""

    def __init__(self, children: "RealChildren", generated: "GeneratedFiles", who: Holder) -> None:
        """Start nothing yet; who hears of it."""
        self._children = children
        self._generated = generated
        self._who = who
        self._stack = AsyncExitStack()
        self._file: GeneratedFile | None = None
        self._running: Supervised | None = None
        self._text = ""
        self.address = ""  # where it answers

    @property
    def is_possible(self) -> bool:
        """Whether there is a dnsmasq."""
        return find_program("dnsmasq") is not None

    async def use(self, upstreams: list[Upstream]) -> None:
        """Have it ask these from now on.

        Raises: Unavailable.
        """
        operation = "forward names with dnsmasq"
        if self._running is None:
            self.address = self._left_at() or _free_address(operation)
        try:
            text = dnsmasq.forwarding(upstreams, self.address)
        except Refused as error:
            raise Unavailable(operation, error.message) from None
        before, self._text = self._text, text
        try:
            if self._running is None:
                await self._start(operation)
            elif text != before:
                self._write()
                await self._running.reread(lambda line: dnsmasq.READ_AGAIN in line, _READ_S)
        except BaseException as error:
            self._text = before
            if isinstance(error, OSError):
                raise Unavailable(f"write {error.filename}", error.strerror or str(error), error.errno or 0) from None
            raise

    async def end(self) -> None:
        """Have it end."""
        self._running = self._file = None
        self.address = ""
        await self._stack.aclose()

    async def _start(self, operation: str) -> None:
        program = need_program("dnsmasq", operation)
        try:
            self._file = self._stack.enter_context(self._generated.held_file(FILE, self._who, is_public=True))
            # In its debugging mode it does not become nobody, which is all that this changes for us.
            foreground = "--keep-in-foreground" if may_change_user() else "--no-daemon"
            own = (f"--listen-address={self.address}", f"--servers-file={self._file.path}")
            command = Command([os.fsencode(word) for word in (program, foreground, *_WORDS, *own)])
            running = Supervised(
                self._children, command, lambda line: dnsmasq.STARTED in line, dnsmasq.reason, self._write, self._who
            )
            await self._stack.enter_async_context(running)
            await running.reread(lambda line: dnsmasq.READ_AGAIN in line, _READ_S)  # one that was left has another text
        except BaseException:
            await self.end()
            raise
        self._running = running

    def _left_at(self) -> str:
        """Return the address of one that a daemon before us has left, "" if there is none."""
        try:
            text = read_file(self._generated.path_of(FILE, is_public=True), _FILE_MOST)
        except OSError:
            return ""
        address = dnsmasq.answers_at(text.decode("utf-8", "replace"))
        return address if address in ADDRESSES else ""

    def _write(self) -> None:
        assert self._file is not None
        self._file.write(self._text)


def _free_address(operation: str) -> str:
    """Return an address at which nobody answers.

    Raises: Unavailable.
    """
    for address in ADDRESSES:
        if all(_is_free(address, kind) for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM)):
            return address
    raise Unavailable(operation, f"another server has port 53 of {ADDRESSES[0]} to {ADDRESSES[-1]}")


def _is_free(address: str, kind: int) -> bool:
    with socket.socket(socket.AF_INET, kind | socket.SOCK_CLOEXEC) as trial:
        if kind == socket.SOCK_STREAM:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((address, 53))
        except OSError:
            return False
    return True
