"""The text of resolv.conf: each pair is one line of it to whoever reads it, or is refused."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from netstrata.contract.shapes.dns import RESOLVER_LINES
from netstrata.protocols.resolv_conf import Before, before_of, configuration, record_in, record_of
from netstrata.values import List, Refused, Value

PIECES = ["a", "nameserver 192.0.2.66", "search", " ", "\t", "\n", "\r", "\0", "\v", "\f", "\x85", "\u2028", "#", ";",
          "x" * 1000, "y" * 23, '"', "\\"]  # fmt: skip
TEXTS = st.lists(st.sampled_from(PIECES), max_size=6).map(lambda parts: "".join(parts).encode()) | st.binary(max_size=8)


def pairs(*words: tuple[bytes, bytes]) -> Value:
    return List([List([kind, text]) for kind, text in words])


def read_as(content: bytes, ends: bytes, buffer: int) -> list[bytes]:
    """Return the lines that a program reads to which these bytes end a line, and so many fill its buffer."""
    lines = [line for line in re.split(b"[" + ends + b"]", content) if line]
    return [line[at : at + buffer] for line in lines for at in range(0, len(line), buffer)]


@pytest.mark.parametrize(
    ("lines", "merged"),
    [
        (["search a.example b.example", "nameserver 192.0.2.1", "search c.example"],
         ["search a.example b.example c.example", "nameserver 192.0.2.1"]),
        (["nameserver 192.0.2.1", "search b.example\ta.example", "options ndots:2", "search  a.example"],
         ["nameserver 192.0.2.1", "search b.example a.example", "options ndots:2"]),
        (["domain a.example", "search b.example"], ["search a.example b.example"]),
        (["search b.example", "domain a.example"], ["search b.example a.example"]),
        (["domain a.example"], ["domain a.example"]),
        (["search  a.example"], ["search  a.example"]),
        (["searchlist a", "search b", "# search c"], ["searchlist a", "search b", "# search c"]),
    ],
)  # fmt: skip
def test_several_search_lists_are_one_line(lines: list[str], merged: list[str]) -> None:
    content = configuration("# ours", [line.encode() for line in lines])

    assert content.decode().splitlines() == ["# ours", *merged]


def test_search_lists_that_do_not_fit_into_one_line_are_refused() -> None:
    with pytest.raises(Refused, match="1023"):
        configuration("# ours", [b"search " + b"a" * 600, b"search " + b"b" * 600])


@given(st.lists(st.tuples(TEXTS, TEXTS), max_size=4))
def test_what_passes_is_as_many_lines_to_glibc_systemd_and_dnsmasq(words: list[tuple[bytes, bytes]]) -> None:
    found = RESOLVER_LINES.read(pairs(*words))
    if found is None:
        assert RESOLVER_LINES.refusal(0, pairs(*words)).hint.startswith("each pair becomes one line of resolv.conf")
        return

    assume(sum(kind.split()[:1] in ([b"search"], [b"domain"]) for kind, _ in found) < 2)  # else they are merged

    content = configuration("# ours", [b"%s %s" % pair for pair in found])

    meant = [b"# ours", *(b"%s %s" % pair for pair in words)]
    assert read_as(content, b"\n", len(content)) == meant
    assert read_as(content, b"\n\r\0", len(content)) == meant
    assert read_as(content, b"\n", 1023) == meant  # fgets(3) with 1025 bytes, one of which is the line feed


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (
            b"search",
            b"a\nnameserver 192.0.2.9",
            r'"a\nnameserver 192.0.2.9" cannot stand in a line of resolv.conf: it has a line feed in it',
        ),
        (
            b"options\r",
            b"",
            r'"options\x0d" cannot stand in a line of resolv.conf: it has a carriage return in it',
        ),
        (
            b"options",
            b"x" * 1016,
            'the line of "options" cannot be written: it is 1024 bytes long, and only 1023 are read as one line',
        ),
    ],
)
def test_the_refusal_names_the_value_and_why(kind: bytes, text: bytes, message: str) -> None:
    value = pairs((b"search", b"a"), (kind, text))

    assert RESOLVER_LINES.read(value) is None
    assert str(RESOLVER_LINES.refusal(0, value)) == message


@pytest.mark.parametrize("word", [b"search a", b"; a comment", b"lookup file bind", b"#", b"\x85\xe2\x80\xa8"])
def test_what_is_no_keyword_of_resolv_conf_is_written_as_it_is(word: bytes) -> None:
    found = RESOLVER_LINES.read(pairs((word, b"x")))

    assert found == [(word, b"x")]
    assert configuration("#", [word + b" x"]) == b"#\n" + word + b" x\n"


def test_the_writer_itself_lets_no_second_line_pass() -> None:
    with pytest.raises(Refused, match="the line of 'search a"):
        configuration("#", [b"search a\nnameserver 192.0.2.9"])


@pytest.mark.parametrize(
    "before",
    [
        Before(),
        Before(link=b"../run/systemd/resolve/stub-resolv.conf"),
        Before(text=b""),
        Before(text=b"nameserver 192.0.2.1\n"),
        Before(text=b"# Before it here was nothing.\n#| not a record\n\noptions edns0\n"),
        Before(text=b"\xff\r\n"),
    ],
)
def test_what_was_there_before_is_read_out_of_the_text(before: Before) -> None:
    text = configuration("# ours", [b"nameserver 192.0.2.7"]) + record_of(before)

    assert before_of(record_in(text)) == before


def test_a_text_that_says_nothing_of_it_says_nothing() -> None:
    assert before_of(record_in(configuration("# ours", [b"nameserver 192.0.2.7"]))) is None
    too_much = (Before(text=b"x" * 8193), Before(text=b"\0"), Before(link=b"a\nb"))
    assert [record_of(before) for before in too_much] == [b"", b"", b""]
