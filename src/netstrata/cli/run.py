"""`netstrata run`: the daemon in the foreground."""

import argparse
import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from errno import ENXIO
from typing import TYPE_CHECKING

from netstrata.cli.runlog import RunLog
from netstrata.cli.streams import LAST_READ_S, finish
from netstrata.daemon.control.claim import Claim, Taken
from netstrata.daemon.events.event_log import Stream
from netstrata.daemon.logs.log_format import Account
from netstrata.daemon.logs.ncd_format import LEVELS
from netstrata.daemon.running import garbage
from netstrata.daemon.running.backoff import BackOff
from netstrata.daemon.running.fan_out import Several
from netstrata.daemon.running.link_retries import Nudge
from netstrata.daemon.running.lookup import RegistryLookup
from netstrata.daemon.running.program import Settings, run_program
from netstrata.daemon.running.registry import make_registry
from netstrata.daemon.text.rendering import cut
from netstrata.engine.machine import Engine
from netstrata.engine.registry import Registry
from netstrata.language.check import check
from netstrata.language.diagnostics import render_all
from netstrata.language.load import load
from netstrata.language.refusals import Refusals
from netstrata.language.secrecy import secret_places
from netstrata.language.tree import PlainProgram
from netstrata.system.boundedwriter import BoundedWriter, standard_writers
from netstrata.system.output import StandardOutput
from netstrata.system.places import NotFollowed
from netstrata.system.ports import SystemPorts
from netstrata.values import Source, Unavailable

if TYPE_CHECKING:
    from netstrata.daemon.events.recorder import Recorder


class CannotRun(Exception):
    """Nothing was begun: why not, and the exit code."""

    def __init__(self, problem: str, code: int = 2) -> None:
        super().__init__(problem)
        self.code = code


class Asked:
    """Whether a signal has asked for the end."""

    def __init__(self, ports: SystemPorts, stop_s: int, log: RunLog) -> None:
        self.signalled = False
        self._ports = ports
        self._stop_s = stop_s
        self._log = log

    def end(self) -> None:
        """Say so, and have children end before whoever sent it loses patience."""
        self.signalled = True
        self._log.timed("asked to end: undoing everything")
        self._ports.hurry(self._stop_s)


def run(options: argparse.Namespace) -> int:
    """Run a program until it ends or a signal ends it."""
    writers = standard_writers()
    log = RunLog(writers[1])
    try:
        code, signalled = _run(options, writers, log)
    except Refusals as refusals:
        log.write(render_all(refusals.refused))
        code, signalled = 2, False
    except CannotRun as problem:
        log.write(f"error: {problem}")
        code, signalled = problem.code, False
    finish(writers, signalled)
    return code


def _run(options: argparse.Namespace, writers: tuple[BoundedWriter, BoundedWriter], log: RunLog) -> tuple[int, bool]:
    """Run a program; return its exit code, and whether a signal ended it.

    Raises: Refusals, CannotRun.
    """
    _check_times(options)
    garbage.keep_off()
    program = load(options.program, read_file)
    registry = make_registry()
    _warn(program, registry, log)
    output = StandardOutput(writers[0])
    retry = BackOff(options.retry_time, os.getpid() % 97 / 97)
    stream = Stream(retry)
    _listen(stream, Account(log.timed, not options.quiet), options.journal)
    recorder = _record(options.record, stream) if options.record is not None else None
    claim = _claim(options.control, log)
    ports = SystemPorts(output, state=options.state)
    asked = Asked(ports, options.stop_time, log)
    settings = Settings(
        Several([stream, Nudge(ports)]),
        True,
        retry,
        output.write,
        lambda level, text: log.timed(f"{LEVELS[level].lower()}: {cut(text.decode('utf-8', 'backslashreplace'))}"),
        ports,
        [os.fsencode(word) for word in options.arguments],
        0,
        asked.end,
        lambda: _settle(stream, output),
        _control(claim, stream, program.sources, ports) if claim is not None else None,
        writers,
        (lambda: _end_left(ports, log)) if ports.has_left else None,
    )
    try:
        code = run_program(program, registry, settings)
    except Taken as error:
        raise _second(error) from None
    if recorder is not None:
        recorder.finish(LAST_READ_S)
    output.flush()
    if writers[0].lost is not None:
        log.timed(f"error: what the program printed could not all be written: {writers[0].lost.strerror}")
    return code, asked.signalled


def _check_times(options: argparse.Namespace) -> None:
    """See that times can be.

    Raises: CannotRun.
    """
    if options.retry_time < 1:
        raise CannotRun("--retry-time takes a whole number of milliseconds, 1 or more")
    if options.stop_time < 1:
        raise CannotRun("--stop-time takes a whole number of seconds, 1 or more")


def _record(path: str, stream: Stream) -> "Recorder":
    """Record what happens.

    Raises: CannotRun.
    """
    from netstrata.daemon.events.recorder import Recorder

    try:
        return Recorder(path, stream)
    except OSError as error:
        reason = "nobody reads that pipe" if error.errno == ENXIO else error.strerror
        hint = "\nhelp: name the file itself, or one in a folder where only you can write"
        followed = "" if not isinstance(error, NotFollowed) else hint
        raise CannotRun(f"cannot write to {path}: {reason}{followed}") from None


def _claim(path: str, log: RunLog) -> Claim | None:
    """Make the control socket, if there is to be one and it can be made.

    Raises: CannotRun if another daemon has it.
    """
    if path == "none":
        return None
    from netstrata.cli.client import control_path

    try:
        return Claim(path or control_path())
    except Taken as error:
        raise _second(error) from None
    except Unavailable as error:
        log.timed(f"warning: {error}; status, why and log will not reach this daemon (see --control)")
        return None


def _second(error: Taken) -> CannotRun:
    return CannotRun(f"{error}\nhelp: end that one, or give this one a socket of its own, or none: --control PATH", 1)


def _warn(program: PlainProgram, registry: Registry, log: RunLog) -> None:
    """Say what the check finds; the program is run all the same, as NCD would."""
    findings = check(program, RegistryLookup(registry))
    if findings.errors or findings.warnings:
        secret_places(program, RegistryLookup(registry).statement)
        log.write(render_all([*findings.errors, *findings.warnings], "warning"))


async def _end_left(ports: SystemPorts, log: RunLog) -> None:
    """End what a daemon that was killed has left, and say so."""
    ended = await ports.end_left()
    if ended:
        log.timed(f"a daemon was killed: ended the children that it has left: {', '.join(map(str, ended))}")


def _listen(stream: Stream, account: Account, journal: str) -> None:
    """Tell what happens: to the journal if standard error goes there or somebody wants it, else on standard error."""
    if journal == "yes" or (journal == "auto" and "JOURNAL_STREAM" in os.environ):
        from netstrata.daemon.logs.systemd_journal import Journal, is_standard_error

        ours = is_standard_error()
        if ours or journal == "yes":
            stream.listen(Journal(account).tell)
        if ours:
            return
    stream.listen(account.tell)


def _settle(stream: Stream, output: StandardOutput) -> None:
    """Do what can wait until nothing is due."""
    stream.settle()
    output.flush()


def _control(
    claim: Claim, stream: Stream, sources: list[Source], ports: SystemPorts
) -> Callable[[Engine], AbstractAsyncContextManager[None]]:
    """Return what answers at the control socket beside an engine."""

    @asynccontextmanager
    async def beside(engine: Engine) -> AsyncIterator[None]:
        from netstrata.daemon.control import ControlSocket
        from netstrata.daemon.control.service import Steering

        control = ControlSocket(claim.path, Steering(engine, stream, sources, ports.generated), tell=stream.refused)
        await control.open(claim)
        try:
            yield
        finally:
            control.close()

    return beside


def read_file(path: str) -> bytes:
    """Return what a file holds.

    Raises: OSError.
    """
    with open(path, "rb") as file:
        return file.read()
