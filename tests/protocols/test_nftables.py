"""Messages of nftables, as bytes."""

from struct import pack

import pytest

from netstrata.protocols.nftables import (
    GENERATION,
    NftObject,
    deletion,
    has_comment,
    listing,
    read_objects,
    says_the_same,
)
from netstrata.protocols.rtnetlink.wire import attribute, message

# As a kernel 6.x told of `add chain inet a cc`, asked for by port 43.
NEW_CHAIN = pack("=IHHII", 56, 0xA03, 0x400, 5, 43) + bytes.fromhex(
    "0100000306000100610000000700030063630000" + "0c0002000000000000000006" + "0800060000000000"
)


def test_a_chain_that_was_made_is_read() -> None:
    assert read_objects(NEW_CHAIN) == [NftObject("chain", False, "inet", "a", "cc", 6, 43)]


def test_what_is_of_no_use_is_left_out() -> None:
    counter = message(0xA12, 0, 1, b"\1\0\0\0" + attribute(1, b"a\0"))
    other_subsystem = message(0x106, 0, 1, b"\1\0\0\0")

    assert read_objects(counter + other_subsystem + NEW_CHAIN)[0].name == "cc"


def test_a_flowtable_is_told_with_its_handle_and_when_it_goes() -> None:
    said = b"\1\0\0\0" + attribute(1, b"a\0") + attribute(2, b"f\0") + attribute(5, bytes(7) + b"\6")

    found = read_objects(message(0xA16, 0, 1, said) + message(0xA18, 0, 1, said))

    assert found == [NftObject("flowtable", gone, "inet", "a", "f", 6, 0) for gone in (False, True)]


def test_a_rule_has_the_comment_that_nft_has_noted() -> None:
    noted = b"\0\5last\0\1\1x"
    rule = NftObject("rule", False, "ip", "t", "c", 5, 0, comment=noted)

    assert has_comment(rule, "last")
    assert not has_comment(rule, "las")
    assert not has_comment(rule._replace(comment=b"\1\1x"), "")


def test_the_end_of_a_transaction_is_told() -> None:
    """As Linux 6.18 told of the end of one: the number of the generation, process id and name of nft."""
    words = attribute(1, b"\0\0\0\1") + attribute(2, b"\0\0\1\1") + attribute(3, b"nft\0")

    (told,) = read_objects(message(0xA0F, 0, 1, b"\0\0\0\0" + words))

    assert told.kind == GENERATION


def test_the_flag_of_a_table_to_which_no_packet_comes_is_told() -> None:
    asleep, awake = (
        message(0xA00, 0, 1, b"\1\0\0\0" + attribute(1, b"t\0") + attribute(2, flags))
        for flags in (b"\0\0\0\1", b"\0\0\0\2")
    )

    assert [one.dormant for one in read_objects(asleep + awake)] == [True, False]


@pytest.mark.parametrize("size", range(len(NEW_CHAIN)))
def test_a_piece_of_a_message_is_no_news_and_no_error(size: int) -> None:
    assert read_objects(NEW_CHAIN[:size]) == []


def test_a_rule_is_deleted_by_its_chain_and_handle_in_a_batch_of_its_own() -> None:
    begin = pack("=IHHII", 20, 0x10, 1, 7, 0) + bytes.fromhex("0000000a")
    delete = pack("=IHHII", 48, 0xA08, 5, 8, 0) + bytes.fromhex(
        "02000000" + "0600010074000000" + "0600020063000000" + "0c00030000000000000000ff"
    )
    end = pack("=IHHII", 20, 0x11, 1, 9, 0) + bytes.fromhex("0000000a")

    assert deletion(7, "rule", "ip", "t", "c", 255) == begin + delete + end


def test_a_table_is_deleted_by_its_handle_alone() -> None:
    assert attribute(4, pack(">Q", 3)) in deletion(1, "table", "ip6", "t", "", 3)
    assert b"t\0" not in deletion(1, "table", "ip6", "t", "", 3)


def test_a_listing_asks_for_all_families() -> None:
    assert listing(1, "set") == pack("=IHHII", 20, 0xA0A, 0x301, 1, 0) + b"\0\0\0\0"


def test_of_elements_that_are_deleted_their_set_is_told() -> None:
    elements = message(0xA0E, 0, 1, b"\2\0\0\0" + attribute(1, b"t\0") + attribute(2, b"s\0") + attribute(3, b"...."))

    assert read_objects(elements) == [NftObject("element", True, "ip", "t", "s", 0, 0, says=b"....")]


def test_the_policy_of_a_base_chain_is_told() -> None:
    chain = attribute(1, b"filter\0") + attribute(3, b"FORWARD\0") + attribute(5, b"\0\0\0\1")

    (told,) = read_objects(message(0xA03, 0, 1, b"\2\0\0\0" + chain))

    assert (told.kind, told.name, told.policy) == ("chain", "FORWARD", 1)


def rule(*expressions: bytes, comment: bytes = b"") -> NftObject:
    """Return a rule as the kernel tells of it."""
    says = b"".join(attribute(1, expression) for expression in expressions)
    body = b"\2\0\0\0" + attribute(1, b"t\0") + attribute(2, b"c\0") + attribute(4, says)
    return read_objects(message(0xA06, 0, 1, body + (attribute(7, comment) if comment else b"")))[0]


def expression(name: bytes, *data: bytes) -> bytes:
    return attribute(1, name + b"\0") + attribute(2, b"".join(data))


SOURCE = expression(b"payload", attribute(1, pack(">I", 1)))
DROP = expression(b"immediate", attribute(1, b"\0"))


def counted(packets: int) -> bytes:
    return expression(b"counter", attribute(1, pack(">Q", packets)))


def looked_up(name: bytes) -> bytes:
    return expression(b"lookup", attribute(1, name + b"\0"), attribute(2, pack(">I", 1)))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (rule(SOURCE, DROP), rule(SOURCE, DROP)),
        (rule(SOURCE, counted(0), DROP), rule(SOURCE, counted(7), DROP)),
        (rule(looked_up(b"__set0"), DROP), rule(looked_up(b"__set10"), DROP)),
    ],
)
def test_copies_of_a_rule_say_the_same_whatever_they_have_counted(one: NftObject, other: NftObject) -> None:
    assert says_the_same(one, other)


@pytest.mark.parametrize(
    "other",
    [
        rule(SOURCE),
        rule(SOURCE, counted(0), DROP),
        rule(DROP, SOURCE),
        rule(SOURCE, DROP, comment=b"\0\2x\0"),
        rule(expression(b"payload", attribute(1, pack(">I", 2))), DROP),
        rule(SOURCE, DROP)._replace(says=b"\1\0\0"),
        rule(SOURCE, DROP)._replace(says=b"\xff\xff\0\0\0"),
    ],
)
def test_rules_that_differ_or_make_no_sense_do_not_say_the_same(other: NftObject) -> None:
    assert not says_the_same(rule(SOURCE, DROP), other)


def test_rules_differ_that_look_into_different_sets() -> None:
    assert not says_the_same(rule(looked_up(b"admins"), DROP), rule(looked_up(b"guests"), DROP))
