"""Whether anything gets through over a link, and whether a captive portal is in the way."""

from typing import NamedTuple

from netstrata.contract.shapes.probe import ECHO, ProbeTarget
from netstrata.contract.shapes.url import Url


class PageSource(NamedTuple):
    """How pages are asked for, and what is expected of them."""

    servers: tuple[str, ...] = ()  # that know the names of hosts: addresses
    status: int = 204
    body: bytes = b""  # how it begins


class Probe(NamedTuple):
    """What is behind a link and answers if anything gets through: addresses of one family, or pages."""

    link: str
    targets: tuple[ProbeTarget, ...]
    family: int = 4  # 4 or 6
    by: bytes = ECHO  # how addresses are asked: echo, neighbour or dns
    fast: bool = False  # within half a second, by twelve questions a second
    name: str = ""  # that name servers are asked for; the root if it is empty
    pages: PageSource = PageSource()


class Portal(NamedTuple):
    """What tells a captive portal: pages that answer as expected if there is none, or itself."""

    link: str
    checks: tuple[Url, ...]
    family: int = 4
    api: Url | None = None  # where it says what it is (RFC 8908)
    pages: PageSource = PageSource()
