"""All who hold lines of the resolver configuration, and the one text they make together."""

import os
from collections import deque
from collections.abc import Callable
from time import time
from typing import TYPE_CHECKING

from netstrata.protocols.resolv_conf import MARK, configuration
from netstrata.system.dns import command, file, network_manager, resolved
from netstrata.system.dns.command import ResolvconfCommand, managing_command
from netstrata.system.dns.file import ResolverFile
from netstrata.system.dns.held import HeldLines
from netstrata.system.dns.network_manager import LinesBeside
from netstrata.system.dns.used import FileChanges, has_others_only, servers_of
from netstrata.system.fair_lock import FairLock, turn
from netstrata.system.filesystem.file_guard import FileGuard
from netstrata.system.held import NO_RECOVERY, Recovery, tell
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from asyncio import CancelledError, Task

    from netstrata.system.children import RealChildren

PATH = "/etc/resolv.conf"
REMEMBERED = 10  # of what others have done
_WAITS = "waits for its turn at the resolver configuration, on which another program works"
_EXCLUSIVE = "resolvconf has servers of another interface alone in the file, which is exclusive there"
_ALONE = "NetworkManager has servers of a connection alone in the file, whose dns-priority is below 0"
_COMMENT = MARK.decode() + " from its net.dns statements; what was here comes back when the last one goes."


class ResolverConfiguration:
    """The resolver configuration of this mount namespace.  Only other programs are waited for, by one at a time."""

    def __init__(self, children: "RealChildren", path: str = PATH, recovery: Recovery = NO_RECOVERY) -> None:
        self._children = children
        self._recovery = recovery
        recovery.knows_slow(file.KIND, self._undo_file)
        recovery.knows(command.KIND, self._undo_command)
        self.path = self._path = path
        self.happened: deque[tuple[float, str]] = deque(maxlen=REMEMBERED)  # what others have done, with wall times
        self._turns = FairLock()
        self._holders: list[HeldLines] = []
        self._backend: ResolverFile | ResolvconfCommand | None = None
        self._guard: FileGuard | None = None
        self.beside = LinesBeside()  # NetworkManager's lines, if it makes the file
        self._changes: FileChanges | None = None
        self._following: Task[None] | None = None
        self.forwarded_to = b""  # who is named in the place of all servers, and asks them
        self._place_of: Callable[[str], int] = lambda link: 0
        self._on_change: Callable[[], None] = lambda: None
        self._count = 0

    def know_links(self, place_of: Callable[[str], int], on_change: Callable[[], None]) -> None:
        """Know which place a link has among uplinks, which decides of equal priorities, and whom to tell of holders."""
        self._place_of = place_of
        self._on_change = on_change

    def rank(self, priority: int, link: str, number: int) -> tuple[int, int, int]:
        """Return what decides who comes first: the smallest."""
        return priority, self._place_of(link) if link else 0, number

    def next_number(self) -> int:
        """Return the number of one who comes now."""
        self._count += 1
        return self._count

    @property
    def holders(self) -> list[HeldLines]:
        """All who hold lines, in their order."""
        return sorted(self._holders, key=lambda one: self.rank(one.priority, one.link, one.number))

    @property
    def backend(self) -> ResolverFile | ResolvconfCommand | None:
        """Who has the lines; nobody while there are none."""
        return self._backend

    @property
    def is_ours(self) -> bool:
        """Whether the file is as it was written here."""
        return isinstance(self._backend, ResolverFile) and self._backend.is_ours()

    async def enter(self, holder: HeldLines) -> None:
        """Take a holder in, and return once its servers are used.

        Raises: Unavailable, with the holder not taken in.
        """
        if not await self._take_in(holder):
            await self._until_taken_in(holder)
        if isinstance(self._backend, ResolvconfCommand) and has_others_only(self._path, holder.lines):
            await self._until_used(holder)
        holder.is_up = True
        self._on_change()

    async def rewrite(self) -> None:
        """Write all lines again, if their order is another one now."""
        async with turn(self._turns, _WAITS, None):
            try:
                if isinstance(self._backend, ResolverFile):
                    self._backend.write(self._text())
                elif self._backend is not None and self._holders:
                    await self._backend.write(self._text(), None)
            except (Unavailable, OSError) as error:
                self._note(f"dns: cannot write {self._path} again: {error}")

    async def _take_in(self, holder: HeldLines) -> bool:
        """Take a holder in; say whether NetworkManager has a place for its lines, else it is not taken in."""
        holder.number = holder.number or self.next_number()
        async with turn(self._turns, _WAITS, holder.statement):
            backend = self._backend if self._backend is not None else self.choose()
            if isinstance(backend, ResolvconfCommand):
                self._holders.append(holder)
                self._backend = backend
                await self._enter_command(backend, holder)
                return True
            await self.beside.look(lambda: backend.found)
            if self.beside.wants_all:
                return False
            self._holders.append(holder)
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
            if not self.beside.is_as_seen(backend.found):
                self._follow_soon()
            return True

    async def _until_taken_in(self, holder: HeldLines) -> None:
        """Return once NetworkManager has made a file in which there is a place for a holder's lines."""
        from asyncio import Event

        changed = Event()
        try:
            changes = FileChanges((self._path, network_manager.FILE), changed.set)
        except OSError as error:
            raise Unavailable(f"watch {self._path}", error.strerror or str(error), error.errno or 0) from None
        try:
            while not await self._take_in(holder):
                holder.awaits(_ALONE)
                await changed.wait()
                changed.clear()
        finally:
            changes.close()
            holder.awaits("")

    async def _enter_command(self, backend: ResolvconfCommand, holder: HeldLines) -> None:
        """Have resolvconf take all lines; those of a holder who does not come in after all are taken out again."""
        try:
            self._look_when_made((self._path,), self._used_changed)
            text = self._text()
            cancelled = None if backend.left_covers(text) else await backend.write(text, holder.statement)
            if cancelled is not None:
                raise cancelled
        except BaseException:
            await self._leave(holder)  # what one that has failed, or was ended, has done by then is not known
            raise

    async def _until_used(self, holder: HeldLines) -> None:
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
            is_used = not has_others_only(self._path, holder.lines)
            if holder.waiting is not None and is_used and not holder.waiting.done():
                holder.waiting.set_result(None)
            elif holder.is_up and not is_used:
                holder.lost(Unavailable("use name servers", _EXCLUSIVE))

    async def leave(self, holder: HeldLines) -> None:
        """Let a holder go; what cannot be written back is said, and left."""
        async with turn(self._turns, _WAITS, holder.statement):
            cancelled = await self._leave(holder)
        self._on_change()
        if cancelled is not None:
            raise cancelled

    async def _leave(self, holder: HeldLines) -> "CancelledError | None":
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
        self, holder: HeldLines, backend: ResolverFile | ResolvconfCommand | None
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
        if self.beside.is_there():
            self._look_when_made((network_manager.FILE,), self._follow_soon)

    def _look_when_made(self, paths: tuple[str, ...], changed: Callable[[], None]) -> None:
        """Watch files that another program makes, if nobody does yet."""
        if self._changes is None:
            try:
                self._changes = FileChanges(paths, changed)
            except OSError as error:
                self._note(f"dns: {paths[0]} is not watched for changes: {error.strerror}")

    def choose(self) -> ResolverFile | ResolvconfCommand:
        """Return who would have the lines of the next one."""
        found = managing_command(self._path)
        if found is None:
            return ResolverFile(self._path, self._recovery)
        return ResolvconfCommand(self._children, found, self._recovery)

    def _write(self, backend: ResolverFile, holder: HeldLines) -> None:
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
        is_command = isinstance(self._backend, ResolvconfCommand)
        lines = [line for holder in self.holders for line in holder.lines]
        lines = lines if is_command else self.beside.around(lines)
        if self.forwarded_to:
            lines = [b"nameserver " + self.forwarded_to, *(line for line in lines if not servers_of([line]))]
        return configuration(_COMMENT, lines)

    def _repair(self, wait: float) -> None:
        """Write again what somebody has overwritten."""
        if not isinstance(self._backend, ResolverFile):
            return
        if managing_command(self._path) is not None:
            self._hand_over(self._backend, f"resolvconf makes {self._path} now")
            return
        if self.beside.is_there() or network_manager.has_made(self._backend.found):
            self._follow_soon()
            return
        try:
            self._backend.write(self._text())
        except OSError as error:
            self._note(f"dns: {self._path} was changed by somebody else, and cannot be written: {error.strerror}")
            return
        self._note(f"dns: {self._path} was changed by somebody else; written again (not again for {wait:.0f} s)")

    def _follow_soon(self) -> None:
        """Take in what NetworkManager has made."""
        from asyncio import get_running_loop

        if self._following is None or self._following.done():
            self._following = get_running_loop().create_task(self._follow())

    async def _follow(self) -> None:
        async with turn(self._turns, _WAITS, None):
            try:
                while isinstance(self._backend, ResolverFile):
                    if not await self._follow_once(self._backend):
                        break
            except OSError as error:
                self._note(f"dns: {self._path} is NetworkManager's, and cannot be written: {error.strerror}")

    async def _follow_once(self, backend: ResolverFile) -> bool:
        """Write our lines and NetworkManager's, or leave the file to it; say whether there is another one by then.

        Raises: OSError.
        """
        is_new = await self.beside.look(lambda: backend.found)
        if self._backend is not backend:
            return False  # it was handed over meanwhile
        if self.beside.wants_all:
            self._hand_over(backend, _ALONE)
            return False
        backend.write(self._text())
        self._watch(backend)
        if is_new and self.beside.is_there():
            self._note(f"dns: NetworkManager has made {self._path} again; its lines are taken in")
        self._on_change()
        return not self.beside.is_as_seen(backend.found)

    def _hand_over(self, backend: ResolverFile, reason: str) -> None:
        """Leave the file to who makes it now; all who hold lines begin again, and have theirs put there, or wait."""
        holders, self._holders = self._holders, []
        self._backend = None
        self._unguard()
        try:
            backend.restore()
        except OSError as error:
            holders[0].note(f"dns: cannot forget what {self._path} was before: {error.strerror}")
        for holder in holders:
            holder.is_up = False
            holder.lost(Unavailable("hold name servers", reason))

    def _unguard(self) -> None:
        if self._guard is not None:
            self._guard.close()
            self._guard = None
        if self._changes is not None:
            self._changes.close()
            self._changes = None

    def _note(self, line: str) -> None:
        self.happened.append((time(), line.removeprefix("dns: ")))
        for holder in self._holders:
            holder.note(line)


def _ignore(_: str) -> None:
    """Say nothing: it is told as undone."""
