"""Who is told that it is undone only to begin again, and on what ground."""

import pytest

from netstrata.contract import Holder, Up, configures, declaration_of
from netstrata.contract.shapes.common import Text
from netstrata.testing.play import Play


class Told:
    """What each statement was told when it was undone, by the word that it was begun with."""

    holder: Holder

    def __init__(self) -> None:
        self.lines: list[str] = []


@configures("test.link", layer=1)
async def link(ports: Told, word: Text) -> Up[None]:
    """Be of the layer of links.

    Example:
        test.link("x");
    """
    yield


@configures("test.address", layer=3)
async def address(ports: Told, word: Text) -> Up[None]:
    """Be of the layer of addresses.

    Example:
        test.address("x");
    """
    yield


@configures("test.router", layer=4)
async def router(ports: Told, word: Text) -> Up[None]:
    """Keep the layers on which it begins again.

    Example:
        test.router("x");
    """
    try:
        yield
    finally:
        again = [str(layer) for layer in range(5) if ports.holder.is_redone_above(layer)]
        ports.lines.append(f"{word.decode()} {''.join(again) or 'not'}")


MORE = [declaration_of(link), declaration_of(address), declaration_of(router)]
A = 'process a { var("a") x; multiprovide("A"); }'
B = 'process b { sleep("1000", "100"); var("b") x; multiprovide("B"); }'
USER = 'process user { multidepend({"B", "A"}) d; test.link("eth0"); '
TURNS = {  # from A to B after one second
    "itself": ("test.router(d.x); }", ["a 01234"]),
    "a value below": ("var(d.x) y; test.router(y); }", ["a 01234"]),
    "an address below": ('test.address(d.x); test.router("r"); }', ["r 012"]),
    "a link below": ('test.link(d.x); test.address("y"); test.router("r"); }', ["r 0"]),
    "processes below": ('call("t", {d.x}); test.router("r"); }', ["r not"]),
    "a depend below": ('multidepend({d.x}); test.router("r"); }', ["r not"]),
    "what runs it": ('call("u", {d.x}); }', ["u not"]),
}
TEMPLATES = 'template t { var(_arg0); } template u { test.router("u"); } process x { multiprovide("a"); }'


@pytest.mark.parametrize("case", TURNS)
def test_it_begins_again_if_its_process_does_and_all_lower_layers_stay(case: str) -> None:
    body, told = TURNS[case]
    ports = Told()
    it = Play(f"{A} {B} {USER} {body} {TEMPLATES}", ports, MORE, compares=True)
    assert ports.lines == []

    it.pass_time(1000)

    assert ports.lines == told
    assert it.failures == []


def test_it_does_not_if_nobody_knows_when_what_is_below_is_up_again() -> None:
    ports = Told()
    provider = 'process p { sleep("0", "100"); multiprovide("A"); sleep("1000"); exit("0"); }'
    it = Play(f'{provider} {USER} test.router("r"); }}', ports, MORE, compares=True)

    it.pass_time(1000)

    assert ports.lines == ["r not"]


CHANGES = {
    "other values": ('test.router("s"); }', ["r 01234"]),
    "other values below": ('test.address("z"); test.router("r"); }', ["r 012"]),
    "another statement in its place": ('test.address("y"); test.link("r"); }', ["r not"]),
    "nothing": ('test.address("y"); }', ["r not"]),
}


@pytest.mark.parametrize("case", CHANGES)
def test_it_begins_again_if_the_program_that_comes_has_it_in_its_place(case: str) -> None:
    body, told = CHANGES[case]
    begin = 'process user { test.link("eth0"); '
    ports = Told()
    it = Play(f'{begin} test.address("y"); test.router("r"); }}', ports, MORE)

    it.change(begin + (body if "address" in body else f'test.address("y"); {body}'))

    assert ports.lines == told
