"""The port for what stands below addresses, over this machine."""

import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import TYPE_CHECKING

from netstrata.contract import Holder
from netstrata.contract.options import Options
from netstrata.ports import Command
from netstrata.ports.backends import Association
from netstrata.protocols import wpa_configuration
from netstrata.system.backends.supplicant import Supplicant
from netstrata.system.backends.tap import DEVICE, make_tap, remove_tap
from netstrata.system.tools.run import Listening, find_program, need_program, run_to_end
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from netstrata.ports import Links
    from netstrata.system.children import RealChildren
    from netstrata.system.filesystem.generated import GeneratedFiles


class RealBackends:
    """Devices and programs of this machine."""

    __slots__ = ("_children", "_generated", "_links", "_who")

    def __init__(
        self, children: "RealChildren", generated: "GeneratedFiles", links: "Links", who: Holder | None = None
    ) -> None:
        """Take who starts programs and listens to them, where their configurations are, and who knows of carriers."""
        self._who = who
        self._children = children
        self._generated = generated
        self._links = links

    def on_behalf_of(self, who: Holder) -> "RealBackends":
        """Return the port for a statement."""
        return RealBackends(self._children, self._generated, self._links, who)

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
        supplicant = Supplicant(link, self._links, statement)
        listening = Listening(statement, supplicant.look)
        child = await self._children.adopt(command, listening, files)
        if child is None:
            child = self._children.keep(command, listening, files)
        try:
            supplicant.follow(child)
            while True:
                state = await supplicant.changed()
                if state is None:
                    raise Unavailable(f"keep {link} associated", f"{child.name} {child.verdict}")
                yield Association(*state.peer) if state.up and state.peer is not None else None
        finally:
            supplicant.leave()
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


def _drop(_line: str) -> None:
    """Drop it."""
