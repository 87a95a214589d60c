"""The shapes of name servers and resolver lines."""

from typing import Annotated

from netstrata.contract.declaration import Shape
from netstrata.values import List, Value, format_address, parse_address


def _read_servers(value: Value) -> list[bytes] | None:
    if not isinstance(value, List):
        return None
    servers: list[bytes] = []
    for word in value.elements():
        server = parse_address(word) if isinstance(word, bytes) else None
        if server is None:
            return None
        servers.append(server)
    return servers


def _write_servers(servers: list[bytes]) -> Value:
    return List([format_address(server) for server in servers])


def _read_lines(value: Value) -> list[tuple[bytes, bytes]] | None:
    if not isinstance(value, List):
        return None
    lines: list[tuple[bytes, bytes]] = []
    for pair in value.elements():
        if not isinstance(pair, List) or len(pair) != 2:
            return None
        kind, text = pair.elements()
        if not isinstance(kind, bytes) or not isinstance(text, bytes) or b"\0" in kind + text:
            return None
        lines.append((kind, text))
    return lines


def _write_lines(lines: list[tuple[bytes, bytes]]) -> Value:
    return List([List([kind, text]) for kind, text in lines])


SERVERS = Shape[list[bytes]](
    "a list of name servers", 'IPv4 or IPv6 addresses, such as {"192.0.2.53", "2001:db8::53"}',
    _read_servers, _write_servers, ('{"192.0.2.53"}', '{"192.0.2.53", "2001:db8::53"}', "{}"),
    ('"192.0.2.53"', '{"x"}', "{{}}"),
)  # fmt: skip
RESOLVER_LINES = Shape[list[tuple[bytes, bytes]]](
    "a list of resolver lines", 'pairs of a keyword and its value, such as {{"search", "example.org"}}',
    _read_lines, _write_lines, ('{{"search", "example.org"}}', "{}"), ('"search"', '{"search"}', '{{"search"}}'),
)  # fmt: skip

Servers = Annotated[list[bytes], SERVERS]
ResolverLines = Annotated[list[tuple[bytes, bytes]], RESOLVER_LINES]
