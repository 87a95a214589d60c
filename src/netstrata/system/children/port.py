"""The port for children, over the real ones."""

import os
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager, nullcontext

from netstrata.contract import Holder
from netstrata.contract.shapes.children import CHILD_DEFAULTS, ChildOptions
from netstrata.ports import Command, Output, Piped, Program
from netstrata.protocols.backoff import DOUBLING, Restarts
from netstrata.system.children.child import Child
from netstrata.system.children.child_registry import ChildRegistry
from netstrata.system.children.held import HeldCommand, KeptAlive, await_end
from netstrata.system.children.keeper import ChildKeeper, Keeping
from netstrata.system.children.lines import LineReader
from netstrata.system.children.spawn import (
    NULL,
    ChildStreams,
    spawn,
    stop_ignoring,
    title,
)
from netstrata.system.children.stop_timeout import StopTimeout
from netstrata.system.held import WaitQueues
from netstrata.values import Unavailable


def note_for(statement: Holder | None) -> Callable[[str], None]:
    """Return where lines go that are said in a statement's name."""
    return statement.note if statement is not None else _drop


def _ear_of(statement: Holder | None, program: str, pid: int) -> Callable[[str], None]:
    """Return where a child's lines go."""
    name = os.path.basename(program)
    return (lambda line: statement.hear(name, pid, line)) if statement is not None else _drop


def _title_of(statement: Holder | None) -> str:
    return statement.title if statement is not None else ""


def _kept(child: Child, keeping: Keeping) -> Child:
    child.keeping = keeping
    child.when_ended(keeping.end)
    return child


def _drop(_line: str) -> None:
    """Nobody asked, so nobody is told."""


class RealChildren:
    """Programs of this machine, started by posix_spawn and reaped by pidfd.  One for each daemon, made in its loop."""

    __slots__ = (
        "_child_registry", "_environment", "_keeper", "_logs", "_output", "growth", "stop_timeout", "wait_queues",
    )  # fmt: skip

    def __init__(
        self,
        output: Output,
        *,
        logs: bool = True,
        stop_timeout: StopTimeout | None = None,
        growth: int = DOUBLING,
        registry: ChildRegistry | None = None,
        keeper: ChildKeeper | None = None,
        wait_queues: WaitQueues | None = None,
    ) -> None:
        """Prepare this process for having children; its environment is what they all get.

        Shapes: logs says whether streams that are not kept are noted line by line (True) or /dev/null (False, as
        NCD); stop_timeout is how long a child may take after a SIGTERM; growth is that of the waits before restarts;
        registry has those that must not outlive us, keeper those that the next daemon may take over; wait_queues say
        when a program that is not there has come.
        """
        stop_ignoring()
        self._environment = dict(os.environb)
        self._output = output
        self._logs = logs
        self.growth = growth
        self.wait_queues = wait_queues
        self._child_registry = registry
        self._keeper = keeper
        self.stop_timeout = stop_timeout or StopTimeout()

    def start(
        self,
        command: Command,
        statement: Holder | None = None,
        stdin: int = NULL,
        stdout: int = NULL,
        also: tuple[int, ...] = (),
    ) -> Child:
        """Start a program now, without suspending.

        Shapes: stdin and stdout are descriptors of ours to give to it, which stay ours to close; so are those that it
        has also, under our own numbers.
        Raises: Unavailable if it cannot be started at all; one that cannot be executed ends as if by a signal.
        """
        options = command.options
        if options.keep_stdout:
            self._output.flush()
            stdout = 1
        stderr = 2 if options.keep_stderr else NULL
        name = title(command)
        if not self._logs or NULL not in (stdout, stderr):
            return self._start(name, command, ChildStreams(stdin, stdout, stderr, also), -1, statement)
        try:
            ours, its = os.pipe()
        except OSError as error:
            raise Unavailable(f"start {name}", os.strerror(error.errno or 0), error.errno or 0) from None
        heard = ChildStreams(stdin, its if stdout == NULL else stdout, its if stderr == NULL else stderr, also)
        try:
            return self._start(name, command, heard, ours, statement)
        finally:
            os.close(its)

    def start_kept(self, command: Command, statement: Holder | None = None, stdin: int = NULL) -> Child:
        """Start a program that must not outlive us, and runs for long or may start others that do: see `start`."""
        child = self.start(command, statement, stdin)
        registry = self._child_registry
        if registry is not None and child.pid:
            registry.call(child.pid)
            child.when_ended(lambda: registry.strike(child.pid))
        return child

    def keep(self, command: Command, statement: Holder | None = None, files: bytes = b"") -> Child:
        """Start a program that the next daemon is to take over, if this one is killed: see `start`.

        Shapes: files is what the files hold that are written for it.
        """
        name = title(command)
        begun = self._keeper.begin(name, command, files, _title_of(statement)) if self._keeper is not None else None
        if begun is None:
            return self.start_kept(command, statement)
        keeping, ours, its = begun
        options = command.options
        if options.keep_stdout:
            self._output.flush()
        both = options.keep_stdout and options.keep_stderr
        stdout, stderr = 1 if options.keep_stdout else its, 2 if options.keep_stderr else its
        try:
            # It is found by the FIFO that it has open, if we end before it is written down.
            streams = ChildStreams(NULL, stdout, stderr, (its,) if both else ())
            child = self._start(name, command, streams, ours, statement)
        except BaseException:
            keeping.end()
            raise
        finally:
            os.close(its)
        if child.pid:
            keeping.begun(child.pid)
        return _kept(child, keeping)

    def under_way(self) -> AbstractContextManager[None]:
        """Have nothing swept away that a daemon before us has left: what waits for a child here goes on when it has."""
        return self._keeper.recovery.claiming() if self._keeper is not None else nullcontext()

    async def adopt(self, command: Command, statement: Holder | None = None, files: bytes = b"") -> Child | None:
        """Take over the program that a daemon before us has left, if it is equal; if it is not, end it.

        Shapes: see `keep`.
        Raises: Unavailable if it cannot be said whether one is left.
        """
        if self._keeper is None:
            return None
        name = title(command)
        found = await self._keeper.adopt(
            command, files, _title_of(statement), lambda pid: _ear_of(statement, name, pid)
        )
        if found is None:
            return None
        child, keeping = found
        note_for(statement)(f"{name} runs still, process id {child.pid}: taken over from the daemon before this one")
        return _kept(child, keeping)

    def start_tool(self, command: Command, statement: Holder | None, stdin: int) -> Child:
        """Start a program that does some work for us, and must do none when we have ended: see `start`.

        None of those that it starts may outlive it for long: they all keep the registry locked.
        """
        registry = self._child_registry
        if registry is None:
            return self.start(command, statement, stdin)
        inherited = registry.begin_tool()
        try:
            child = self.start(command, statement, stdin, also=inherited)
        except BaseException:
            registry.end_tool(inherited)
            raise
        child.when_ended(lambda: registry.end_tool(inherited))
        return child

    def _start(self, name: str, command: Command, streams: ChildStreams, pipe: int, statement: Holder | None) -> Child:
        """Start a program, and read a pipe of its (or -1), which is closed if it does not come to that."""
        try:
            pid, pidfd = self._spawn(name, command, streams)
        except OSError as error:
            if pipe >= 0:
                os.close(pipe)
            return Child.stillborn(name, os.strerror(error.errno or 0))
        except BaseException:
            if pipe >= 0:
                os.close(pipe)
            raise
        return Child(name, pid, pidfd, LineReader(pipe, _ear_of(statement, name, pid)) if pipe >= 0 else None)

    def _spawn(self, name: str, command: Command, streams: ChildStreams) -> tuple[int, int]:
        pid = spawn(command, streams, self._environment)
        try:
            return pid, os.pidfd_open(pid)
        except OSError as error:
            # Rare, since starting it took more descriptors than this.  A child that we cannot wait for must not run on.
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            raise Unavailable(f"watch {name}", os.strerror(error.errno or 0), error.errno or 0) from None


class ChildrenPort:
    """The `Children` port, called on behalf of one statement, or of nobody."""

    __slots__ = ("_who", "real")

    def __init__(self, children: RealChildren, who: Holder | None = None) -> None:
        self.real = children
        self._who = who

    def on_behalf_of(self, who: Holder) -> "ChildrenPort":
        """Return the port for a statement."""
        return ChildrenPort(self.real, who)

    async def run(self, command: Command, *, terminate_on_cancel: bool) -> int:
        """Run a program to its end and return its exit status: see `ports.Children`."""
        children = self.real
        note = note_for(self._who)
        child = children.start(command, self._who)
        await_end(child, self._who)
        cancelled = await child.outlast(
            (lambda: child.stop(children.stop_timeout.seconds, note)) if terminate_on_cancel else None
        )
        if child.status:
            note(f"{child.name} {child.verdict}")
        if cancelled is not None:
            raise cancelled
        return child.status

    def held_command(
        self, do: list[bytes], undo: list[bytes], options: ChildOptions = CHILD_DEFAULTS
    ) -> AbstractAsyncContextManager[None]:
        """Run one command now and another on the way back: see `ports.Children`."""
        return HeldCommand(self.real.start, do, undo, options, self._who, self.real.under_way)

    def held_alive(self, command: Command | None, retry_ms: int) -> AbstractAsyncContextManager[None]:
        """Keep a program running: see `ports.Children`."""
        children = self.real
        restarts = Restarts(retry_ms, children.growth)
        return KeptAlive(
            children.keep,
            command,
            restarts,
            children.stop_timeout,
            self._who,
            children.adopt,
            children.wait_queues,
        )

    def start_piped(self, command: Command, *, write: bool, read: bool) -> Piped:
        """Start a program with pipes: see `ports.Children`."""
        from netstrata.system.children.pipes import Pipes

        pipes = Pipes(title(command), write=write, read=read)
        try:
            program = self.real.start(command, self._who, pipes.its_stdin, pipes.its_stdout)
        except BaseException:
            pipes.close_ours()
            raise
        finally:
            pipes.close_its()
        return Piped(program, *pipes.streams())

    def stop(self, program: Program) -> None:
        """Send SIGTERM, and perhaps SIGKILL later: see `ports.Children`."""
        assert isinstance(program, Child)
        program.stop(self.real.stop_timeout.seconds, note_for(self._who))
