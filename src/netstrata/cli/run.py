"""`netstrata run`: the daemon in the foreground."""

import argparse
import faulthandler
import os
from collections.abc import Callable

from netstrata.cli.client import control_path
from netstrata.cli.streams import finish
from netstrata.control.exit_codes import OK
from netstrata.daemon.app import App, CannotRun, RunOptions, read_file
from netstrata.daemon.logs.run_log import RunLog
from netstrata.language.diagnostics import render_all
from netstrata.language.load import load
from netstrata.language.refusals import Refusals
from netstrata.system.output.bounded_writer import standard_writers
from netstrata.system.ports import SystemPorts

IMPAIR = "NETSTRATA_IMPAIR"  # for tests only: see `testing/impair`
DAEMON = "netstrata"  # the name of the one at the usual control socket


def run(options: argparse.Namespace) -> int:
    """Run a program until it ends or a signal ends it."""
    faulthandler.enable(2, all_threads=False)  # where it was, if a signal such as the watchdog's ends it
    writers = standard_writers()
    log = RunLog(writers[1])
    signalled = False
    try:
        wanted = _read(options)
        if options.dry_run:
            load(wanted.program, read_file)
            return OK
        app = App(wanted, writers, _ports())
        code = app.run()
        signalled = app.signalled
    except Refusals as refusals:
        log.write(render_all(refusals.refused))
        code = 2
    except CannotRun as problem:
        log.write(f"error: {problem}")
        code = problem.code
    finish(writers, signalled)
    return code


def daemon_name(control: str) -> str:
    """Return the name of a daemon, which it has by its control socket."""
    return DAEMON if control in ("", "none") else control


def _ports() -> Callable[..., SystemPorts]:
    """Return what makes the daemon's ports: with faults in them if tests ask for some.

    Raises: CannotRun.
    """
    if IMPAIR not in os.environ:
        return SystemPorts
    from netstrata.testing.impair import BadImpairment, ImpairedPorts, read_impairments

    try:
        return ImpairedPorts.having(read_impairments(os.environ[IMPAIR]))
    except BadImpairment as error:
        raise CannotRun(f"{IMPAIR}: {error}") from None


def _read(options: argparse.Namespace) -> RunOptions:
    """Return how a daemon is run, of the words of a command line.

    Raises: CannotRun.
    """
    if options.retry_time < 1:
        raise CannotRun("--retry-time takes a whole number of milliseconds, 1 or more")
    if options.stop_time < 1:
        raise CannotRun("--stop-time takes a whole number of seconds, 1 or more")
    return RunOptions(
        program=options.program,
        arguments=[os.fsencode(word) for word in options.arguments],
        state=options.state,
        control=None if options.control == "none" else options.control or control_path(),
        record=options.record,
        journal=options.journal,
        quiet=options.quiet,
        retry_ms=options.retry_time,
        name=daemon_name(options.control),
        keep_on_stop=options.keep_on_stop,
        stop_s=options.stop_time,
        watch=options.watch,
    )
