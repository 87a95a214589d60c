"""The shape of what nobody is shown."""

from typing import Annotated

from netstrata.contract.declaration import Shape
from netstrata.values import Value


def _text(value: Value) -> bytes | None:
    return value if isinstance(value, bytes) else None


def _same(value: bytes) -> Value:
    return value


SECRET = Shape[bytes](
    "a secret", "any bytes, shown to nobody", _text, _same, ('"correct horse"',), ("{}", "[]"), secret=True
)

Secret = Annotated[bytes, SECRET]
