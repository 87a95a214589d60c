"""Maps of named options, and the shapes of each of them."""

from collections.abc import Iterator

import pytest

from netstrata.contract import Shape
from netstrata.contract.options import OptionsShape
from netstrata.contract.shapes import address, dhcp_client, link, route, uplink
from netstrata.language.valuetext import parse_value
from netstrata.protocols.rtnetlink.rule_conditions import RULE_OPTIONS

MODULES = (address, dhcp_client, link, route, uplink)
MAPS = [shape for module in MODULES for shape in vars(module).values() if isinstance(shape, OptionsShape)]


def inner() -> Iterator[Shape[object]]:
    seen: set[int] = set()
    for map_ in MAPS:
        for shape in map_.known.values():
            if id(shape) not in seen:
                seen.add(id(shape))
                yield shape


@pytest.mark.parametrize("shape", list(inner()), ids=lambda shape: shape.means)
def test_the_shape_of_an_option_takes_its_good_values_refuses_its_bad_ones_and_writes_what_it_reads(
    shape: Shape[object],
) -> None:
    good = [parse_value(text.encode()) for text in shape.good]
    bad = [parse_value(text.encode()) for text in shape.bad]

    read = [shape.read(value) for value in good if value is not None]

    assert len(read) == len(shape.good)
    assert None not in read
    assert [shape.read(shape.write(value)) for value in read] == read
    assert [shape.read(value) for value in bad if value is not None] == [None] * len(shape.bad)


@pytest.mark.parametrize("shape", MAPS, ids=lambda shape: shape.name)
def test_the_description_of_a_map_names_every_option(shape: OptionsShape) -> None:
    assert [name for name in shape.known if f"{name} (" not in shape.means] == []


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('"x"', "expected rule options: a map of priority (", ""),
        ("[]", "expected rule options with the option priority", ""),
        (
            '["priority": "1", "form": "192.0.2.0/24"]',
            "there is no option `form`; known are dport, family, from, fw",
            "from",
        ),
        ('["prio": "1"]', "there is no option `prio`; known are dport, family, ", "priority"),
        ('["priority": "1", "colour": "blue"]', "there is no option `colour`; known are dport, family, ", ""),
        ('["priority": "-1"]', "option priority: expected a priority: whole, 0 to 4294967295", ""),
        ('["priority": "1", {}: "x"]', "there is no option `{}`; known are ", ""),
        (r'["priority": "1", "\xff": "x"]', r"there is no option `\xff`; known are ", ""),
    ],
)
def test_a_map_that_does_not_fit_is_refused_with_the_option_that_is_guilty(text: str, message: str, hint: str) -> None:
    value = parse_value(text.encode())
    assert value is not None

    refused = RULE_OPTIONS.refusal(0, value)

    assert RULE_OPTIONS.read(value) is None
    assert refused.message.startswith(message)
    assert refused.hint == (f"did you mean `{hint}`?" if hint else "")
