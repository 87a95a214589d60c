"""A daemon: a program, its engine, ports, time line, log, record and control socket, wired together in one place."""

import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from errno import ENXIO
from signal import SIGTERM
from typing import TYPE_CHECKING, NamedTuple

from netstrata.daemon.control.claim import Claim, Taken
from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.logs.log_format import LogFormat
from netstrata.daemon.logs.ncd_format import LEVELS
from netstrata.daemon.logs.run_log import RunLog
from netstrata.daemon.running import garbage
from netstrata.daemon.running.backoff import BackOff
from netstrata.daemon.running.fan_out import FanOut
from netstrata.daemon.running.host import STEPS, UPGRADE
from netstrata.daemon.running.lookup import RegistryLookup
from netstrata.daemon.running.program import EngineSettings, run_program
from netstrata.daemon.running.registry import make_registry
from netstrata.daemon.running.settling import Settling, is_underway
from netstrata.daemon.running.wakes import Wakes
from netstrata.daemon.text.rendering import cut, traceback_of
from netstrata.daemon.upgrade import Upgrade
from netstrata.engine.machine import Engine
from netstrata.engine.registry import Registry
from netstrata.language.check import check
from netstrata.language.diagnostics import render_all
from netstrata.language.load import load
from netstrata.language.secrecy import secret_places
from netstrata.language.tree import PlainProgram
from netstrata.system.filesystem.places import NotFollowed
from netstrata.system.handover import take_handover
from netstrata.system.held import Behind
from netstrata.system.output.bounded_writer import LAST_READ_S, BoundedWriter
from netstrata.system.output.standard_output import StandardOutput
from netstrata.system.ports import SystemPorts
from netstrata.system.service_manager import take_service_manager
from netstrata.system.undo_journal.journal import file_name
from netstrata.values import Unavailable

if TYPE_CHECKING:
    from asyncio import Future

    from netstrata.daemon.control import ControlSocket
    from netstrata.daemon.events.recorder import Recorder
    from netstrata.daemon.live.program import LiveProgram
    from netstrata.daemon.live.start import Start

MEANT_FOR_OTHERS = "\nhelp: name the file itself, or one in a folder where only you can write"


class CannotRun(Exception):
    """Nothing was begun: why not, and the exit code."""

    def __init__(self, problem: str, code: int = 2) -> None:
        super().__init__(problem)
        self.code = code


class RunOptions(NamedTuple):
    """How a daemon is run: its program's file, what the program is given, and where it listens and tells."""

    program: str
    arguments: list[bytes]
    state: str  # the directory of leases
    control: str | None  # the path of the control socket, None for no socket
    record: str | None  # the file of the record
    journal: str  # auto, yes or no
    quiet: bool  # log failures only
    retry_ms: int  # the first wait after a failure
    keep_on_stop: bool  # SIGTERM undoes nothing: the next daemon takes over what stands
    name: str  # of the daemon: each has its own undo journal
    stop_s: int  # for all children to end in, once a signal has asked for the end
    watch: bool  # the program is read again when its files change


class App:
    """One daemon, from its options to its exit code."""

    def __init__(
        self,
        options: RunOptions,
        writers: tuple[BoundedWriter, BoundedWriter],
        make_ports: Callable[..., SystemPorts] = SystemPorts,
    ) -> None:
        """Take how it is run, where it writes what the program prints and what it logs, and what makes its ports."""
        self.signalled = False  # a signal has asked for the end
        self._options = options
        self._writers = writers
        self._log = RunLog(writers[1])
        self._output = StandardOutput(writers[0])
        self._retry = BackOff(options.retry_ms, os.getpid() % 97 / 97)
        self._stream = EventLog(self._retry)
        self._ports = make_ports(self._output, state=options.state, name=options.name)
        self._settling = Settling(self)
        self._sweeping: Future[None] | None = None
        self._engine: Engine | None = None
        self._problem = ""
        self._recorder: Recorder | None = None
        self._program = PlainProgram([])
        self._kept_in = os.path.join(options.state, "programs", file_name(options.name))
        self._start: Start | None = None
        self._claim: Claim | None = None
        self._control: ControlSocket | None = None
        self._manager = take_service_manager()
        self._upgrade = Upgrade(self._stream, self._log.timed, self._run_anew, take_handover())

    def run(self) -> int:
        """Run the program until it ends or a signal ends it, and return the exit code.

        Raises: Refusals if it is no program; CannotRun.
        """
        options = self._options
        garbage.keep_off()
        program = self._program = self._load()
        self._registry = registry = make_registry()
        self._warn(program, registry)
        self._subscribe_logs()
        self._recorder = self._record(options.record) if options.record is not None else None
        self._claim = self._make_claim(options.control) if options.control is not None else None
        try:
            code = run_program(program, registry, self._settings())
        except Taken as error:
            raise _second(error) from None
        finally:
            self._ports.close()
            if self._claim is not None:
                self._claim.release()
        if self._recorder is not None:
            self._recorder.finish(LAST_READ_S)
        self._output.flush()
        lost = self._writers[0].lost
        if lost is not None:
            self._log.timed(f"error: what the program printed could not all be written: {lost.strerror}")
        return code

    def _load(self) -> PlainProgram:
        """Read the program that is to run, as people have changed it.

        Raises: Refusals; CannotRun.
        """
        path, changed = self._options.program, self._upgrade.document
        if changed is None and not os.path.exists(os.path.join(self._kept_in, "state")):
            return load(path, read_file)
        from netstrata.daemon.live.start import load_as_changed

        try:
            program, self._start = load_as_changed(path, self._kept_in, changed, read_file, self._log.timed)
        except OSError as error:
            raise CannotRun(f"cannot write to {self._kept_in}: {error.strerror}", 1) from None
        return program

    def _settings(self) -> EngineSettings:
        return EngineSettings(
            # Who is told of a failure may mend it at once.
            observer=FanOut([Wakes(self._ports), self._stream]),
            watched=True,
            retry=self._retry,
            write=self._output.write,
            log=self._log_statement,
            ports=self._ports,
            arguments=self._options.arguments,
            signal_exit_code=0,
            on_signal=self._end,
            on_idle=self._on_idle,
            beside=self._beside,
            is_asked=self._claim is not None or self._options.watch or self._manager.listens or self._ports.is_left,
            writers=self._writers,
            before=self._end_orphans if self._ports.has_orphans else None,
            on_crash=self._crash,
            keeps=self._keep,
            compares=True,
        )

    def _warn(self, program: PlainProgram, registry: Registry) -> None:
        """Say what the check finds; the program is run all the same, as NCD would."""
        findings = check(program, RegistryLookup(registry))
        if findings.errors or findings.warnings:
            secret_places(program, RegistryLookup(registry).statement)
            self._log.write(render_all([*findings.errors, *findings.warnings], "warning"))

    def _subscribe_logs(self) -> None:
        """Tell what happens: the journal if standard error goes there or somebody wants it, else standard error."""
        account = LogFormat(self._log.timed, not self._options.quiet)
        journal = self._options.journal
        if journal == "yes" or (journal == "auto" and "JOURNAL_STREAM" in os.environ):
            from netstrata.daemon.logs.systemd_journal import SystemdJournal, is_standard_error

            ours = is_standard_error()
            if ours or journal == "yes":
                self._stream.subscribe(SystemdJournal(account).on_event)
            if ours:
                return
        self._stream.subscribe(account.on_event)

    def _record(self, path: str) -> "Recorder":
        """Record what happens.

        Raises: CannotRun.
        """
        from netstrata.daemon.events.recorder import Recorder

        try:
            return Recorder(path, self._stream)
        except OSError as error:
            reason = "nobody reads that pipe" if error.errno == ENXIO else error.strerror
            hint = MEANT_FOR_OTHERS if isinstance(error, NotFollowed) else ""
            raise CannotRun(f"cannot write to {path}: {reason}{hint}") from None

    def _make_claim(self, path: str) -> Claim | None:
        """Make the control socket, if it can be made.

        Raises: CannotRun if another daemon has it.
        """
        try:
            return self._upgrade.claim(path) or Claim(path)
        except Taken as error:
            raise _second(error) from None
        except Unavailable as error:
            self._log.timed(f"warning: {error}; status, why and log will not reach this daemon (see --control)")
            return None

    @asynccontextmanager
    async def _beside(self, engine: Engine) -> AsyncIterator[None]:
        """Answer who asks, and tell the service manager, as long as an engine runs; then undo what is left still."""
        self._engine = engine
        async with AsyncExitStack() as stack:
            if self._claim is not None or self._options.watch:
                await stack.enter_async_context(self._changeable(engine))
            await stack.enter_async_context(self._manager.watching())
            yield
            if self._sweeping is not None:
                await self._sweeping
            if self._ports.is_left:  # the program has not settled, or could not undo something at once
                await self._undo_left()

    @asynccontextmanager
    async def _changeable(self, engine: Engine) -> AsyncIterator[None]:
        """Let the program be changed, by who asks at the control socket and by its files, as long as an engine runs."""
        from netstrata.daemon.live.lifetime import live_program

        options, claim = self._options, self._claim
        files = (options.program, read_file, self._registry)
        known = (self._kept_in, self._program, self._start)
        with live_program(*files, engine, self._stream, *known, options.watch) as program:
            async with self._answer(claim, engine, program) if claim is not None else nullcontext():
                yield
            await program.history.written(LAST_READ_S)

    @asynccontextmanager
    async def _answer(self, claim: Claim, engine: Engine, program: "LiveProgram") -> AsyncIterator[None]:
        """Answer at the control socket, as long as an engine runs."""
        from netstrata.daemon.control import ControlSocket
        from netstrata.daemon.control.service import ControlService

        ports, upgrade = self._ports, self._upgrade.ask
        served = ControlService(
            engine, self._stream, program, ports.generated, upgrade, lambda probe: ports.resolver.report(probe)
        )
        self._control = control = ControlSocket(claim.path, served, report=self._stream.refused)
        await control.open(claim)
        self._upgrade.open(control, engine, program)
        try:
            yield
        finally:
            control.close()

    async def _end_orphans(self) -> None:
        """End what a daemon that was killed has left, and say so."""
        ended = await self._ports.end_orphans()
        if ended:
            children = ", ".join(map(str, ended))
            self._log.timed(f"a daemon was killed: ended the children that it has left: {children}")

    def _log_statement(self, level: int, text: bytes) -> None:
        self._log.timed(f"{LEVELS[level].lower()}: {cut(text.decode('utf-8', 'backslashreplace'))}")

    def _keep(self, number: int) -> None:
        """End without undoing anything, if that is what a signal asks for; SIGUSR2 asks for an upgrade in place."""
        if number == UPGRADE:
            self._upgrade.ask()
        elif number == SIGTERM and self._options.keep_on_stop:
            self._log.timed("ending: all stays as it is, for the next one to take over")
            self._manager.say("STOPPING=1")
            if self._claim is not None:
                self._claim.release()
            self._leave()
            os._exit(0)

    def _run_anew(self) -> None:
        """Execute what this daemon was started as, in the version that is installed by now, under its process id."""
        self._log.timed("running anew: all stays as it is, for the next one to take over")
        engine = self._stream.engine
        if engine is not None:
            engine.work_off(STEPS)  # what was asked for has been answered already
        self._manager.say("WATCHDOG=1")  # the next version has all of the time
        environment = self._manager.environment()
        try:
            environment.update(self._upgrade.pack(self._claim, self._control))
        except OSError as error:  # as after a crash: clients connect again
            self._log.timed(f"warning: nothing can be handed over, not even the control socket: {error.strerror}")
        self._leave()
        try:
            os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)
        except OSError as error:
            self._log.timed(f"error: cannot execute {sys.executable}: {error.strerror}")
            os._exit(1)

    def _crash(self, error: BaseException) -> None:
        """End at once, as if killed: what nobody has caught leaves no order in which to undo anything."""
        try:
            self._log.timed(
                f"error: a bug of Netstrata ends it; all stays, for the next one to take over\n{traceback_of(error)}"
            )
            self._leave()
        finally:
            os._exit(1)

    def _leave(self) -> None:
        """Leave all as it is, and have told what was to be told."""
        self._ports.close()
        if self._recorder is not None:
            self._recorder.finish(LAST_READ_S)
        self._output.flush()
        for writer in self._writers:
            writer.finish(LAST_READ_S)

    def _end(self) -> None:
        """Say that a signal asks for the end, and have children end within the time that whoever sent it waits."""
        self.signalled = True
        self._log.timed("asked to end: undoing everything")
        self._manager.say("STOPPING=1")
        self._ports.end_children_within(self._options.stop_s)

    def _on_idle(self) -> None:
        """Do what can wait until nothing is due."""
        self._stream.settle()
        self._output.flush()
        self._settling.on_idle()
        problem = self._ports.journal_problem
        if problem != self._problem:
            self._problem = problem
            if problem:
                self._log.timed(f"warning: {problem}; if this daemon is killed, what it does now stays")

    # What a daemon before this one has left: see `Settling`.

    @property
    def is_left(self) -> bool:
        """Whether anything is left of it that was not tried to be undone yet, or somebody waits until nothing is."""
        return self._ports.is_due or self._upgrade.is_adopting

    @property
    def is_busy(self) -> bool:
        """Whether somebody is about to take it over."""
        return self._ports.is_busy

    @property
    def is_underway(self) -> bool:
        """Whether something comes up by itself, which may take it over."""
        return self._engine is not None and is_underway(self._engine)

    def sweep(self) -> None:
        """Begin to undo it."""
        from asyncio import ensure_future

        self._sweeping = ensure_future(self._undo_left())

    async def _undo_left(self) -> None:
        """Undo it, and say so."""
        undone = await self._ports.sweep() if self._ports.is_left else []
        failed = [one for one in undone if one.problem]
        ours = [one for one in undone if isinstance(one.entry, Behind)]
        for some, what in (
            ([one for one in undone if one not in ours], "a daemon before this one has left"),
            (ours, "could not be undone at once"),
        ):
            if some:
                done = sum(not one.problem for one in some)
                self._log.timed(f"undid what {what}: {done} of {len(some)}")
        for one in failed:
            self._log.timed(f"warning: {one.problem} ({one.entry.holder})")
        self._upgrade.settled()


def _second(error: Taken) -> CannotRun:
    return CannotRun(f"{error}\nhelp: end that one, or give this one a socket of its own, or none: --control PATH", 1)


def read_file(path: str) -> bytes:
    """Return what a file of a program holds, wherever its path leads.

    Raises: OSError.
    """
    with open(path, "rb") as file:
        return file.read()
