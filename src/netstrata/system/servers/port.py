"""The port for servers, over the programs of this machine."""

import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING

from netstrata.contract import Holder
from netstrata.contract.options import Options
from netstrata.ports import Command
from netstrata.protocols import dnsmasq
from netstrata.system.held.wait_queues import ADDRESSES, NAME, PATHS, PORT
from netstrata.system.permission import may_change_user
from netstrata.system.tools.run import need_program
from netstrata.system.tools.supervised import Supervised
from netstrata.values import Awaited, Unavailable

if TYPE_CHECKING:
    from netstrata.system.children import RealChildren
    from netstrata.system.filesystem.generated import GeneratedFiles

_PORTS = tuple(Awaited(PORT, port) for port in (53, 67, 547))  # of names, of leases, of leases by DHCPv6


class RealServers:
    """Servers of this machine; their memory is in `state`."""

    __slots__ = ("_children", "_generated", "_served", "_state", "_who")

    def __init__(
        self, children: "RealChildren", generated: "GeneratedFiles", state: str, who: Holder | None = None
    ) -> None:
        """Take who starts programs and listens to them, where their configurations are, and a directory."""
        self._who = who
        self._children = children
        self._generated = generated
        self._state = state
        self._served: set[str] = set()

    def on_behalf_of(self, who: Holder) -> "RealServers":
        """Return the port for a statement."""
        port = RealServers(self._children, self._generated, self._state, who)
        port._served = self._served
        return port

    def held_dnsmasq(self, link: str, options: Options) -> AbstractAsyncContextManager[None]:
        """Serve a link by dnsmasq: see `ports.Servers`."""
        return self._held_dnsmasq(link, options)

    @asynccontextmanager
    async def _held_dnsmasq(self, link: str, options: Options) -> AsyncIterator[None]:
        operation = f"serve {link} with dnsmasq"
        program = need_program("dnsmasq", operation)
        if not dnsmasq.PLAIN_LINK.fullmatch(link):
            raise Unavailable(operation, "the link's name means something else in dnsmasq's configuration")
        if link in self._served:
            paths = (self._generated.path_of(f"dnsmasq-{link}.conf"),)
            raise Unavailable(operation, "another statement does", awaits=(Awaited(PATHS, paths),))
        leases = f"{self._state}/dnsmasq-{link}.leases"
        text = dnsmasq.configuration(link, options, leases)
        # In its debugging mode it does not become nobody, which is all that this changes for us.
        foreground = "--keep-in-foreground" if may_change_user() else "--no-daemon"
        with self._generated.held_file(f"dnsmasq-{link}.conf", self._who) as file:
            words = [program, foreground, f"--conf-file={file.path}", "--pid-file="]

            def prepare() -> None:
                os.makedirs(self._state, 0o755, exist_ok=True)
                file.write(text)

            command = Command([os.fsencode(word) for word in words])
            self._served.add(link)
            try:
                async with Supervised(
                    self._children,
                    command,
                    _has_started,
                    dnsmasq.reason,
                    prepare,
                    self._who,
                    os.fsencode(text),
                    (Awaited(NAME, link), Awaited(ADDRESSES, 0), *_PORTS),
                ):
                    yield
            finally:
                self._served.discard(link)


def _has_started(line: str) -> bool:
    return dnsmasq.STARTED in line
