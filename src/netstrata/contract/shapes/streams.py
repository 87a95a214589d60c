"""The addresses of stream sockets: where to connect to, where to listen, who connected."""

from typing import NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.values import List, Value, format_address, parse_ipv4, parse_ipv6, parse_number

TCP = "tcp"
UNIX = "unix"
DEVICE = "device"


class StreamAddress(NamedTuple):
    """Where a stream leads to.

    Shapes: kind is tcp, unix or device; host is packed (4 or 16 bytes), for tcp; path is for unix and device.
    """

    kind: str
    host: bytes = b""
    port: int = 0
    path: bytes = b""

    def __str__(self) -> str:
        if self.kind != TCP:
            return self.path.decode("utf-8", "backslashreplace")
        host = format_address(self.host).decode()
        return f"[{host}]:{self.port}" if len(self.host) == 16 else f"{host}:{self.port}"


def read_stream_address(value: Value) -> StreamAddress | None:
    """Read `{"tcp", {"ipv4", ADDRESS, PORT}}`, the same with ipv6, `{"unix", PATH}` or `{"device", PATH}`."""
    if not isinstance(value, List) or value.size != 2:
        return None
    kind, data = value.elements()
    if kind == b"tcp":
        return _tcp(data)
    if kind in (b"unix", b"device") and isinstance(kind, bytes) and isinstance(data, bytes) and b"\0" not in data:
        return StreamAddress(kind.decode(), path=data)
    return None


def _tcp(data: Value) -> StreamAddress | None:
    if not isinstance(data, List) or data.size != 3:
        return None
    family, address, port = data.elements()
    if not isinstance(address, bytes) or not isinstance(port, bytes):
        return None
    host = parse_ipv4(address) if family == b"ipv4" else parse_ipv6(address) if family == b"ipv6" else None
    number = parse_number(port, 65535)
    return StreamAddress(TCP, host, number) if host is not None and number is not None else None


def _without_device(value: Value) -> StreamAddress | None:
    address = read_stream_address(value)
    return address if address is not None and address.kind != DEVICE else None


def write_stream_address(address: StreamAddress | None) -> Value:
    """Return an address as a value: `{"tcp", {"ipv4", ADDRESS, PORT}}` and so on."""
    if address is None or address.kind == TCP:
        return List([b"tcp", write_peer(address)])
    return List([address.kind.encode(), address.path])


def write_peer(address: StreamAddress | None) -> Value:
    """Return who connected as a value: `{"ipv4", ADDRESS, PORT}`, the same with ipv6, or `{"none"}`."""
    if address is None or address.kind != TCP:
        return List([b"none"])
    family = b"ipv4" if len(address.host) == 4 else b"ipv6"
    return List([family, format_address(address.host), b"%d" % address.port])


SERVER_ADDRESS = Shape[StreamAddress](
    "a socket address", 'such as {"unix", "/run/control"} or {"tcp", {"ipv4", "192.0.2.1", "4000"}}',
    _without_device, write_stream_address,
    ('{"unix", "/run/x"}', '{"tcp", {"ipv4", "192.0.2.1", "4000"}}', '{"tcp", {"ipv6", "::", "0"}}'),
    ('"x"', '{"device", "/dev/null"}', '{"tcp", {"ipv4", "192.0.2.1", "65536"}}', '{"tcp", {"none"}}', '{"unix", {}}'),
)  # fmt: skip
