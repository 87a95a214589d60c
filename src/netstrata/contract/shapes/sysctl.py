"""The shapes of the kernel's settings."""

from typing import Annotated

from netstrata.contract.declaration import Shape
from netstrata.values import Value

_SWAP = bytes.maketrans(b"./", b"/.")


def _key(value: Value) -> str | None:
    """Read `net.ipv4.ip_forward` or `net/ipv4/ip_forward` as a path.

    Whichever of dot and slash comes first stands between the parts; the other one is a dot in a part, as in the name of
    a link.
    """
    if not isinstance(value, bytes) or b"\0" in value:
        return None
    dot, slash = value.find(b"."), value.find(b"/")
    path = value.translate(_SWAP) if dot >= 0 and (slash < 0 or dot < slash) else value
    parts = path.split(b"/")
    if len(parts) < 2 or any(part in (b"", b".", b"..") for part in parts):
        return None
    return path.decode("utf-8", "surrogateescape")


def _write_key(path: str) -> Value:
    return path.encode("utf-8", "surrogateescape").translate(_SWAP)


def _setting(value: Value) -> bytes | None:
    if not isinstance(value, bytes) or not value.strip() or b"\0" in value or b"\n" in value:
        return None
    return value if len(value) <= 4000 else None


SYSCTL_KEY = Shape[str](
    "a kernel setting", "such as net.ipv4.ip_forward or net.ipv4.conf.eth0/1.forwarding (of the link eth0.1)",
    _key, _write_key, ('"net.ipv4.ip_forward"', '"net/ipv4/conf/eth0.1/forwarding"', '"net.ipv4.conf.eth0/1.mtu"'),
    ('"net"', '"/net/ipv4"', '"net/../kernel"', '"net./..passwd"', '"net..ipv4"', '""', "{}"),
)  # fmt: skip
SYSCTL_VALUE = Shape[bytes](
    "a setting's value", "one line, not empty", _setting, lambda value: value, ('"1"', '"4096 131072 6291456"'),
    ('""', '"1\\n2"', "{}"),
)  # fmt: skip

SysctlKey = Annotated[str, SYSCTL_KEY]
SysctlValue = Annotated[bytes, SYSCTL_VALUE]
