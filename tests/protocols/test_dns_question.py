"""Questions to name servers, and answers as dnsmasq 2.90 gives them."""

import pytest

from netstrata.protocols.dns_question import NS, SOA, answer_code, question

ASKED = question(0x1234, b"corp.example", SOA)


def test_a_question_is_as_dig_asks_it() -> None:
    assert ASKED.hex() == "123401000001000000000000" + "04636f7270076578616d706c6500" + "00060001"
    assert question(1, b"", NS).hex() == "000101000001000000000000" + "00" + "00020001"


@pytest.mark.parametrize(
    ("packet", "code"),
    [
        (b"\x12\x34\x85\x03" + ASKED[4:], 3),
        (b"\x12\x34\x81\x05" + ASKED[4:].upper(), 5),
        (b"\x12\x34\x81\x01" + bytes(8), 1),  # one that could not read it repeats nothing
        (b"\x12\x35\x85\x00" + ASKED[4:], None),
        (ASKED, None),
        (b"\x12\x34\x85\x00" + ASKED[4:12] + question(0, b"other.example", SOA)[12:], None),
        (b"", None),
    ],
)
def test_only_what_answers_it_is_an_answer(packet: bytes, code: int | None) -> None:
    assert answer_code(packet, ASKED) == code
