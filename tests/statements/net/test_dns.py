"""net.dns and net.dns.resolvconf, over a file of their own."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import Any

import pytest

from netstrata.contract import declaration_of
from netstrata.statements.net.dns import dns
from netstrata.statements.net.dns.resolvconf import resolvconf
from netstrata.system.children import RealChildren
from netstrata.system.dns import DnsPort, ResolverConfiguration
from netstrata.system.output.standard_output import StandardOutput
from netstrata.values import List, Map, Refused, Value


class Ports:
    def __init__(self, path: Path) -> None:
        self.dns = DnsPort(ResolverConfiguration(RealChildren(StandardOutput()), str(path)))


def listed(*words: Value) -> Value:
    return List(list(words))


def started(ports: Ports, statement: Any, *values: Value) -> AsyncGenerator[None, None]:
    declaration = declaration_of(statement)
    stream: AsyncGenerator[None, None] = declaration.implementation(ports, *declaration.bind(list(values)))
    return stream


def test_servers_and_lines_of_several_statements_make_one_file(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text("nameserver 192.0.2.99\n")

    async def story() -> list[str]:
        ports = Ports(path)
        programs = [
            started(ports, dns, listed(b"192.0.2.53", b"010.1.1.1"), b"20"),
            started(ports, dns, listed(b"192.0.2.1", b"2001:DB8::0:53"), b"10"),
            started(
                ports, resolvconf,
                listed(listed(b"search", b"a.example b.example"), listed(b"options", b"ndots:2")), b"20",
            ),
        ]  # fmt: skip
        async with AsyncExitStack() as stack:
            for program in programs:
                await stack.enter_async_context(aclosing(program))
                await anext(program)
            return path.read_text().splitlines()

    comment, *lines = asyncio.run(story())

    assert comment.startswith("#")
    assert lines == [
        "nameserver 192.0.2.1",
        "nameserver 2001:db8::53",
        "nameserver 192.0.2.53",
        "nameserver 10.1.1.1",
        "search a.example b.example",
        "options ndots:2",
        "# Before it here was:",
        "#| nameserver 192.0.2.99",
    ]
    assert path.read_text() == "nameserver 192.0.2.99\n"


def test_search_domains_may_be_said_with_the_servers(tmp_path: Path) -> None:
    path = tmp_path / "resolv.conf"

    async def story() -> list[str]:
        options = Map({b"search": listed(b"a.example", b"b.example")})
        async with aclosing(started(Ports(path), dns, listed(b"192.0.2.53"), b"20", options)) as program:
            await anext(program)
            return path.read_text().splitlines()

    assert asyncio.run(story())[1:3] == ["nameserver 192.0.2.53", "search a.example b.example"]


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        (b"domains", listed(b"corp.example"), "`domains` needs a link"),
        (b"mdns", b"on", "`mdns` needs a link"),
        (b"search", listed(b"~corp.example"), '"~corp.example" is no domain'),
        (b"domain", listed(b"corp.example"), "no option `domain`"),
    ],
)
def test_what_is_wrong_with_options_is_said(option: bytes, value: Value, message: str) -> None:
    with pytest.raises(Refused, match=message):
        declaration_of(dns).bind([listed(b"192.0.2.1"), b"1", Map({option: value})])


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (dns, [b"192.0.2.1", b"1"]),
        (dns, [listed(b"192.0.2"), b"1"]),
        (dns, [listed(b"192.0.2.1"), b"-1"]),
        (resolvconf, [listed(b"search"), b"1"]),
        (resolvconf, [listed(listed(b"search", b"a\0b")), b"1"]),
        (resolvconf, [listed(listed(b"a", b"b", b"c")), b"1"]),
    ],
)
def test_wrong_arguments_are_refused(statement: Any, values: list[Value]) -> None:
    with pytest.raises(Refused):
        declaration_of(statement).bind(values)
