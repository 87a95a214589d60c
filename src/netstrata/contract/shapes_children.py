"""The shapes of what statements say about the programs that they run."""

from typing import Annotated, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.shapes import COMMAND, MILLISECONDS, NAME, TRUTH
from netstrata.values import Map, Value, boolean, parse_number

COMMON_KEYS = (b"keep_stdout", b"keep_stderr", b"do_setsid", b"username")
FLAGS = (b"keep_stdout", b"keep_stderr", b"do_setsid", b"term_on_deinit")
DAEMON_RETRY_MS = 10_000


class ChildOptions(NamedTuple):
    """What a child is given: NCD's four options that every statement with a child of its own has."""

    keep_stdout: bool = False
    keep_stderr: bool = False
    do_setsid: bool = False
    username: str | None = None


class RunonceOptions(NamedTuple):
    """The options of `runonce`."""

    child: ChildOptions = ChildOptions()
    term_on_deinit: bool = False


class DaemonOptions(NamedTuple):
    """The options of `daemon`."""

    child: ChildOptions = ChildOptions()
    retry_ms: int = DAEMON_RETRY_MS


RUNONCE_DEFAULTS = RunonceOptions()
DAEMON_DEFAULTS = DaemonOptions()


def read_options(value: Value, own_keys: tuple[bytes, ...]) -> tuple[ChildOptions, dict[Value, Value]] | None:
    """Read the common options out of a map; return the others, None if one is not known or does not fit."""
    if not isinstance(value, Map):
        return None
    flags = [False, False, False]
    username: str | None = None
    own: dict[Value, Value] = {}
    for key, word in value.entries.items():
        if key in own_keys:
            own[key] = word
        elif key == b"username":
            username = NAME.read(word)
            if username is None:
                return None
        elif isinstance(key, bytes) and key in COMMON_KEYS:
            truth = TRUTH.read(word)
            if truth is None:
                return None
            flags[COMMON_KEYS.index(key)] = truth
        else:
            return None
    return ChildOptions(flags[0], flags[1], flags[2], username), own


def write_options(options: ChildOptions) -> dict[Value, Value]:
    """Return the common options as entries of a map."""
    entries: dict[Value, Value] = {
        b"keep_stdout": boolean(options.keep_stdout),
        b"keep_stderr": boolean(options.keep_stderr),
        b"do_setsid": boolean(options.do_setsid),
    }
    if options.username is not None:
        entries[b"username"] = NAME.write(options.username)
    return entries


def _flag_words(value: Value) -> RunonceOptions | None:
    """Read NCD's old form: a list of flags, each of them true."""
    if isinstance(value, (bytes, Map)):
        return None
    words = value.elements()
    if not all(isinstance(word, bytes) and word in FLAGS for word in words):
        return None
    child = ChildOptions(b"keep_stdout" in words, b"keep_stderr" in words, b"do_setsid" in words)
    return RunonceOptions(child, b"term_on_deinit" in words)


def _runonce(value: Value) -> RunonceOptions | None:
    if not isinstance(value, Map):
        return _flag_words(value)
    options = read_options(value, (b"term_on_deinit",))
    if options is None:
        return None
    term = TRUTH.read(options[1].get(b"term_on_deinit", b"false"))
    return RunonceOptions(options[0], term) if term is not None else None


def _write_runonce(options: RunonceOptions) -> Value:
    return Map({**write_options(options.child), b"term_on_deinit": boolean(options.term_on_deinit)})


def _daemon(value: Value) -> DaemonOptions | None:
    options = read_options(value, (b"retry_time",))
    if options is None:
        return None
    retry_ms = MILLISECONDS.read(options[1].get(b"retry_time", b"%d" % DAEMON_RETRY_MS))
    return DaemonOptions(options[0], retry_ms) if retry_ms is not None else None


def _write_daemon(options: DaemonOptions) -> Value:
    return Map({**write_options(options.child), b"retry_time": b"%d" % options.retry_ms})


def _program(value: Value) -> list[bytes] | None:
    return COMMAND.read(value) or None


def _exit_status(value: Value) -> int | None:
    if value == b"-1":
        return -1
    return parse_number(value, 255) if isinstance(value, bytes) else None


PROGRAM = Shape[list[bytes]](
    "a command", 'a list: the program\'s path, then its arguments, without NUL, such as {"/bin/true"}; not empty',
    _program, COMMAND.write, ('{"/bin/true"}',), ("{}", '"/bin/true"', '{"a\\0"}', "{{}}"),
)  # fmt: skip
RUNONCE_OPTIONS = Shape[RunonceOptions](
    "options", "a map of keep_stdout, keep_stderr, do_setsid, term_on_deinit (strings, `true` is true) and username "
    "(a name), or a list of such flags",
    _runonce, _write_runonce, ('["keep_stdout": "true"]', '{"term_on_deinit"}', "[]", "{}"),
    ('["no_such_option": "true"]', '["keep_stdout": {}]', '{"username"}', '"keep_stdout"'),
)  # fmt: skip
DAEMON_OPTIONS = Shape[DaemonOptions](
    "options", "a map of keep_stdout, keep_stderr, do_setsid (strings, `true` is true), username (a name) and "
    "retry_time (whole milliseconds)",
    _daemon, _write_daemon, ('["retry_time": "100"]', "[]"),
    ('["term_on_deinit": "true"]', '["retry_time": "-1"]', '["retry_time": ""]', '{"keep_stdout"}'),
)  # fmt: skip
EXIT_STATUS = Shape[int](
    "an exit status", "0 to 255, or -1 if a signal ended the program or it could not be executed",
    _exit_status, lambda status: b"%d" % status, ('"0"', '"255"', '"-1"'), ('"256"', '"-2"', '""'),
)  # fmt: skip

Program = Annotated[list[bytes], PROGRAM]
RunonceOptionsMap = Annotated[RunonceOptions, RUNONCE_OPTIONS]
DaemonOptionsMap = Annotated[DaemonOptions, DAEMON_OPTIONS]
ExitStatus = Annotated[int, EXIT_STATUS]
