"""The shape of an address of the web.

Source: RFC 3986; RFC 9110 section 4.2.
"""

import re
from typing import Annotated, Final, NamedTuple
from urllib.parse import urlsplit

from netstrata.contract.declaration import Shape
from netstrata.contract.shapes.common import read_each
from netstrata.values import List, Value, parse_address

_PORTS: Final = {"http": 80, "https": 443}
_LONGEST: Final = 2000
_HOST: Final = re.compile(r"(?=.{1,253}$)[A-Za-z0-9_-]{1,63}(\.[A-Za-z0-9_-]{1,63})*\.?")


class Url(NamedTuple):
    """A page: how it is asked for, whom, and what it is called there."""

    scheme: str  # http or https
    host: str  # a name, or an address without brackets
    port: int
    path: str  # with its query

    @property
    def address(self) -> bytes | None:
        """The host, if it is an address."""
        return parse_address(self.host.encode())

    @property
    def authority(self) -> str:
        """Whom to ask, as it is written in URLs."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def is_host_name(text: str) -> bool:
    """Say whether a text can be the name of a host, or an IPv4 address."""
    return _HOST.fullmatch(text) is not None


def parse_url(text: str) -> Url | None:
    """Return what a text says, None if that is no address of a page."""
    if len(text) > _LONGEST or not text.isascii() or not text.isprintable() or set(' "<>\\^`{|}') & set(text):
        return None
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc or port == 0:
        return None
    if not is_host_name(parts.hostname) and parse_address(parts.hostname.encode()) is None:
        return None
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Url(parts.scheme, parts.hostname, port or _PORTS[parts.scheme], path)


def read_url(value: Value) -> Url | None:
    """Read a URL."""
    return parse_url(value.decode("latin-1")) if isinstance(value, bytes) else None


def _read_checks(value: Value) -> list[Url] | None:
    checks = read_each(value, read_url)
    return checks if checks and all(one.scheme == "http" for one in checks) else None


CHECKS = Shape[list[Url]](
    "pages to ask for", 'a list of URLs that begin with http://, such as {"http://example.org/generate_204"}',
    _read_checks, lambda checks: List([str(one).encode() for one in checks]),
    ('{"http://example.org/generate_204"}', '{"http://192.0.2.80:8080/x?y=z"}', '{"http://[2001:db8::80]/"}'),
    ("{}", '"http://example.org/"', '{"https://example.org/"}', '{"example.org"}', '{"http://a b/"}',
     '{"http://u@example.org/"}', '{"http://example.org:0/"}'),
)  # fmt: skip

Checks = Annotated[list[Url], CHECKS]
