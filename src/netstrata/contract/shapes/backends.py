"""The shapes of what is known of a link's association."""

from typing import Annotated

from netstrata.contract.declaration import Shape
from netstrata.contract.shapes.dhcp import MAC
from netstrata.values import Value


def _bssid(value: Value) -> bytes | None:
    if value == b"none":
        return b""
    return value if isinstance(value, bytes) and MAC.read(value) is not None and value == value.upper() else None


BSSID = Shape[bytes](
    "a BSSID", "such as 02:00:00:00:0A:01, or none", _bssid, lambda bssid: bssid or b"none",
    ('"02:00:00:00:0A:01"', '"none"'), ('""', '"02:00:00:00:0a:01"'),
)  # fmt: skip

Bssid = Annotated[bytes, BSSID]
