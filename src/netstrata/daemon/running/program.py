"""A checked program, run until it ends."""

import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

from netstrata.daemon.running import garbage
from netstrata.daemon.running.host import EngineHost
from netstrata.daemon.running.timers import HeapTimers
from netstrata.engine.compiler import compile_program
from netstrata.engine.environment import Environment, Observer, Retry
from netstrata.engine.machine import Engine
from netstrata.engine.process import Process, Statement
from netstrata.engine.program import Code
from netstrata.engine.registry import Registry
from netstrata.language.tree import PlainProgram
from netstrata.system.output.bounded_writer import BoundedWriter

OUTSIDE = ("configures", "watches", "reports", "object")  # the kinds of statement that may wait for something outside


class EngineSettings(NamedTuple):
    """How a program is run."""

    observer: Observer[Process, Statement]
    watched: bool  # whether the observer wants to know every transition
    retry: Retry
    write: Callable[[bytes], None]  # standard output
    log: Callable[[int, bytes], None]  # the program's own log statements: level 1 (error) to 5 (debug), text
    ports: Any
    arguments: list[bytes]
    signal_exit_code: int
    on_signal: Callable[[], None]
    on_idle: Callable[[], None] | None = None  # called before waiting
    beside: Callable[[Engine], AbstractAsyncContextManager[None]] | None = None  # runs as long as the engine
    is_asked: bool = False  # whether that may have something to do before the program has
    writers: Sequence[BoundedWriter] = ()  # of what is printed and logged
    before: Callable[[], Awaitable[None]] | None = None  # is awaited before the program starts
    on_crash: Callable[[BaseException], None] | None = None  # is given what nobody has caught, and ends the process
    keeps: Callable[[int], None] | None = None  # is given each signal, and may end all without undoing anything
    compares: bool = False  # another provider with the same values costs nothing


def run_program(program: PlainProgram, registry: Registry, settings: EngineSettings) -> int:
    """Run a checked program until it ends, and return its exit code."""
    codes = compile_program(program, registry)
    timers = HeapTimers()
    observer = settings.observer
    outside_too = _reaches_outside(codes)
    host = EngineHost(
        timers,
        settings.signal_exit_code,
        settings.on_signal,
        observer.broken,
        settings.on_idle,
        settings.beside,
        settings.writers,
        settings.before,
        settings.keeps,
        settings.on_crash,
        patient=not outside_too,
    )
    outside = Environment(
        settings.write, settings.log, host.wake, settings.ports, settings.arguments, dict(os.environb)
    )
    engine = Engine(codes, timers, settings.retry, settings.observer, outside)
    engine.watched = settings.watched
    engine.compares = settings.compares
    garbage.freeze()
    needs_loop = settings.is_asked or settings.before is not None or outside_too
    return host.run(engine, engine.start, needs_loop)


def _reaches_outside(codes: list[Code]) -> bool:
    """Say whether a program has a statement that may wait for something outside."""
    for code in codes:
        for slot in code.slots:
            if not slot.target:
                entry = slot.registry.statement(slot.type)
                if entry is not None and entry.declaration.kind in OUTSIDE:
                    return True
    return False
