"""The shapes of what a child is given beside its command: variables of its environment, and resource limits."""

from collections.abc import Mapping
from typing import NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.options import OptionsShape
from netstrata.values import List, Map, Refused, Value, parse_number

UNLIMITED = -1
LIMIT_NAMES = (
    "as", "core", "cpu", "data", "fsize", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime",
    "sigpending", "stack",
)  # fmt: skip
_LARGEST = 2**63 - 1
_UNLIMITED = b"unlimited"


class Limit(NamedTuple):
    """What counts, and up to where the program may raise it itself; UNLIMITED is no limit."""

    soft: int
    hard: int


Environment = Mapping[bytes, bytes]
Limits = Mapping[str, Limit]


def _one(word: bytes) -> int | None:
    return UNLIMITED if word == _UNLIMITED else parse_number(word, _LARGEST)


def _limit(value: Value) -> Limit | None:
    if not isinstance(value, bytes):
        return None
    first, colon, second = value.partition(b":")
    soft = _one(first)
    hard = _one(second) if colon else soft
    if soft is None or hard is None or (hard != UNLIMITED and not 0 <= soft <= hard):
        return None
    return Limit(soft, hard)


def _write_limit(limit: Limit) -> Value:
    words = [_UNLIMITED if bound == UNLIMITED else b"%d" % bound for bound in limit]
    return words[0] if limit.soft == limit.hard else b":".join(words)


def _environment(value: Value) -> Environment | None:
    if not isinstance(value, Map) or _wrong_variable(value) is not None:
        return None
    return {_bytes(name): _bytes(text) for name, text in value.entries.items()}


def _bytes(value: Value) -> bytes:
    return value if isinstance(value, bytes) else b""


def _write_environment(environment: Environment) -> Value:
    return Map({name: text for name, text in environment.items()})  # noqa: C416 - its keys are only bytes


def _wrong_variable(value: Value) -> Refused | None:
    """Say which variable cannot be."""
    if not isinstance(value, Map):
        return None
    for name, text in value.entries.items():
        shown = name.decode("utf-8", "backslashreplace") if isinstance(name, bytes) else "a name that is no string"
        if not isinstance(name, bytes) or not name or b"=" in name or b"\0" in name:
            return Refused(f"{shown!r} cannot be the name of a variable: it takes bytes, no `=`, no NUL")
        if not isinstance(text, bytes) or b"\0" in text:
            kind = "a string without NUL" if isinstance(text, bytes) else f"a string, not a {_kind(text)}"
            return Refused(f"the variable {shown} must be {kind}")
    return None


def _kind(value: Value) -> str:
    return "list" if isinstance(value, List) else "map"


ENVIRONMENT = Shape[Environment](
    "an environment", 'a map of variables, which are added to the daemon\'s own: ["LANG": "C"]', _environment,
    _write_environment, ('["LANG": "C", "EMPTY": ""]', "[]"), ('["A=B": "c"]', '["": "c"]', '["A": {}]', "{}"),
    explain=_wrong_variable,
)  # fmt: skip
LIMIT = Shape[Limit](
    "a limit", "a whole number, `unlimited`, or soft:hard, where soft is at most hard", _limit, _write_limit,
    ('"1024"', '"unlimited"', '"0:4096"', '"7:unlimited"'), ('"-1"', '"2:1"', '"unlimited:1"', '"many"', '"1:"', "{}"),
)  # fmt: skip
LIMITS = OptionsShape(
    "limits", dict.fromkeys(LIMIT_NAMES, LIMIT), ('["nofile": "1024", "core": "0:unlimited"]', "[]"),
    ('["files": "1"]', '["nofile": "-1"]', '["nofile": "2:1"]', "{}"),
    means="a map of " + ", ".join(LIMIT_NAMES) + f" (each {LIMIT.means}; units as in setrlimit(2))",
)  # fmt: skip
