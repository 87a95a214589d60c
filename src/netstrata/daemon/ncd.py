"""Running a program the way NCD does: its retry time, its log lines, its exit codes."""

import os
import sys
from collections.abc import Callable
from typing import Any

from netstrata.daemon.host import Host
from netstrata.daemon.log import DEBUG, ERROR, INFO, NOTICE, Log
from netstrata.daemon.registry import make_registry
from netstrata.daemon.timers import HeapTimers
from netstrata.engine.compiler import compile_program
from netstrata.engine.machine import STATE_NAMES as STATES
from netstrata.engine.machine import Engine, Observer, Outside, Process, Retry, Statement
from netstrata.engine.program import Code, Slot
from netstrata.language.tree import PlainProgram

CORE = "ncd"


class NcdLog(Observer):
    """Log lines in NCD's words."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def _where(self, process: Process, index: int) -> str:
        return f"process {process.code.name}: statement {index}: "

    def moved(self, statement: Statement, before: int, after: int) -> None:
        """Log a transition."""
        word = {"gone": "died", "dying": "killing"}.get(STATES[after], STATES[after])
        if STATES[before] == "gone":
            word = "initializing"
        self._log.line(CORE, INFO, self._where(statement.process, statement.index) + word)

    def blinked(self, statement: Statement) -> None:
        """Log both halves of a down-up."""
        where = self._where(statement.process, statement.index)
        self._log.line(CORE, INFO, where + "down")
        self._log.line(CORE, INFO, where + "up")

    def cleaned(self, statement: Statement) -> None:
        """Log that a statement is clean."""
        self._log.line(CORE, INFO, self._where(statement.process, statement.index) + "clean")

    def process_moved(self, process: Process, what: str) -> None:
        """Log what NCD logs of processes."""
        name = process.code.name
        if what == "created" and process.owner is not None:
            self._log.line(CORE, INFO, f"created process from template {name}")
        elif what == "complete":
            self._log.line(CORE, INFO, f"process {name}: victory")
        elif what == "retrying":
            self._log.line(CORE, INFO, f"process {name}: retrying")
        elif what == "terminating":
            self._log.line(CORE, INFO, f"process {name}: process termination requested")

    def failed(self, process: Process, slot: Slot, error: Exception) -> None:
        """Log why a statement failed, and a traceback if it is our fault."""
        from netstrata.values import Refused, Unavailable

        text = error.message if isinstance(error, Refused) else str(error)
        if not isinstance(error, (Refused, Unavailable)):
            import traceback

            text = "".join(traceback.format_exception(error)).rstrip()
        self._log.line(CORE, ERROR, f"{self._where(process, slot.index)}{slot.type}: {text}")

    def noted(self, statement: Statement, line: str) -> None:
        """Log what a statement has to tell."""
        self._log.line(CORE, DEBUG, f"{self._where(statement.process, statement.index)}{line}")


def run_program(
    program: PlainProgram,
    log: Log,
    output: Callable[[bytes], None],
    ports: Any,
    arguments: list[bytes],
    retry_ms: int,
    signal_exit_code: int,
) -> int:
    """Run a checked program until it ends, and return its exit code."""
    registry = make_registry()
    codes = compile_program(program, registry)
    timers = HeapTimers()
    host = Host(timers, signal_exit_code)
    outside = Outside(
        output,
        lambda level, text: log.line("ncd_log_msg", level, text.partition(b"\0")[0]),
        host.wake,
        ports,
        arguments,
        dict(os.environb),
    )
    engine = Engine({code.name: code for code in codes}, timers, Retry(retry_ms), NcdLog(log), outside)
    engine.watched = log.shows(CORE, INFO)
    host.on_signal = lambda: log.line(CORE, NOTICE, "termination requested")
    processes = [code for code in codes if not code.template]
    log.line(CORE, NOTICE, "entering event loop")
    code = host.run(engine, lambda: engine.start(processes), needs_loop=_reaches_outside(codes))
    log.line(CORE, NOTICE, "exiting")
    return code


def _reaches_outside(codes: list[Code]) -> bool:
    """Say whether a program has a statement that may wait for something outside."""
    for code in codes:
        for slot in code.slots:
            if not slot.target:
                entry = slot.registry.statement(slot.type)
                if entry is not None and entry.declaration.kind in ("configures", "watches"):
                    return True
    return False


def flush_and_exit(output_flush: Callable[[], None], code: int) -> None:
    """End the interpreter at once: everything is undone, there is nothing left to finalise."""
    output_flush()
    sys.stderr.flush()
    os._exit(code & 0xFF)
