"""The shapes of what statements say of probes: whom to ask, how, and what is an answer."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.shapes.common import TEXT, read_each, word_shape
from netstrata.contract.shapes.dns import ZONED_SERVERS, read_zoned
from netstrata.contract.shapes.link import SWITCH, whole
from netstrata.contract.shapes.route import FAMILY
from netstrata.contract.shapes.url import Url, is_host_name, parse_url, read_url
from netstrata.values import ITS_NAME, List, Refused, Value

ECHO: Final = b"echo"
NEIGHBOUR: Final = b"neighbour"
DNS: Final = b"dns"
WAYS: Final = (ECHO, NEIGHBOUR, DNS)  # of asking an address
ProbeTarget = str | Url  # an address, or a page


class PortalAnswer(NamedTuple):
    """Whether a captive portal is in the way, and what it says of itself; empty if it does not."""

    captive: bool
    url: str = ""  # where people log in
    venue: str = ""  # where they read about the place
    seconds: int | None = None  # how long it will let through, said just now


def _read_target(value: Value) -> ProbeTarget | None:
    address = read_zoned(value)
    return address.decode("utf-8", "surrogateescape") if address is not None else read_url(value)


def _read_targets(value: Value) -> list[ProbeTarget] | None:
    """Read addresses and URLs; those that are addresses are of one family."""
    targets: list[ProbeTarget] | None = read_each(value, _read_target)
    if not targets or len({family_of_target(one) for one in targets} - {0}) > 1:
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


def address_over(link: str, address: str, argument: int, *within: bytes | int) -> str:
    """Return an address that is asked over a link, without its zone, which is that link.

    Raises: Refused, if the zone is another link.
    """
    plain, _, zone = address.partition("%")
    if zone not in ("", link):
        raise Refused(f"{address} is on another link than {link}", argument=argument, within=within)
    return plain


def pages_of(link: str, pages: Sequence[Url], options: Options) -> tuple[tuple[str, ...], int, bytes]:
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
    named = enumerate(one.decode("utf-8", "surrogateescape") for one in options.get("servers", ()))
    servers = tuple(address_over(link, server, 2, b"servers", at) for at, server in named)
    return servers, options.get("status", 200 if body else 204), body


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
    ('{"192.0.2.53"}', '{"2001:db8::1", "fe80::1%eth0"}', '{"https://example.org/x", "192.0.2.53"}'),
    ("{}", '"192.0.2.53"', '{"192.0.2.53", "2001:db8::1"}', '{"example.org"}', '{"ftp://example.org/"}',
     '{"http://192.0.2.1/", "http://[2001:db8::1]/"}'),
)  # fmt: skip
_WAY = word_shape("a way to ask", "echo, neighbour or dns", WAYS, "ping")
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
    "servers": ZONED_SERVERS,
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
