"""`netstrata run`: the daemon in the foreground."""

import argparse
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from netstrata.cli.streams import write_log
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
from netstrata.daemon.text.redaction import masked
from netstrata.engine.machine import Engine
from netstrata.engine.registry import Registry
from netstrata.language.check import check
from netstrata.language.diagnostics import render_all
from netstrata.language.load import load
from netstrata.language.refusals import Refusals
from netstrata.language.secrecy import secret_places
from netstrata.language.tree import PlainProgram
from netstrata.system.output import StandardOutput
from netstrata.system.ports import SystemPorts
from netstrata.values import Source, Unavailable


def run(options: argparse.Namespace) -> int:
    """Run a program until it ends or a signal ends it."""
    if options.retry_time < 1:
        return _bad_usage("--retry-time takes a whole number of milliseconds, 1 or more")
    if options.stop_time < 1:
        return _bad_usage("--stop-time takes a whole number of seconds, 1 or more")
    garbage.keep_off()
    try:
        program = load(options.program, read_file)
    except Refusals as refusals:
        _write(render_all(refusals.refused))
        return 2
    registry = make_registry()
    _warn(program, registry)
    output = StandardOutput()
    retry = BackOff(options.retry_time, os.getpid() % 97 / 97)
    ports = SystemPorts(output, state=options.state)
    ended = ports.remove_stale()
    if ended:
        _timed(f"a daemon was killed: ended the children that it has left: {', '.join(map(str, ended))}")
    stream = Stream(retry)
    _listen(stream, Account(_timed, not options.quiet), options.journal)
    if options.record is not None:
        from netstrata.daemon.events.recorder import Recorder

        try:
            Recorder(options.record, stream)
        except OSError as error:
            return _bad_usage(f"cannot write to {options.record}: {error.strerror}")
    code = run_program(
        program,
        registry,
        Settings(
            Several([stream, Nudge(ports)]),
            True,
            retry,
            output.write,
            lambda level, text: _timed(f"{LEVELS[level].lower()}: {text.decode('utf-8', 'backslashreplace')}"),
            ports,
            [os.fsencode(word) for word in options.arguments],
            0,
            lambda: _end(ports, options.stop_time),
            lambda: _settle(stream, output),
            _control(options.control, stream, program.sources, ports) if options.control != "none" else None,
        ),
    )
    _finish(output)
    return code


def _warn(program: PlainProgram, registry: Registry) -> None:
    """Say what the check finds; the program is run all the same, as NCD would."""
    findings = check(program, RegistryLookup(registry))
    if findings.errors or findings.warnings:
        secret_places(program, RegistryLookup(registry).statement)
        _write(render_all([*findings.errors, *findings.warnings], "warning"))


def _end(ports: SystemPorts, stop_s: int) -> None:
    """Say that a signal asks for the end, and have children end before whoever sent it loses patience."""
    _timed("asked to end: undoing everything")
    ports.hurry(stop_s)


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


def _finish(output: StandardOutput) -> None:
    """Write what is held back; say if the program's output was lost."""
    output.flush()
    if output.lost is not None:
        _timed(f"error: what the program printed could not all be written: {output.lost.strerror}")


def _control(
    path: str, stream: Stream, sources: list[Source], ports: SystemPorts
) -> Callable[[Engine], AbstractAsyncContextManager[None]]:
    """Return what keeps a control socket open beside an engine."""

    @asynccontextmanager
    async def beside(engine: Engine) -> AsyncIterator[None]:
        from netstrata.cli.client import control_path
        from netstrata.daemon.control import ControlSocket
        from netstrata.daemon.control.service import Steering

        control = ControlSocket(
            path or control_path(), Steering(engine, stream, sources, ports.generated), tell=stream.refused
        )
        try:
            await control.open()
        except Unavailable as error:
            _timed(f"warning: {error}; status, why and log will not reach this daemon (see --control)")
            yield
            return
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


def _timed(text: str) -> None:
    now = time.time()
    stamp = time.strftime("%H:%M:%S", time.localtime(now))
    _write(f"{stamp}.{int(now * 1000) % 1000:03d} {text}")


def _write(text: str) -> None:
    write_log(masked(text).encode("utf-8", "backslashreplace") + b"\n")


def _bad_usage(problem: str) -> int:
    _write(f"error: {problem}")
    return 2
