"""`netstrata run`: the daemon in the foreground."""

import argparse
import os

from netstrata.cli.client import control_path
from netstrata.cli.streams import finish
from netstrata.daemon.app import App, CannotRun, RunOptions
from netstrata.daemon.logs.run_log import RunLog
from netstrata.language.diagnostics import render_all
from netstrata.language.refusals import Refusals
from netstrata.system.output.bounded_writer import standard_writers


def run(options: argparse.Namespace) -> int:
    """Run a program until it ends or a signal ends it."""
    writers = standard_writers()
    log = RunLog(writers[1])
    signalled = False
    try:
        app = App(_read(options), writers)
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
        stop_s=options.stop_time,
    )
