"""The port for servers, over the programs of this machine."""

import os
import re
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TYPE_CHECKING

from netstrata.contract.options import Options
from netstrata.ports import Command
from netstrata.protocols import dnsmasq
from netstrata.system.programs import find_program
from netstrata.system.supervised import Supervised
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from netstrata.system.children import RealChildren

_PLAIN_LINK = re.compile(r"[A-Za-z0-9@._+-]+")  # in a configuration file, others would mean something


class RealServers:
    """Servers of this machine; their configurations are in `run`, their memory is in `state`."""

    __slots__ = ("_children", "_run", "_served", "_state")

    def __init__(self, children: "RealChildren", run: str, state: str) -> None:
        """Take who starts programs and listens to them, and the two directories."""
        self._children = children
        self._run = run
        self._state = state
        self._served: set[str] = set()

    def held_dnsmasq(self, link: str, options: Options) -> AbstractAsyncContextManager[None]:
        """Serve a link by dnsmasq: see `ports.Servers`."""
        return self._held_dnsmasq(link, options)

    @asynccontextmanager
    async def _held_dnsmasq(self, link: str, options: Options) -> AsyncIterator[None]:
        operation = f"serve {link} with dnsmasq"
        program = find_program("dnsmasq")
        if program is None:
            raise Unavailable(operation, "the program dnsmasq is neither in PATH nor in /usr/sbin")
        if not _PLAIN_LINK.fullmatch(link):
            raise Unavailable(operation, "the link's name means something else in dnsmasq's configuration")
        if link in self._served:
            raise Unavailable(operation, "another statement does")
        path = f"{self._run}/dnsmasq-{link}.conf"
        leases = f"{self._state}/dnsmasq-{link}.leases"
        text = dnsmasq.configuration(link, options, leases)
        # In its debugging mode it does not become nobody, which is all that this changes for us.
        foreground = "--keep-in-foreground" if _may_change_user() else "--no-daemon"
        words = [program, foreground, f"--conf-file={path}", "--pid-file="]

        def prepare() -> None:
            os.makedirs(self._state, 0o755, exist_ok=True)
            _write_private(path, text)

        command = Command([os.fsencode(word) for word in words])
        self._served.add(link)
        try:
            async with Supervised(self._children, command, _has_started, dnsmasq.reason, prepare):
                yield
        finally:
            self._served.discard(link)
            with suppress(OSError):
                os.unlink(path)


def _has_started(line: str) -> bool:
    return dnsmasq.STARTED in line


def _write_private(path: str, text: str) -> None:
    """Write a file that only we can read.

    Raises: OSError.
    """
    os.makedirs(os.path.dirname(path), 0o755, exist_ok=True)
    temporary = f"{path}.new"
    with suppress(FileNotFoundError):
        os.unlink(temporary)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
    os.rename(temporary, path)


def _may_change_user() -> bool:
    """Say whether a program can become nobody; as root of a user namespace made without root it cannot."""
    try:
        with open("/proc/self/setgroups", encoding="ascii") as file:
            return file.read().strip() != "deny"
    except OSError:
        return True
