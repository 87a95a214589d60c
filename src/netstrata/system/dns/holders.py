"""All who hold lines of the resolver configuration, and the one text they make together."""

from contextlib import AbstractAsyncContextManager

from netstrata.contract import Running, running
from netstrata.protocols.resolv_conf import configuration
from netstrata.system.dns.command import ResolvconfCommand, managing_command
from netstrata.system.dns.file import MARK, ResolverFile
from netstrata.system.guard import Guard
from netstrata.values import Refused, Unavailable

PATH = "/etc/resolv.conf"
_COMMENT = MARK.decode() + " from its net.dns statements; what was here comes back when the last one goes."


class ResolverConfiguration:
    """The resolver configuration of this mount namespace.  Nothing here ever waits."""

    def __init__(self, path: str = PATH) -> None:
        self._path = path
        self._holders: list[_Held] = []
        self._backend: ResolverFile | ResolvconfCommand | None = None
        self._guard: Guard | None = None

    def held_lines(self, lines: list[bytes], priority: int) -> AbstractAsyncContextManager[None]:
        """Add lines while the context lasts; see `netstrata.ports.Dns`."""
        return _Held(self, lines, priority)

    def enter(self, holder: "_Held") -> None:
        """Take a holder in.

        Raises: Unavailable, with the holder not taken in.
        """
        backend = self._backend if self._backend is not None else self._choose()
        self._holders.append(holder)
        try:
            backend.write(self._text())
        except Refused:
            self._holders.remove(holder)
            raise
        except OSError as error:
            self._holders.remove(holder)
            raise Unavailable(f"write {self._path}", error.strerror or str(error), error.errno or 0) from None
        self._backend = backend
        if self._guard is None and isinstance(backend, ResolverFile):
            try:
                self._guard = Guard(backend, self._repair)
            except OSError as error:
                self._note(f"dns: {self._path} is not watched for changes: {error.strerror}")

    def leave(self, holder: "_Held") -> None:
        """Let a holder go; what cannot be written back is said, and left."""
        self._holders.remove(holder)
        backend = self._backend
        if backend is None:
            return
        try:
            if self._holders:
                backend.write(self._text())
                return
            self._backend = None
            self._unguard()
            if not backend.restore():
                holder.note(f"dns: {self._path} was changed by somebody else, and is left like that")
        except OSError as error:
            holder.note(f"dns: cannot write {self._path}: {error.strerror}; ignoring")

    def _choose(self) -> ResolverFile | ResolvconfCommand:
        command = managing_command(self._path)
        return ResolverFile(self._path) if command is None else ResolvconfCommand(command)

    def _text(self) -> bytes:
        ordered = sorted(self._holders, key=_priority)
        return configuration(_COMMENT, [line for holder in ordered for line in holder.lines])

    def _repair(self, wait: float) -> None:
        """Write again what somebody has overwritten."""
        if self._backend is None:
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

    __slots__ = ("_configuration", "_told", "lines", "priority")

    def __init__(self, configuration: ResolverConfiguration, lines: list[bytes], priority: int) -> None:
        self._configuration = configuration
        self._told: Running | None = None
        self.lines = lines
        self.priority = priority

    def note(self, line: str) -> None:
        if self._told is not None:
            self._told.note(line)

    async def __aenter__(self) -> None:
        self._told = running()
        self._configuration.enter(self)

    async def __aexit__(self, *_: object) -> None:
        self._configuration.leave(self)
