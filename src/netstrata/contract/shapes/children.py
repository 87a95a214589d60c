"""The shapes of what statements say about the programs that they run."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape, options_as
from netstrata.contract.shapes.common import COMMAND, MILLISECONDS, NAME, TRUTH
from netstrata.contract.shapes.limits import ENVIRONMENT, LIMIT_NAMES, LIMITS, Limit
from netstrata.values import Map, Refused, Value, parse_number

FLAGS = (b"keep_stdout", b"keep_stderr", b"do_setsid", b"term_on_deinit")
DAEMON_RETRY_MS = 10_000
NO_VARIABLES: Mapping[bytes, bytes] = MappingProxyType({})
NO_LIMITS: Mapping[str, Limit] = MappingProxyType({})


class ChildOptions(NamedTuple):
    """What a child is given: the options that every statement with a child of its own has, NCD's four first.

    Shapes: environment is added to the daemon's own; limits are setrlimit(2)'s, by name.
    """

    keep_stdout: bool = False
    keep_stderr: bool = False
    do_setsid: bool = False
    username: str | None = None
    environment: Mapping[bytes, bytes] = NO_VARIABLES
    limits: Mapping[str, Limit] = NO_LIMITS


class RunonceOptions(NamedTuple):
    """The options of `runonce`."""

    child: ChildOptions = ChildOptions()
    term_on_deinit: bool = False


class DaemonOptions(NamedTuple):
    """The options of `daemon`."""

    child: ChildOptions = ChildOptions()
    retry_ms: int = DAEMON_RETRY_MS


CHILD_DEFAULTS = ChildOptions()
RUNONCE_DEFAULTS = RunonceOptions()
DAEMON_DEFAULTS = DaemonOptions()

COMMON_FIELDS: dict[str, Shape[Any]] = {
    "keep_stdout": TRUTH,
    "keep_stderr": TRUTH,
    "do_setsid": TRUTH,
    "username": NAME,
    "environment": ENVIRONMENT,
    "limits": LIMITS,
}
COMMON_MEANS = (
    "keep_stdout, keep_stderr, do_setsid (strings, `true` is true), username (a name), environment (a map of "
    f"variables, added to the daemon's own), limits (a map of {', '.join(LIMIT_NAMES)}, each a number, `unlimited` or "
    "soft:hard)"
)
GOOD_COMMON = ('["keep_stdout": "true"]', '["environment": ["LANG": "C"], "limits": ["nofile": "1024"]]', "[]")
BAD_COMMON = ('["no_such_option": "true"]', '["keep_stdout": {}]', '["limits": ["files": "1"]]', '"keep_stdout"')


def child_options(options: Options) -> ChildOptions:
    """Return those options of a map that every child has."""
    return ChildOptions(**{word: options[word] for word in COMMON_FIELDS if word in options})


def common_options(child: ChildOptions) -> dict[str, Any]:
    """Return a child's options by name; those that are not given are left out."""
    given = child._asdict()
    return {word: given[word] for word in COMMON_FIELDS if given[word] != CHILD_DEFAULTS._asdict()[word]}


def child_shape(own: dict[str, Shape[Any]], means: str) -> OptionsShape:
    """Make the shape of a map with the common options and some more; `means` describes these."""
    said = f"a map of {COMMON_MEANS}{', ' if means else ''}{means}"
    return OptionsShape("options", {**COMMON_FIELDS, **own}, (), (), means=said)


def _flag_words(value: Value) -> RunonceOptions | None:
    """Read NCD's old form: a list of flags, each of them true."""
    if isinstance(value, (bytes, Map)):
        return None
    words = value.elements()
    if not all(isinstance(word, bytes) and word in FLAGS for word in words):
        return None
    child = ChildOptions(b"keep_stdout" in words, b"keep_stderr" in words, b"do_setsid" in words)
    return RunonceOptions(child, b"term_on_deinit" in words)


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
CHILD_OPTIONS = options_as(child_shape({}, ""), child_options, common_options, GOOD_COMMON, BAD_COMMON)
_RUNONCE_MAP = options_as(
    child_shape({"term_on_deinit": TRUTH}, "term_on_deinit (the same)"),
    lambda options: RunonceOptions(child_options(options), options.get("term_on_deinit", False)),
    lambda runonce: {**common_options(runonce.child), "term_on_deinit": runonce.term_on_deinit},
    (), (),
)  # fmt: skip
DAEMON_OPTIONS = options_as(
    child_shape({"retry_time": MILLISECONDS}, "retry_time (whole milliseconds)"),
    lambda options: DaemonOptions(child_options(options), options.get("retry_time", DAEMON_RETRY_MS)),
    lambda daemon: {**common_options(daemon.child), "retry_time": daemon.retry_ms},
    ('["retry_time": "100"]', *GOOD_COMMON),
    ('["term_on_deinit": "true"]', '["retry_time": "-1"]', '["retry_time": ""]', '{"keep_stdout"}', *BAD_COMMON),
)  # fmt: skip
EXIT_STATUS = Shape[int](
    "an exit status", "0 to 255, or -1 if a signal ended the program or it could not be executed",
    _exit_status, lambda status: b"%d" % status, ('"0"', '"255"', '"-1"'), ('"256"', '"-2"', '""'),
)  # fmt: skip


def _runonce(value: Value) -> RunonceOptions | None:
    return _RUNONCE_MAP.read(value) if isinstance(value, Map) else _flag_words(value)


def _wrong_for_runonce(value: Value) -> Refused | None:
    return _RUNONCE_MAP.refusal(0, value) if isinstance(value, Map) else None


RUNONCE_OPTIONS = Shape[RunonceOptions](
    "options", f"{_RUNONCE_MAP.means}; or a list of such flags", _runonce, _RUNONCE_MAP.write,
    ('{"term_on_deinit"}', "{}", *GOOD_COMMON), ('{"username"}', *BAD_COMMON), explain=_wrong_for_runonce,
)  # fmt: skip

Program = Annotated[list[bytes], PROGRAM]
ChildOptionsMap = Annotated[ChildOptions, CHILD_OPTIONS]
RunonceOptionsMap = Annotated[RunonceOptions, RUNONCE_OPTIONS]
DaemonOptionsMap = Annotated[DaemonOptions, DAEMON_OPTIONS]
ExitStatus = Annotated[int, EXIT_STATUS]
