"""The shapes of sys.start_process: which pipes, and how the program is ended."""

from typing import NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.shapes import MILLISECONDS, TRUTH
from netstrata.contract.shapes_children import ChildOptions, read_options, write_options
from netstrata.values import Map, Value, boolean

NEVER = -1  # SIGKILL is not sent
AS_DAEMON = -2  # nothing was said: as the daemon does with all its children


class PipeMode(NamedTuple):
    """Which pipes are made: from the program's standard output, to its standard input."""

    read: bool
    write: bool


class ProgramOptions(NamedTuple):
    """The options of `sys.start_process`.

    Shapes: kill_ms is from SIGTERM to SIGKILL, 0 for at once, NEVER or AS_DAEMON.
    """

    child: ChildOptions = ChildOptions()
    term_on_deinit: bool = True
    kill_ms: int = AS_DAEMON


PROGRAM_DEFAULTS = ProgramOptions()


def _mode(value: Value) -> PipeMode | None:
    if not isinstance(value, bytes) or value.strip(b"rw"):
        return None
    return PipeMode(b"r" in value, b"w" in value)


def _kill_ms(value: Value) -> int | None:
    if value == b"never":
        return NEVER
    return 0 if value == b"" else MILLISECONDS.read(value)


def _options(value: Value) -> ProgramOptions | None:
    read = read_options(value, (b"term_on_deinit", b"deinit_kill_time"))
    if read is None:
        return None
    child, own = read
    term = TRUTH.read(own.get(b"term_on_deinit", b"true"))
    kill_ms = _kill_ms(own[b"deinit_kill_time"]) if b"deinit_kill_time" in own else AS_DAEMON
    return ProgramOptions(child, term, kill_ms) if term is not None and kill_ms is not None else None


def _write(options: ProgramOptions) -> Value:
    entries = {**write_options(options.child), b"term_on_deinit": boolean(options.term_on_deinit)}
    if options.kill_ms != AS_DAEMON:
        entries[b"deinit_kill_time"] = b"never" if options.kill_ms == NEVER else b"%d" % options.kill_ms
    return Map(entries)


PIPE_MODE = Shape[PipeMode](
    "a mode", "r for a pipe from the program's output, w for one to its input, both or none", _mode,
    lambda mode: b"r" * mode.read + b"w" * mode.write, ('"r"', '"rw"', '""'), ('"x"', "{}"),
)  # fmt: skip
PROGRAM_OPTIONS = Shape[ProgramOptions](
    "options", "a map of keep_stdout, keep_stderr, do_setsid, term_on_deinit (strings, `true` is true), username (a "
    'name) and deinit_kill_time (whole milliseconds, never, or "" for at once)',
    _options, _write, ('["deinit_kill_time": "300"]', "[]"),
    ('["nope": "true"]', '["deinit_kill_time": "soon"]', '{"keep_stdout"}'),
)  # fmt: skip
