"""The shapes of what files are like: mode and owner."""

import re
from typing import Annotated, Any, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, options_as, options_shape
from netstrata.contract.shapes.common import NAME
from netstrata.values import Value

_MODE = re.compile(rb"[0-7]{3,4}")
_OWNER = re.compile(rb"[^:\0]+(:[^:\0]+)?")


class Attributes(NamedTuple):
    """Whose a file is, and what they may do.  None: nobody says."""

    mode: int | None = None
    user: str | None = None
    group: str | None = None


NOTHING_SAID = Attributes()


def _mode(value: Value) -> int | None:
    return int(value, 8) if isinstance(value, bytes) and _MODE.fullmatch(value) else None


def _owner(value: Value) -> tuple[str, str | None] | None:
    if not isinstance(value, bytes) or not _OWNER.fullmatch(value):
        return None
    user, _, group = str(NAME.read(value)).partition(":")
    return user, group or None


def _write_owner(owner: tuple[str, str | None]) -> Value:
    return NAME.write(":".join(name for name in owner if name))


MODE = Shape[int](
    "a mode", "three or four octal digits, such as 0644", _mode, lambda mode: b"%04o" % mode, ('"0644"',),
    ('"888"', '"rw"', "{}"),
)  # fmt: skip
OWNER = Shape[tuple[str, str | None]](
    "an owner", "a user, or user:group, as names or numbers", _owner, _write_owner, ('"root"', '"root:adm"', '"0:0"'),
    ('""', '"a:b:c"', "{}"),
)  # fmt: skip
_FIELDS: dict[str, Shape[Any]] = {"mode": MODE, "owner": OWNER}


def _attributes(options: Options) -> Attributes:
    user, group = options.get("owner", (None, None))
    return Attributes(options.get("mode"), user, group)


def _named(attributes: Attributes) -> Options:
    named: dict[str, Any] = {}
    if attributes.mode is not None:
        named["mode"] = attributes.mode
    if attributes.user is not None:
        named["owner"] = attributes.user, attributes.group
    return named


ATTRIBUTES = options_as(
    options_shape(_FIELDS, (), ()), _attributes, _named, ('["mode": "0600", "owner": "root"]', "[]"),
    ('["mod": "0600"]', "{}"),
)  # fmt: skip

AttributesMap = Annotated[Attributes, ATTRIBUTES]
