"""The configuration of a dnsmasq that serves one link, and the servers of one that forwards.

Everything in it was read by a shape, and written by one writer: no value ends its line, or is anything but itself.
Source: dnsmasq(8); option.c, read_file: fgets(3) with a buffer of 1025, then quotes, backslashes and comments.
"""

import re
from typing import NamedTuple

from netstrata.contract.options import Options
from netstrata.contract.shapes.dnsmasq import StaticLease
from netstrata.values import Refused, format_address, joined_lines

LEASE_S = 3600
PLAIN_LINK = re.compile(r"[A-Za-z0-9@._+-]+")  # in a configuration file, others would mean something
READ_AGAIN = "cleared cache"  # what it says once it has read its servers again, before it names them
STARTED = "started, version "  # in the line that says that all sockets are open
_PREFIX = re.compile(r"^dnsmasq(\[\d+\])?: ")
_LINE_MOST = 1023  # bytes without the line feed: what is behind them is another line to dnsmasq 2.90
_ADDRESSES_MOST = 63
_SPECIAL = re.compile(r'["\\#]')
_NO_NEWS = "FAILED to start up"


def configuration(link: str, options: Options, lease_file: str) -> str:
    """Return the lines of the configuration file.

    Raises: Refused if what is to be said in one line does not fit into one, or means something else there.
    """
    lines = [f"# Made by netstrata for the link {link}; it is written again, and removed at the end.", *_common(link)]
    lines += _dns(options)
    lines += [f"domain={options['domain'].decode('ascii')}"] if "domain" in options else []
    if "range" in options or "range6" in options or options.get("ra"):
        lines += ["dhcp-authoritative", f"dhcp-leasefile={lease_file}"]
    if "range" in options:
        lines += _dhcp4(options)
    lines += _ipv6(link, options)
    lines += _boot(options)
    lines += [_raw_option(name, values) for name, values in options.get("options", {}).items()]
    for line in lines[1:]:
        if _SPECIAL.search(line):
            raise Refused(f"dnsmasq would not read this as it is: {line}", hint='without ", \\ and #', argument=1)
    return joined_lines(lines, _LINE_MOST)


class Upstream(NamedTuple):
    """A server that dnsmasq asks for names below a domain, or for all others; over a link, or as the routes lead."""

    server: bytes
    domain: bytes = b""
    link: str = ""


_ANSWERS_AT = "# It answers at "


def forwarding(upstreams: list[Upstream], address: str) -> str:
    """Return the lines of its file of servers, and where it answers.

    Raises: Refused if a link's name means something else there.
    """
    lines = ["# Made by netstrata for its net.dns statements; it is written again, and removed at the end."]
    lines.append(_ANSWERS_AT + address)
    for one in dict.fromkeys(upstreams):
        if one.link and not PLAIN_LINK.fullmatch(one.link):
            raise Refused(f"dnsmasq would not read the name of this link as it is: {one.link}", hint="rename it")
        domain = f"/{one.domain.decode('ascii')}/" if one.domain else ""
        over = f"@{one.link}" if one.link and b"%" not in one.server else ""
        lines.append(f"server={domain}{one.server.decode('ascii')}{over}")
    return joined_lines(lines, _LINE_MOST)


def answers_at(text: str) -> str:
    """Return where one answers that has such a file, "" if that does not say so."""
    return next((line.removeprefix(_ANSWERS_AT) for line in text.splitlines() if line.startswith(_ANSWERS_AT)), "")


def reason(lines: list[str]) -> str:
    """Return why it did not start, from what it said; "" if it did not say."""
    told = [_PREFIX.sub("", line) for line in lines]
    return next((line for line in reversed(told) if line and line != _NO_NEWS), "")


def _common(link: str) -> list[str]:
    return [f"interface={link}", "except-interface=lo", "bind-dynamic", "log-facility=-", "no-hosts", "no-resolv"]


def _dns(options: Options) -> list[str]:
    """Names are answered only if it was said from whom answers are."""
    if "servers" not in options:
        return ["port=0"]
    domain = f".{options['domain'].decode('ascii')}" if "domain" in options else ""
    lines = ["bogus-priv", "domain-needed", *(f"server={text}" for text in _texts(options["servers"]))]
    for host in options.get("hosts", []):
        if host.name:  # dnsmasq by itself answers only for those that have a lease
            name = host.name.decode("ascii")
            names = f"{name},{name}{domain}" if domain else name
            lines.append(f"host-record={names},{_texts([host.address])[0]}")
    return lines


def _dhcp4(options: Options) -> list[str]:
    first, last = _texts(options["range"])
    lines = [f"dhcp-range={first},{last},{options.get('lease_time', LEASE_S)}"]
    if "router" in options:
        lines.append(_option("option:router", _texts([options["router"]] if options["router"] else [])))
    servers = [text for text in _texts(options.get("dns", [])) if ":" not in text]
    if "dns" in options or "servers" not in options:
        lines.append(_option("option:dns-server", servers))
    lines += _said("option", options, [text for text in _texts(options.get("ntp", [])) if ":" not in text])
    return lines + [_host(host) for host in options.get("hosts", [])]


def _ipv6(link: str, options: Options) -> list[str]:
    lines: list[str] = []
    lease_s = options.get("lease_time", LEASE_S)
    if "range6" in options:
        first, last = _texts(options["range6"])
        lines.append(f"dhcp-range={first},{last},64,{lease_s}")
    elif options.get("ra"):
        lines.append(f"dhcp-range=::,constructor:{link},ra-stateless,64,{lease_s}")
    if options.get("ra"):
        lines.append("enable-ra")
    servers = [f"[{text}]" for text in _texts(options.get("dns", [])) if ":" in text]
    if lines and ("dns" in options or "servers" not in options):
        lines.append(_option("option6:dns-server", servers))
    if lines:
        lines += _said("option6", options, [f"[{text}]" for text in _texts(options.get("ntp", [])) if ":" in text])
    return lines


def _said(family: str, options: Options, ntp: list[str]) -> list[str]:
    """Return what is said in the same way with DHCP and with DHCPv6; of the latter RFC 5908 is no plain list."""
    lines = [_option(f"{family}:{'ntp-server' if family == 'option' else 'sntp-server'}", ntp)] if ntp else []
    domains = [domain.decode("ascii") for domain in options.get("search", [])]
    return lines + ([_option(f"{family}:domain-search", domains)] if domains else [])


def _boot(options: Options) -> list[str]:
    """Return what to boot from over the network; for machines with UEFI on x86, another file.  Source: RFC 4578."""
    boot = options.get("boot", {})
    lines = ["enable-tftp", f"tftp-root={options['tftp'].decode('ascii')}"] if "tftp" in options else []
    server = f",,{_texts([boot['server']])[0]}" if "server" in boot else ""
    if "efi" in boot:
        lines += [f"dhcp-match=set:efi,option:client-arch,{number}" for number in (6, 7, 9)]
        lines.append(f"dhcp-boot=tag:efi,{boot['efi'].decode('ascii')}{server}")
    if "file" in boot:
        legacy = "tag:!efi," if "efi" in boot else ""
        lines.append(f"dhcp-boot={legacy}{boot['file'].decode('ascii')}{server}")
    return lines


def _raw_option(name: bytes, values: list[bytes]) -> str:
    """Return the line of an option by its name or number."""
    word = name.decode("ascii")
    if not word.startswith("option6:") and not word.isdigit():
        word = f"option:{word}"
    return f"dhcp-option={','.join([word, *(value.decode('ascii') for value in values)])}"


def _host(host: StaticLease) -> str:
    words = [host.mac.hex(":"), *_texts([host.address]), *([host.name.decode("ascii")] if host.name else [])]
    return f"dhcp-host={','.join(words)}"


def _option(name: str, values: list[str]) -> str:
    """Return the line of a DHCP option; without values it is not sent, though dnsmasq would by itself.

    Raises: Refused if they do not fit into 255 bytes.  Source: RFC 2132, section 2.
    """
    if len(values) > _ADDRESSES_MOST and not name.startswith("option6:"):
        raise Refused(f"{len(values)} addresses do not fit into a DHCP option", hint="up to 63", argument=1)
    return f"dhcp-option={','.join([name, *values])}"


def _texts(addresses: "list[bytes] | tuple[bytes, ...]") -> list[str]:
    return [format_address(address).decode("ascii") for address in addresses]
