"""All who hold lines of the resolver configuration, and the one text they make together."""

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from netstrata.contract import Holder, current_holder
from netstrata.protocols.resolv_conf import configuration
from netstrata.system.dns.command import ResolvconfCommand, managing_command
from netstrata.system.dns.file import MARK, ResolverFile
from netstrata.system.fair_lock import FairLock, turn
from netstrata.system.filesystem.file_guard import FileGuard
from netstrata.values import Refused, Unavailable

if TYPE_CHECKING:
    from asyncio import CancelledError

    from netstrata.system.children import RealChildren

PATH = "/etc/resolv.conf"
_WAITS = "waits for its turn at resolvconf, which works for another statement"
_COMMENT = MARK.decode() + " from its net.dns statements; what was here comes back when the last one goes."


class ResolverConfiguration:
    """The resolver configuration of this mount namespace.  Only resolvconf is waited for, by one at a time."""

    def __init__(self, children: "RealChildren", path: str = PATH) -> None:
        self._children = children
        self._path = path
        self._turns = FairLock()
        self._holders: list[_Held] = []
        self._backend: ResolverFile | ResolvconfCommand | None = None
        self._guard: FileGuard | None = None

    def held_lines(self, lines: list[bytes], priority: int) -> AbstractAsyncContextManager[None]:
        """Add lines while the context lasts; see `netstrata.ports.Dns`."""
        return _Held(self, lines, priority)

    async def enter(self, holder: "_Held") -> None:
        """Take a holder in.

        Raises: Unavailable, with the holder not taken in.
        """
        async with turn(self._turns, _WAITS):
            backend = self._backend if self._backend is not None else self._choose()
            self._holders.append(holder)
            if isinstance(backend, ResolvconfCommand):
                self._backend = backend
                await self._enter_command(backend, holder)
                return
            try:
                backend.write(self._text())
            except Refused:
                self._holders.remove(holder)
                raise
            except OSError as error:
                self._holders.remove(holder)
                raise Unavailable(f"write {self._path}", error.strerror or str(error), error.errno or 0) from None
            self._backend = backend
            self._watch(backend)

    async def _enter_command(self, backend: ResolvconfCommand, holder: "_Held") -> None:
        """Have resolvconf take all lines; those of a holder who does not come in after all are taken out again."""
        try:
            cancelled = await backend.write(self._text(), holder.statement)
            if cancelled is not None:
                raise cancelled
        except BaseException:
            await self._leave(holder)  # what one that has failed, or was ended, has done by then is not known
            raise

    async def leave(self, holder: "_Held") -> None:
        """Let a holder go; what cannot be written back is said, and left."""
        async with turn(self._turns, _WAITS):
            cancelled = await self._leave(holder)
        if cancelled is not None:
            raise cancelled

    async def _leave(self, holder: "_Held") -> "CancelledError | None":
        self._holders.remove(holder)
        backend = self._backend
        if not self._holders:
            self._backend = None
            self._unguard()
        try:
            if isinstance(backend, ResolvconfCommand):
                if self._holders:
                    return await backend.write(self._text(), holder.statement)
                return await backend.restore(holder.statement)
            if backend is not None and self._holders:
                backend.write(self._text())
            elif backend is not None and not backend.restore():
                holder.note(f"dns: {self._path} was changed by somebody else, and is left like that")
        except Unavailable as error:
            holder.note(f"dns: {error}; ignoring")
        except OSError as error:
            holder.note(f"dns: cannot write {self._path}: {error.strerror}; ignoring")
        return None

    def _watch(self, backend: ResolverFile) -> None:
        """Watch the file for changes of others, if nobody does yet."""
        if self._guard is None:
            try:
                self._guard = FileGuard(backend, self._repair)
            except OSError as error:
                self._note(f"dns: {self._path} is not watched for changes: {error.strerror}")

    def _choose(self) -> ResolverFile | ResolvconfCommand:
        command = managing_command(self._path)
        return ResolverFile(self._path) if command is None else ResolvconfCommand(self._children, command)

    def _text(self) -> bytes:
        ordered = sorted(self._holders, key=_priority)
        return configuration(_COMMENT, [line for holder in ordered for line in holder.lines])

    def _repair(self, wait: float) -> None:
        """Write again what somebody has overwritten."""
        if not isinstance(self._backend, ResolverFile):
            return
        try:
            self._backend.write(self._text())
        except OSError as error:
            self._note(f"dns: {self._path} was changed by somebody else, and cannot be written: {error.strerror}")
            return
        self._note(f"dns: {self._path} was changed by somebody else; written again (not again for {wait:.0f} s)")

    def _unguard(self) -> None:
        if self._guard is not None:
            self._guard.close()
            self._guard = None

    def _note(self, line: str) -> None:
        for holder in self._holders:
            holder.note(line)


def _priority(holder: "_Held") -> int:
    return holder.priority


class _Held:
    """One holder's lines."""

    __slots__ = ("_configuration", "lines", "priority", "statement")

    def __init__(self, configuration: ResolverConfiguration, lines: list[bytes], priority: int) -> None:
        self._configuration = configuration
        self.statement: Holder | None = None
        self.lines = lines
        self.priority = priority

    def note(self, line: str) -> None:
        if self.statement is not None:
            self.statement.note(line)

    async def __aenter__(self) -> None:
        self.statement = current_holder()
        await self._configuration.enter(self)

    async def __aexit__(self, *_: object) -> None:
        await self._configuration.leave(self)
