"""Shapes of the names of templates."""

from typing import Final

from netstrata.contract.declaration import Shape
from netstrata.values import Value

NO_TEMPLATE: Final = b"<none>"


class TemplateShape(Shape[bytes]):
    """What names a template to run; one that `looks_out` sees all names around the statement that runs it."""

    __slots__ = ("looks_out",)

    def __init__(self, looks_out: bool) -> None:
        super().__init__("a template name", "a string, or <none> for nothing", _read, _write, ('"<none>"',), ("{}",))
        self.looks_out = looks_out


def _read(value: Value) -> bytes | None:
    return value if isinstance(value, bytes) else None


def _write(template: bytes) -> Value:
    return template


TEMPLATE = TemplateShape(looks_out=False)
EMBEDDED = TemplateShape(looks_out=True)
