"""ARP packets, and what they say of an address."""

from hypothesis import given
from hypothesis import strategies as st

from netstrata.protocols.arp import REPLY, REQUEST, Arp, claims, read_arp, write_arp, write_probe

US = bytes.fromhex("020000000c01")
THEM = bytes.fromhex("020000000501")
ADDRESS = bytes((192, 0, 2, 50))
OTHER = bytes((192, 0, 2, 1))


def test_a_packet_survives_the_wire_with_padding_behind_it() -> None:
    packet = Arp(REPLY, THEM, ADDRESS, US, OTHER)

    assert read_arp(write_arp(packet) + bytes(18)) == packet


def test_a_probe_asks_without_saying_that_we_have_an_address() -> None:
    assert (
        write_probe(US, ADDRESS).hex() == "0001080006040001" + "020000000c01" + "00000000" + "000000000000" + "c0000232"
    )


def test_an_answer_a_question_and_another_probe_claim_the_address() -> None:
    assert claims(Arp(REPLY, THEM, ADDRESS, US, bytes(4)), ADDRESS)
    assert claims(Arp(REQUEST, THEM, ADDRESS, bytes(6), OTHER), ADDRESS)
    assert claims(Arp(REQUEST, THEM, bytes(4), bytes(6), ADDRESS), ADDRESS)


def test_questions_about_the_address_and_answers_about_others_do_not_claim_it() -> None:
    assert not claims(Arp(REQUEST, THEM, OTHER, bytes(6), ADDRESS), ADDRESS)
    assert not claims(Arp(REPLY, THEM, OTHER, US, bytes(4)), ADDRESS)


@given(st.binary(max_size=60))
def test_random_bytes_are_no_arp(octets: bytes) -> None:
    assert read_arp(b"\0\2" + octets) is None
