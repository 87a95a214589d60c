"""A program that can be changed, from when it begins until the daemon ends: what is known of it, and who watches it."""

from collections.abc import Iterator
from contextlib import contextmanager

from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.live.document import Document
from netstrata.daemon.live.history import History
from netstrata.daemon.live.kept import KeptPrograms, Read, State
from netstrata.daemon.live.program import LiveProgram
from netstrata.daemon.live.start import Start
from netstrata.engine.machine import Engine
from netstrata.engine.registry import Registry
from netstrata.language.tree import PlainProgram


@contextmanager
def live_program(
    path: str,
    read: Read,
    registry: Registry,
    engine: Engine,
    stream: EventLog,
    kept_in: str,
    program: PlainProgram,
    start: Start | None,
    watch: bool,
) -> Iterator[LiveProgram]:
    """Have a program that can be changed, while an engine runs it.

    Shapes: program is what was read, start how that was, None if nothing is known of a program before it;
    watch has it be read again when its files change.
    """
    history = History(KeptPrograms(kept_in), start.state if start is not None else State(Document()))
    live = LiveProgram(path, read, registry, engine, stream, history)
    live.begin(program, start.document if start is not None else Document())
    if not watch:
        yield live
        return
    from netstrata.daemon.live.file_watch import FileWatch

    files = FileWatch(live, stream)
    files.begin()
    try:
        yield live
    finally:
        files.close()
