"""All who hold lines of the resolver configuration, and the one text they make together."""

import os
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from netstrata.contract import Holder
from netstrata.protocols.resolv_conf import MARK, configuration
from netstrata.system.dns import command, file, resolved
from netstrata.system.dns.command import ResolvconfCommand, managing_command
from netstrata.system.dns.file import ResolverFile
from netstrata.system.dns.used import UsedServers
from netstrata.system.fair_lock import FairLock, turn
from netstrata.system.filesystem.file_guard import FileGuard
from netstrata.system.held import NO_RECOVERY, Recovery, tell
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from asyncio import CancelledError, Future

    from netstrata.system.children import RealChildren

PATH = "/etc/resolv.conf"
_WAITS = "waits for its turn at resolvconf, which works for another statement"
_EXCLUSIVE = "resolvconf has servers of another interface alone in the file, which is exclusive there"
_COMMENT = MARK.decode() + " from its net.dns statements; what was here comes back when the last one goes."


class ResolverConfiguration:
    """The resolver configuration of this mount namespace.  Only resolvconf is waited for, by one at a time."""

    def __init__(self, children: "RealChildren", path: str = PATH, recovery: Recovery = NO_RECOVERY) -> None:
        self._children = children
        self._recovery = recovery
        recovery.knows_slow(file.KIND, self._undo_file)
        recovery.knows(command.KIND, self._undo_command)
        self._path = path
        self._turns = FairLock()
        self._holders: list[_Held] = []
        self._backend: ResolverFile | ResolvconfCommand | None = None
        self._guard: FileGuard | None = None
        self._used: UsedServers | None = None

    async def enter(self, holder: "_Held") -> None:
        """Take a holder in, and return once its servers are used.

        Raises: Unavailable, with the holder not taken in.
        """
        await self._take_in(holder)
        if self._used is not None and self._used.has_others_only(holder.lines):
            await self._until_used(holder)
        holder.is_up = True

    async def _take_in(self, holder: "_Held") -> None:
        async with turn(self._turns, _WAITS, holder.statement):
            backend = self._backend if self._backend is not None else self._choose()
            self._holders.append(holder)
            if isinstance(backend, ResolvconfCommand):
                self._backend = backend
                await self._enter_command(backend, holder)
                return
            try:
                self._write(backend, holder)
            except OSError as error:
                self._holders.remove(holder)
                raise Unavailable(f"write {self._path}", error.strerror or str(error), error.errno or 0) from None
            except BaseException:
                self._holders.remove(holder)
                raise
            self._backend = backend
            self._watch(backend)

    async def _enter_command(self, backend: ResolvconfCommand, holder: "_Held") -> None:
        """Have resolvconf take all lines; those of a holder who does not come in after all are taken out again."""
        try:
            self._follow_use()
            text = self._text()
            cancelled = None if backend.left_covers(text) else await backend.write(text, holder.statement)
            if cancelled is not None:
                raise cancelled
        except BaseException:
            await self._leave(holder)  # what one that has failed, or was ended, has done by then is not known
            raise

    async def _until_used(self, holder: "_Held") -> None:
        """Return once resolvconf has a server of a holder in the file."""
        from asyncio import get_running_loop

        holder.waiting = get_running_loop().create_future()
        try:
            holder.awaits(_EXCLUSIVE)
            await holder.waiting
        except BaseException:
            await self.leave(holder)
            raise
        finally:
            holder.awaits("")
            holder.waiting = None

    def _used_changed(self) -> None:
        """See whose servers are used, after resolvconf has made the file again."""
        for holder in self._holders[:]:
            is_used = self._used is None or not self._used.has_others_only(holder.lines)
            if holder.waiting is not None and is_used and not holder.waiting.done():
                holder.waiting.set_result(None)
            elif holder.is_up and not is_used:
                holder.lost(Unavailable("use name servers", _EXCLUSIVE))

    async def leave(self, holder: "_Held") -> None:
        """Let a holder go; what cannot be written back is said, and left."""
        async with turn(self._turns, _WAITS, holder.statement):
            cancelled = await self._leave(holder)
        if cancelled is not None:
            raise cancelled

    async def _leave(self, holder: "_Held") -> "CancelledError | None":
        if holder not in self._holders:
            return None  # the file was handed over
        self._holders.remove(holder)
        holder.is_up = False
        backend = self._backend
        if not self._holders:
            self._backend = None
            self._unguard()
        try:
            cancelled = await self._write_without(holder, backend)
        except (Unavailable, OSError) as error:
            cannot = error if isinstance(error, Unavailable) else f"cannot write {self._path}: {error.strerror}"
            holder.note(f"dns: {cannot}; ignoring")
            tell(holder.statement, holder.to_undo, str(cannot))
            if backend is not None and not self._holders and error.errno:  # else it is resolvconf that will not
                backend.leave(holder.statement)
            return None
        tell(holder.statement, holder.to_undo)
        return cancelled

    async def _write_without(
        self, holder: "_Held", backend: ResolverFile | ResolvconfCommand | None
    ) -> "CancelledError | None":
        """Write what is held still, or put back what was found.

        Raises: Unavailable, OSError.
        """
        if isinstance(backend, ResolvconfCommand):
            if self._holders and not backend.left_covers(self._text()):
                return await backend.write(self._text(), holder.statement)
            return await backend.restore(holder.statement) if not self._holders else None
        if backend is not None and self._holders:
            self._write(backend, holder)
        elif backend is not None:
            return await self._give_back(backend, holder.note)
        return None

    async def _give_back(self, backend: ResolverFile, note: Callable[[str], None]) -> "CancelledError | None":
        """Put back what was found, and have systemd-resolved forget what it has read here.

        Raises: OSError.
        """
        cancelled = None
        is_its_own = resolved.is_its_own(backend.found)
        try:
            if is_its_own:
                backend.write(configuration(_COMMENT, list(resolved.ITSELF)))
                cancelled = await resolved.have_it_read()
            if not backend.restore():
                note(f"dns: {self._path} was changed by somebody else, and is left like that")
            if not is_its_own:
                cancelled = await resolved.have_it_read()
        except Unavailable as error:
            note(f"dns: {error}; ignoring")
            backend.restore()
        return cancelled

    def _watch(self, backend: ResolverFile) -> None:
        """Watch the file for changes of others, if nobody does yet."""
        if self._guard is None:
            try:
                self._guard = FileGuard(backend, self._repair)
            except OSError as error:
                self._note(f"dns: {self._path} is not watched for changes: {error.strerror}")

    def _follow_use(self) -> None:
        """Watch the file that resolvconf makes, if nobody does yet."""
        if self._used is None:
            try:
                self._used = UsedServers(self._path, self._used_changed)
            except OSError as error:
                self._note(f"dns: {self._path} is not watched for changes: {error.strerror}")

    def _choose(self) -> ResolverFile | ResolvconfCommand:
        found = managing_command(self._path)
        if found is None:
            return ResolverFile(self._path, self._recovery)
        return ResolvconfCommand(self._children, found, self._recovery)

    def _write(self, backend: ResolverFile, holder: "_Held") -> None:
        """Write all lines, unless a daemon before us has left them with more, which others may want yet."""
        text = self._text()
        if not backend.left_covers(text):
            backend.write(text, holder.title)

    async def _undo_file(self, key: bytes, undo: bytes) -> None:
        """Undo what a daemon has left in the file, but for what is held of it."""
        backend = self._backend
        try:
            if not isinstance(backend, ResolverFile):
                left = ResolverFile(os.fsdecode(key), self._recovery)
                left.take_up(undo)
                await self._give_back(left, _ignore)
                return
            title = self._holders[0].title
            backend.take_over(undo, title)
            backend.write(self._text(), title)
        except OSError as error:
            raise Unavailable(f"write {self._path}", error.strerror or str(error), error.errno or 0) from None

    def _undo_command(self, key: bytes, undo: bytes) -> None:
        """Undo what a daemon has left with resolvconf, but for what is held of it."""
        if isinstance(self._backend, ResolvconfCommand):
            self._backend.write_now(self._text(), self._holders[0].title)
        else:
            command.undo(key, undo)

    def _text(self) -> bytes:
        ordered = sorted(self._holders, key=_priority)
        return configuration(_COMMENT, [line for holder in ordered for line in holder.lines])

    def _repair(self, wait: float) -> None:
        """Write again what somebody has overwritten."""
        if not isinstance(self._backend, ResolverFile):
            return
        if managing_command(self._path) is not None:
            self._hand_over(self._backend)
            return
        try:
            self._backend.write(self._text())
        except OSError as error:
            self._note(f"dns: {self._path} was changed by somebody else, and cannot be written: {error.strerror}")
            return
        self._note(f"dns: {self._path} was changed by somebody else; written again (not again for {wait:.0f} s)")

    def _hand_over(self, backend: ResolverFile) -> None:
        """Leave the file to resolvconf, which makes it now; all who hold lines begin again, and tell it theirs."""
        holders, self._holders = self._holders, []
        self._backend = None
        self._unguard()
        try:
            backend.restore()
        except OSError as error:
            holders[0].note(f"dns: cannot forget what {self._path} was before: {error.strerror}")
        for holder in holders:
            holder.is_up = False
            holder.lost(Unavailable("hold name servers", f"resolvconf makes {self._path} now"))

    def _unguard(self) -> None:
        if self._guard is not None:
            self._guard.close()
            self._guard = None
        if self._used is not None:
            self._used.close()
            self._used = None

    def _note(self, line: str) -> None:
        for holder in self._holders:
            holder.note(line)


def _ignore(_: str) -> None:
    """Say nothing: it is told as undone."""


def _priority(holder: "_Held") -> int:
    return holder.priority


def _text(line: bytes) -> str:
    return line.decode("utf-8", "backslashreplace")


class _Held:
    """One holder's lines."""

    __slots__ = ("_configuration", "is_up", "lines", "priority", "statement", "waiting")

    def __init__(
        self, configuration: ResolverConfiguration, lines: list[bytes], priority: int, who: Holder | None
    ) -> None:
        self._configuration = configuration
        self.statement = who
        self.lines = lines
        self.priority = priority
        self.is_up = False
        self.waiting: Future[None] | None = None  # until its servers are used

    @property
    def title(self) -> str:
        return self.statement.title if self.statement is not None else ""

    def note(self, line: str) -> None:
        if self.statement is not None:
            self.statement.note(line)

    def awaits(self, what: str) -> None:
        if self.statement is not None:
            self.statement.awaits(what)

    def lost(self, reason: Unavailable) -> None:
        if self.statement is not None:
            self.statement.lost(reason)

    def to_do(self, _: object = None) -> list[str]:
        """Say what entering does."""
        return [f"add to the resolver configuration: {_text(line)}" for line in self.lines]

    def to_undo(self) -> list[str]:
        """Say what leaving does."""
        return [f"take out of the resolver configuration: {_text(line)}" for line in reversed(self.lines)]

    async def __aenter__(self) -> None:
        await self._configuration.enter(self)
        tell(self.statement, self.to_do)

    async def __aexit__(self, *_: object) -> None:
        await self._configuration.leave(self)


class DnsPort:
    """The `Dns` port, called on behalf of one statement, or of nobody."""

    __slots__ = ("_configuration", "_who")

    def __init__(self, configuration: ResolverConfiguration, who: Holder | None = None) -> None:
        self._configuration = configuration
        self._who = who

    def on_behalf_of(self, who: Holder) -> "DnsPort":
        """Return the port for a statement."""
        return DnsPort(self._configuration, who)

    def held_lines(self, lines: list[bytes], priority: int) -> AbstractAsyncContextManager[None]:
        """Add lines while the context lasts; see `netstrata.ports.Dns`."""
        return _Held(self._configuration, lines, priority, self._who)
