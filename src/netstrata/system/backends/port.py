"""The port for what stands below addresses, over this machine."""

import asyncio
import os
from ast import literal_eval
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from netstrata.contract import SUPPLICANT, Holder
from netstrata.contract.options import Options
from netstrata.ports import Command
from netstrata.ports.backends import Association
from netstrata.protocols import wpa_configuration
from netstrata.protocols.wpa import IDLE, Confused, Wpa, read_line, step
from netstrata.system.backends.tap import DEVICE, make_tap, remove_tap
from netstrata.system.tools.run import Listening, find_program, need_program, run_to_end
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from netstrata.system.children import Child, RealChildren, StopTimeout
    from netstrata.system.filesystem.generated import GeneratedFiles


class RealBackends:
    """Devices and programs of this machine."""

    __slots__ = ("_children", "_generated", "_who")

    def __init__(self, children: "RealChildren", generated: "GeneratedFiles", who: Holder | None = None) -> None:
        """Take who starts programs and listens to them, and where their configurations are."""
        self._who = who
        self._children = children
        self._generated = generated

    def on_behalf_of(self, who: Holder) -> "RealBackends":
        """Return the port for a statement."""
        return RealBackends(self._children, self._generated, who)

    def held_tap(self, name: str, user: str) -> AbstractAsyncContextManager[None]:
        """Make a TAP device: see `ports.Backends`."""
        return self._held_tap(name, user)

    @asynccontextmanager
    async def _held_tap(self, name: str, user: str) -> AsyncIterator[None]:
        statement = self._who
        modprobe = None if os.access(DEVICE, os.F_OK) else find_program("modprobe")
        if modprobe is not None:
            loaded = await run_to_end(self._children, [os.fsencode(modprobe), b"tun"], statement)
            if loaded.cancelled is not None:
                raise loaded.cancelled
        make_tap(name, user)
        try:
            yield
        finally:
            try:
                remove_tap(name)
            except OSError as error:
                if statement is not None:
                    statement.note(f"cannot remove {name}: {error.strerror or error}; ignoring")

    def watch_association(
        self, link: str, configuration: bytes, program: bytes, arguments: list[bytes]
    ) -> AsyncGenerator[Association | None, None]:
        """Run a wpa_supplicant for a link: see `ports.Backends`."""
        return self._watch_association(link, configuration, program, arguments, b"")

    async def _watch_association(
        self, link: str, configuration: bytes, program: bytes, arguments: list[bytes], files: bytes
    ) -> AsyncGenerator[Association | None, None]:
        """Do so; `files` is what the configuration holds, if it is ours."""
        path = program if program.startswith(b"/") else b"./" + program
        command = Command([path, *arguments, b"-i", os.fsencode(link), b"-c", configuration])
        statement = self._who
        supplicant = _Supplicant(os.fsencode(link), statement)
        listening = Listening(statement, supplicant.look)
        child = await self._children.adopt(command, listening, files)
        if child is None:
            child = self._children.keep(command, listening, files)
        supplicant.follow(child, self._children.stop_timeout)
        try:
            while True:
                state = await supplicant.changed()
                if state is None:
                    raise Unavailable(f"keep {link} associated", f"{child.name} {supplicant.why or child.verdict}")
                yield Association(*state.peer) if state.up and state.peer is not None else None
        finally:
            if not child.ended:
                child.stop(self._children.stop_timeout.seconds, statement.note if statement is not None else _drop)
                await child.outlast()

    async def watch_network(self, link: str, options: Options) -> AsyncGenerator[Association | None, None]:
        """Run a wpa_supplicant with a configuration that is generated: see `ports.Backends`."""
        operation = f"authenticate {link} with wpa_supplicant"
        text = wpa_configuration.configuration(link, options)
        program = need_program("wpa_supplicant", operation)
        with self._generated.held_file(f"wpa_supplicant-{link}.conf", self._who) as file:
            file.write(text)
            arguments = [b"-D", wpa_configuration.driver(options)]
            path, configuration = os.fsencode(program), os.fsencode(file.path)
            watched = self._watch_association(link, configuration, path, arguments, os.fsencode(text))
            async with aclosing(watched) as states:
                async for state in states:
                    yield state


class _Supplicant:
    """Follows what a wpa_supplicant says."""

    __slots__ = ("_changes", "_child", "_link", "_state", "_statement", "_stop_timeout", "_trouble", "why")

    def __init__(self, link: bytes, statement: Holder | None) -> None:
        self._statement = statement
        self._trouble = ""  # why the last attempt failed
        self.why = ""
        self._link = link
        self._state: Wpa = IDLE
        self._changes: asyncio.Queue[Wpa | None] = asyncio.Queue()
        self._child: Child | None = None
        self._stop_timeout: StopTimeout | None = None

    def follow(self, child: "Child", stop_timeout: "StopTimeout") -> None:
        """Take the program, go on from where it was last known to be, and be called when it ends."""
        self._child = child
        self._stop_timeout = stop_timeout
        if child.keeping is not None and child.keeping.memory:
            self._state = Wpa(*literal_eval(child.keeping.memory.decode()))
        child.catch_up()
        self._changes = asyncio.Queue()  # of what it said while nobody listened, only where it is now matters
        if self._state.up and not self.why:
            self._changes.put_nowait(self._state)
        child.when_ended(lambda: self._changes.put_nowait(None))

    async def changed(self) -> Wpa | None:
        """Wait until the link comes up or goes down; None when the program has ended."""
        return await self._changes.get()

    def look(self, line: str) -> None:
        """Look at a line.  After one that cannot be, nothing counts but the end."""
        if self.why:
            return
        self._tell(line.encode())
        state = step(self._state, line.encode(), self._link)
        if isinstance(state, Confused):
            self.why = f"said what cannot be now: {state.line.decode()}"
            if self._child is not None and self._stop_timeout is not None and not self._child.ended:
                self._child.stop(self._stop_timeout.seconds, _drop)
            return
        if state.up != self._state.up:
            self._changes.put_nowait(state)
        if state != self._state and self._child is not None and self._child.keeping is not None:
            self._child.keeping.remember(repr(tuple(state)).encode())
        self._state = state

    def _tell(self, line: bytes) -> None:
        """Note how the authentication goes; the reason why an attempt failed stays until one succeeds."""
        said = read_line(line, self._link)
        if said is None or self._statement is None:
            return
        if said.failed:
            self._trouble = said.text
        elif said.connected:
            self._trouble = ""
        again = f"; before: {self._trouble}" if self._trouble and not said.failed else ""
        self._statement.note(f"wpa_supplicant: {said.text}{again}", SUPPLICANT)


def _drop(_line: str) -> None:
    """Drop it."""
