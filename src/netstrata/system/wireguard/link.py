"""A WireGuard link: the kernel's, or one of wireguard-go where the kernel has none."""

import asyncio
import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from netstrata.contract import Holder
from netstrata.contract.shapes.children import ChildOptions
from netstrata.ports import Command, NewLink
from netstrata.system.held.wait_queues import NAME
from netstrata.system.tools.run import need_program
from netstrata.system.wireguard.devices import WireguardDevices
from netstrata.values import Awaited, Unavailable

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from netstrata.ports import Links
    from netstrata.system.children import Child, RealChildren
    from netstrata.system.held import Leaving

PROGRAM: Final = "wireguard-go"
_READY_S: Final = 10.0
_LOOK_S: Final = 0.02
_ENVIRONMENT: Final = {b"WG_PROCESS_FOREGROUND": b"1", b"LOG_LEVEL": b"error"}


class HeldWireguardLink:
    """Made on entering, gone on leaving, unless it was there before.

    The program outlives a daemon that is killed, and is taken over as it runs; when it ends, the link goes with it.
    """

    __slots__ = ("_child", "_children", "_devices", "_kernel", "_link", "_links", "_who")

    def __init__(
        self, link: str, links: "Links", children: "RealChildren", devices: WireguardDevices, who: Holder | None
    ) -> None:
        """Take who makes links, and who starts programs."""
        self._link = link
        self._links = links
        self._children = children
        self._devices = devices
        self._who = who
        self._kernel: AbstractAsyncContextManager[None] | None = None
        self._child: Child | None = None

    def to_do(self, _leaving: "Leaving") -> list[str]:
        """Say what entering does."""
        return [f"make wireguard {self._link}"]

    async def __aenter__(self) -> None:
        if self._devices.kernel.is_there:
            self._kernel = self._links.held_link(NewLink(self._link, "wireguard"))
            await self._kernel.__aenter__()
            return
        operation = f"make wireguard {self._link}"
        program = os.fsencode(need_program(PROGRAM, f"{operation} (this kernel has none)"))
        command = Command([program, b"-f", os.fsencode(self._link)], ChildOptions(environment=_ENVIRONMENT))
        child = await self._children.adopt(command, self._who)
        if child is None and not self._devices.programs.is_there(self._link):
            self._check_name(operation)
            child = self._children.keep(command, self._who)
        self._child = child
        if child is None:
            return  # somebody else's
        try:
            with self._children.under_way():
                await self._wait_until_ready(child, operation)
        except BaseException:
            await self._stop()
            raise
        self._devices.programs.begin(self._link)
        child.when_ended(self._ended)

    async def __aexit__(self, *_: object) -> None:
        if self._kernel is not None:
            await self._kernel.__aexit__(None, None, None)
            return
        cancelled = await self._stop()
        if cancelled is not None:
            raise cancelled

    def _check_name(self, operation: str) -> None:
        """See that no link has the name, of which the program would say nothing that helps.

        Raises: Unavailable.
        """
        try:
            self._links.find(self._link)
        except Unavailable:
            return
        reason = "a link of that name is there, and no program that runs it"
        raise Unavailable(operation, reason, errno.EEXIST, (Awaited(NAME, self._link),))

    async def _wait_until_ready(self, child: "Child", operation: str) -> None:
        """Wait until it can be talked to.

        Raises: Unavailable if it cannot.
        """
        until = asyncio.get_running_loop().time() + _READY_S
        while not self._devices.programs.is_there(self._link):
            if child.ended:
                reason = f"{PROGRAM} {child.verdict}"
                said = child.last_line
                raise Unavailable(operation, f"{reason}: {said}" if said else reason)
            if asyncio.get_running_loop().time() > until:
                raise Unavailable(operation, f"{PROGRAM} does not answer", errno.ETIMEDOUT)
            with suppress(TimeoutError):
                await asyncio.wait_for(child.wait(), _LOOK_S)

    def _ended(self) -> None:
        child, self._child = self._child, None
        if child is not None and self._who is not None:
            self._who.lost(Unavailable(f"hold wireguard {self._link}", f"{PROGRAM} {child.verdict}"))

    async def _stop(self) -> "asyncio.CancelledError | None":
        child, self._child = self._child, None
        if child is None or child.ended:
            return None
        child.stop(self._children.stop_timeout.seconds, self._who.note if self._who is not None else _drop)
        return await child.outlast()


def _drop(_line: str) -> None:
    """Drop it."""
