"""Questions to name servers and their answers, byte by byte; these are dnsmasq 2.90's, as tcpdump -x has shown them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netstrata.protocols.dns_messages import AAAA, NS, A, encode_question, read_answer

QUESTION = encode_question(0x1234, "portal.example.org", A)
HEAD = "1234 8180 0001 0001 0000 0000"
NAME = "06706f7274616c 076578616d706c65 036f7267 00"
ANSWER = bytes.fromhex(f"{HEAD} {NAME} 0001 0001 c00c 0001 0001 00000000 0004 cb007107")


def test_a_question_is_what_dig_sends() -> None:
    assert bytes.fromhex(f"1234 0100 0001 0000 0000 0000 {NAME} 0001 0001") == QUESTION
    assert encode_question(1, "", NS) == bytes.fromhex("0001 0100 0001 0000 0000 0000 00 0002 0001")
    assert encode_question(0x1234, "portal.example.org.", A) == QUESTION


def test_an_answer_has_a_code_and_the_addresses_that_were_asked_for() -> None:
    found = read_answer(ANSWER, QUESTION)

    assert found is not None
    assert (found.word, found.addresses) == ("NOERROR", (bytes([203, 0, 113, 7]),))
    six = encode_question(0x1234, "portal.example.org", AAAA)
    mixed = ANSWER[: len(QUESTION) - 4] + six[-4:] + ANSWER[len(QUESTION) :]
    assert read_answer(mixed, six) == (0, ())


def test_what_belongs_to_another_question_answers_nothing() -> None:
    assert read_answer(ANSWER, encode_question(0x1235, "portal.example.org", A)) is None
    assert read_answer(ANSWER, encode_question(0x1234, "portal.example.com", A)) is None
    assert read_answer(ANSWER, encode_question(0x1234, "portal.example.org", AAAA)) is None
    assert read_answer(QUESTION, QUESTION) is None
    assert read_answer(ANSWER, encode_question(0x1234, "PORTAL.example.ORG", A)) is not None


@pytest.mark.parametrize(
    ("packet", "word"), [("1234 8503", "NXDOMAIN"), ("1234 8102", "SERVFAIL"), ("1234 8109", "NOTAUTH")]
)
def test_that_a_server_knows_no_such_name_is_an_answer(packet: str, word: str) -> None:
    found = read_answer(bytes.fromhex(packet) + QUESTION[4:].upper(), QUESTION)

    assert found is not None
    assert (found.word, found.addresses) == (word, ())


def test_a_server_that_refuses_need_not_repeat_the_question() -> None:
    found = read_answer(bytes.fromhex("1234 8105 0000 0000 0000 0000"), QUESTION)

    assert found is not None
    assert found.word == "REFUSED"
    assert read_answer(bytes.fromhex("1234 8100 0000 0000 0000 0000"), QUESTION) is None


def test_an_answer_that_is_cut_short_is_none_or_names_less() -> None:
    for size in range(len(ANSWER)):
        found = read_answer(ANSWER[:size], QUESTION)
        assert found is None or found.addresses == ()


@given(st.binary(max_size=80), st.integers(0, 3))
def test_no_answer_makes_it_fail(tail: bytes, answers: int) -> None:
    head = bytes.fromhex("1234 8180 0001") + answers.to_bytes(2, "big") + bytes(4)
    read_answer(head + QUESTION[12:] + tail, QUESTION)
    read_answer(tail, QUESTION)
