"""How the options of an IPv6 address are written after it, as one word or as two, and what is said of wrong ones."""

import pytest

from netstrata.contract import declaration_of
from netstrata.contract.shapes.address import Address6
from netstrata.language.valuetext import parse_value
from netstrata.statements.net.ipv6.addr import addr
from netstrata.values import Refused, Value, format_address

EXPECTED = "expected an IPv6 network"


def bound(*words: str) -> Address6:
    values: list[Value] = [value for word in words if (value := parse_value(word.encode())) is not None]
    found: Address6 = declaration_of(addr).bind([b"eth0", *values])[1]
    return found


@pytest.mark.parametrize("network", [('"2001:db8::1/64"',), ('"2001:db8::1"', '"64"')])
@pytest.mark.parametrize(
    ("written", "options"),
    [((), {}), (('["wait": "off"]',), {"wait": 0}), (('["nodad": "on", "wait": "on"]',), {"nodad": 1, "wait": 1})],
)
def test_options_come_after_an_address_of_one_word_or_two(
    network: tuple[str, ...], written: tuple[str, ...], options: dict[str, int]
) -> None:
    found = bound(*network, *written)

    assert (format_address(found.network.address), found.network.prefix) == (b"2001:db8::1", 64)
    assert found.options == options


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (('"2001:db8::1/64"', '["dad": "off"]'), "there is no option `dad`; known are nodad, optimistic, wait"),
        (('"2001:db8::1"', '"64"', '["wait": "5"]'), "option wait: expected a switch: on or off"),
        (('"2001:db8::1"', '"129"', '["wait": "off"]'), EXPECTED),
        (('"2001:db8::1"', '["wait": "off"]'), EXPECTED),
        (('"2001:db8::1"',), EXPECTED),
        (('["wait": "off"]',), EXPECTED),
    ],
)
def test_what_is_wrong_is_said_of_the_address_or_of_the_option(words: tuple[str, ...], message: str) -> None:
    with pytest.raises(Refused) as refused:
        bound(*words)

    assert refused.value.message.startswith(message)
    assert refused.value.argument == 1
