"""Echo requests and replies, byte by byte."""

from netstrata.protocols.icmp import ECHO_REPLY6, ONLY_REPLIES, answered, echo_request, only_types6


def test_a_question_has_the_checksum_that_tcpdump_finds_right() -> None:
    assert echo_request(4, 0x1234, 1) == bytes.fromhex("0800e5ca12340001")
    assert echo_request(4, 0x1234, 0x10001) == echo_request(4, 0x1234, 1)
    assert echo_request(6, 0x1234, 1) == bytes.fromhex("8000000012340001")


def test_answers_of_others_and_what_is_cut_short_answer_nothing() -> None:
    header = bytes.fromhex("45000000000000004001000000000000") + bytes(4)
    answer = bytes.fromhex("0000edca12340001")
    assert answered(4, header + answer, 0x1234) == 1
    assert answered(4, header + answer, 0x1235) is None
    assert answered(4, header + echo_request(4, 0x1234, 1), 0x1234) is None
    assert answered(6, bytes.fromhex("8100000012340001"), 0x1234) == 1
    for size in range(len(header + answer)):
        assert answered(4, (header + answer)[:size], 0x1234) is None


def test_filters_let_only_replies_through() -> None:
    assert (0xFFFFFFFE).to_bytes(4, "little") == ONLY_REPLIES
    assert int.from_bytes(only_types6(ECHO_REPLY6), "little") == 2**256 - 1 - (1 << 129)
