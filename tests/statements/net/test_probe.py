"""What `net.probe` and `net.portal` take of what is said to them, and what they refuse."""

from typing import Any

import pytest

from netstrata.contract import declaration_of
from netstrata.contract.shapes.probe import family_of_probe
from netstrata.statements.net.portal import portal
from netstrata.statements.net.probe import _wanted, probe
from netstrata.values import List, Map, Refused, Value


def bound(targets: list[bytes], options: dict[Value, Value]) -> list[Any]:
    return declaration_of(probe).bind([b"eth0", List(list(targets)), Map(options)])


SERVERS = List([b"192.0.2.53"])


@pytest.mark.parametrize(("targets", "options", "said"), [
    ([b"192.0.2.1"], {b"status": b"200"}, "this is about pages, and there is no URL"),
    ([b"192.0.2.1"], {b"servers": SERVERS}, "this is about pages, and there is no URL"),
    ([b"192.0.2.1"], {b"name": b"example.org"}, "only name servers are asked for a name: `by` is not dns"),
    ([b"http://192.0.2.1/"], {b"by": b"dns"}, "pages are asked for in one way, and there is no address"),
    ([b"http://example.org/"], {}, "example.org is a name: it takes `servers` to ask for it"),
    ([b"192.0.2.1"], {b"family": b"inet6"}, "the addresses are of the other family"),
    ([b"fe80::1%eth1"], {b"by": b"dns"}, "fe80::1%eth1 is on another link than eth0"),
    ([b"http://example.org/"], {b"servers": List([b"fe80::1%eth1"])}, "fe80::1%eth1 is on another link than eth0"),
])  # fmt: skip
def test_what_would_change_nothing_is_refused(targets: list[bytes], options: dict[Value, Value], said: str) -> None:
    with pytest.raises(Refused, match=said.replace(".", r"\.")):
        _wanted(*bound(targets, options))


def test_name_servers_are_taken_as_router_advertisements_name_them() -> None:
    host = _wanted(*bound([b"fe80::1%eth0", b"2001:db8::53"], {b"by": b"dns"}))
    page = _wanted(*bound([b"http://example.org/"], {b"servers": List([b"fe80::1%eth0"])}))

    assert host.targets == ("fe80::1", "2001:db8::53")
    assert page.pages.servers == ("fe80::1",)


def test_a_page_is_expected_to_be_empty_or_to_begin_as_it_is_said() -> None:
    plain = _wanted(*bound([b"http://192.0.2.1/"], {}))
    text = _wanted(*bound([b"http://192.0.2.1/"], {b"body": b"online"}))
    both = _wanted(*bound([b"http://192.0.2.1/"], {b"body": b"online", b"status": b"203"}))

    assert [(one.pages.status, one.pages.body) for one in (plain, text, both)] == [
        (204, b""), (200, b"online"), (203, b"online"),
    ]  # fmt: skip


def test_of_which_family_it_is_says_the_first_address_or_the_option_else_ipv4() -> None:
    six = _wanted(*bound([b"http://example.org/"], {b"servers": SERVERS, b"family": b"inet6"}))

    assert six.family == 6
    assert _wanted(*bound([b"2001:db8::1"], {})).family == 6
    assert family_of_probe([], {}) == 4


def test_an_api_that_is_no_url_says_that_there_is_none() -> None:
    for given, read in ((b"https://example.org/api", "https://example.org/api"), (b"", ""), (b"urn:x", "")):
        options = Map({b"api": given})
        (_, _, found) = declaration_of(portal).bind([b"eth0", List([b"http://192.0.2.1/"]), options])
        assert found["api"] == read
