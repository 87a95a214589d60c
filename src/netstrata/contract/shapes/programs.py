"""The shapes of sys.start_process: which pipes, and how the program is ended."""

from typing import NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, options_as
from netstrata.contract.shapes.children import (
    BAD_COMMON,
    GOOD_COMMON,
    ChildOptions,
    child_options,
    child_shape,
    common_options,
)
from netstrata.contract.shapes.common import MILLISECONDS, TRUTH
from netstrata.values import Value

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


def _write_kill_ms(kill_ms: int) -> Value:
    return b"never" if kill_ms == NEVER else b"%d" % kill_ms


def _options(options: Options) -> ProgramOptions:
    kill_ms = options.get("deinit_kill_time", AS_DAEMON)
    return ProgramOptions(child_options(options), options.get("term_on_deinit", True), kill_ms)


def _named(options: ProgramOptions) -> Options:
    named = {**common_options(options.child), "term_on_deinit": options.term_on_deinit}
    return named if options.kill_ms == AS_DAEMON else {**named, "deinit_kill_time": options.kill_ms}


KILL_TIME = Shape[int](
    "a time", 'whole milliseconds, never, or "" for at once', _kill_ms, _write_kill_ms, ('"300"', '"never"', '""'),
    ('"soon"', "{}"),
)  # fmt: skip
PIPE_MODE = Shape[PipeMode](
    "a mode", "r for a pipe from the program's output, w for one to its input, both or none", _mode,
    lambda mode: b"r" * mode.read + b"w" * mode.write, ('"r"', '"rw"', '""'), ('"x"', "{}"),
)  # fmt: skip
PROGRAM_OPTIONS = options_as(
    child_shape(
        {"term_on_deinit": TRUTH, "deinit_kill_time": KILL_TIME},
        f"term_on_deinit (`true` unless given), deinit_kill_time ({KILL_TIME.means})",
    ),
    _options, _named, ('["deinit_kill_time": "300"]', *GOOD_COMMON),
    ('["deinit_kill_time": "soon"]', '{"keep_stdout"}', *BAD_COMMON),
)  # fmt: skip
