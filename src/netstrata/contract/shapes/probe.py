"""The shapes of what statements say of probes: whom to ask, how, and what is an answer."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.shapes.common import TEXT
from netstrata.contract.shapes.link import ADDRESS, SWITCH, whole
from netstrata.contract.shapes.route import FAMILY
from netstrata.contract.shapes.url import Url, is_host_name, parse_url, read_url
from netstrata.values import ITS_NAME, List, Refused, Value, format_address

ECHO: Final = "echo"
NEIGHBOUR: Final = "neighbour"
DNS: Final = "dns"
WAYS: Final = (ECHO, NEIGHBOUR, DNS)  # of asking an address
ProbeTarget = str | Url  # an address, or a page


def _read_target(value: Value) -> ProbeTarget | None:
    address = ADDRESS.read(value)
    return format_address(address).decode() if address is not None else read_url(value)


def _read_targets(value: Value) -> list[ProbeTarget] | None:
    """Read addresses and URLs; those that are addresses are of one family."""
    found = [_read_target(one) for one in value.elements()] if isinstance(value, List) else []
    targets = [one for one in found if one is not None]
    if not targets or len(targets) != len(found) or len({family_of_target(one) for one in targets} - {0}) > 1:
        return None
    return targets


def family_of_target(target: ProbeTarget) -> int:
    """Return 4 or 6; 0 for a name."""
    if isinstance(target, Url):
        return {0: 0, 4: 4, 16: 6}[len(target.address or b"")]
    return 6 if ":" in target else 4


def family_of_probe(targets: Sequence[ProbeTarget], options: Options) -> int:
    """Return of which family what is asked is: 4 or 6.

    Raises: Refused.
    """
    known = next((family for family in map(family_of_target, targets) if family), 0)
    asked = int(options.get("family", 0))
    if known and asked not in (0, known):
        raise Refused("the addresses are of the other family", argument=2, within=(b"family",))
    return asked or known or 4


def pages_of(pages: Sequence[Url], options: Options) -> tuple[tuple[str, ...], int, bytes]:
    """Return what is said of pages: name servers, the status, and how a page begins.

    Raises: Refused, if there is no page that it could be said of, or a name and nobody to ask for it.
    """
    for word in ("servers", "status", "body"):
        if word in options and not pages:
            raise Refused("this is about pages, and there is no URL", argument=2, within=(word.encode(), ITS_NAME))
    name = next((page.host for page in pages if page.address is None), "")
    if name and "servers" not in options:
        raise Refused(f"{name} is a name: it takes `servers` to ask for it", argument=1)
    body = options.get("body", b"")
    return tuple(options.get("servers", ())), options.get("status", 200 if body else 204), body


def _read_servers(value: Value) -> list[str] | None:
    found = [ADDRESS.read(one) for one in value.elements()] if isinstance(value, List) else [None]
    servers = [format_address(one).decode() for one in found if one is not None]
    return servers if len(servers) == len(found) else None


def _read_way(value: Value) -> str | None:
    return value.decode() if isinstance(value, bytes) and value.decode("latin-1") in WAYS else None


def _read_name(value: Value) -> str | None:
    text = value.decode("latin-1") if isinstance(value, bytes) else ""
    return text if is_host_name(text) else None


def _read_api(value: Value) -> str | None:
    """Read what a lease says: nothing, where to ask, or another URI, which says that there is no portal (RFC 8910)."""
    if not isinstance(value, bytes):
        return None
    text = value.decode("latin-1")
    return text if parse_url(text) is not None else ""


PROBE_TARGETS = Shape[list[ProbeTarget]](
    "hosts or pages that answer",
    'a list of addresses of one family, or of URLs, such as {"192.0.2.53", "198.51.100.53"} or {"https://example.org/"}',
    _read_targets, lambda targets: List([str(one).encode() for one in targets]),
    ('{"192.0.2.53"}', '{"2001:db8::1", "2001:db8::2"}', '{"https://example.org/x", "192.0.2.53"}'),
    ("{}", '"192.0.2.53"', '{"192.0.2.53", "2001:db8::1"}', '{"example.org"}', '{"ftp://example.org/"}',
     '{"http://192.0.2.1/", "http://[2001:db8::1]/"}'),
)  # fmt: skip
_SERVERS = Shape[list[str]](
    "name servers", 'a list of addresses, such as {"192.0.2.53"}',
    _read_servers, lambda servers: List([one.encode() for one in servers]), ('{"192.0.2.53"}', "{}"), ('"x"', '{"x"}'),
)  # fmt: skip
_WAY = Shape[str](
    "a way to ask", f"{', '.join(WAYS[:-1])} or {WAYS[-1]}", _read_way, lambda word: word.encode(),
    ('"echo"', '"dns"'), ('"ping"', "{}"),
)  # fmt: skip
_NAME = Shape[str](
    "a name", "such as example.org", _read_name, lambda name: name.encode(), ('"example.org"',), ('"a b"', '""', "{}")
)
_API = Shape[str](
    "where a captive portal says what it is", "a URL as DHCP and router advertisements give it, or an empty string",
    _read_api, lambda text: text.encode("latin-1"),
    ('"https://example.org/api"', '""', '"urn:ietf:params:capport:unrestricted"'), ("{}",),
)  # fmt: skip
_PAGES: dict[str, Shape[Any]] = {
    "family": FAMILY,
    "servers": _SERVERS,
    "status": whole("a status of HTTP", 200, 599),
    "body": TEXT,
}
PROBE_OPTIONS = OptionsShape(
    "options of a probe",
    {**_PAGES, "by": _WAY, "fast": SWITCH, "name": _NAME},
    ('["fast": "on"]', '["by": "dns", "name": "example.org"]', '["status": "200", "body": "online"]', "[]"),
    ('["fast": "2"]', '["interval": "1"]', '["by": "icmp"]', '["status": "100"]', "{}"),
)
PORTAL_OPTIONS = OptionsShape(
    "options of a portal", {**_PAGES, "api": _API}, ('["api": "", "servers": {"192.0.2.53"}]', "[]"),
    ('["servers": "192.0.2.53"]', '["fast": "on"]', "{}"),
)  # fmt: skip

ProbeTargets = Annotated[list[ProbeTarget], PROBE_TARGETS]
ProbeOptions = Annotated[Options, PROBE_OPTIONS]
PortalOptions = Annotated[Options, PORTAL_OPTIONS]
