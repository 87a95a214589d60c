"""D-Bus messages, against what dbus-daemon 1.14.10 and NetworkManager 1.42.4 have sent."""

import random

import pytest

from netstrata.protocols.dbus import Message, method_call, read_message, size_of

CONFIGURATION = bytes.fromhex(
    "6c020101500100007f0100002d00000006017300040000003a312e3500000000080167000176000005017500020000000701730004000000"
    "3a312e30000000000661617b73767d0044010000a00000000b0000006e616d65736572766572730002617300120000000d0000003139382e"
    "35312e3130302e35330000000000000007000000646f6d61696e730002617300140000000f00000076706e2e6578616d706c652e6f726700"
    "09000000696e74657266616365000173000000000400000076706e3000000000080000007072696f7269747900016900ceffffff00000000"
    "0300000076706e00016200000000000098000000000000000b0000006e616d657365727665727300026173000f0000000a0000003139322e"
    "302e322e3533000007000000646f6d61696e730002617300130000000e00000075702e6578616d706c652e6f7267000009000000696e7465"
    "726661636500017300000000040000006574683000000000080000007072696f726974790001690064000000000000000300000076706e00"
    "0162000000000000"
)
NOBODY = bytes.fromhex(
    "6c03010153000000030000007500000006017300040000003a312e360000000004017300290000006f72672e667265656465736b746f702e"
    "444275732e4572726f722e53657276696365556e6b6e6f776e00000000000000050175000200000008016700017300000701730014000000"
    "6f72672e667265656465736b746f702e44427573000000004e000000546865206e616d65206f72672e667265656465736b746f702e4e6574"
    "776f726b4d616e6167657220776173206e6f742070726f766964656420627920616e79202e736572766963652066696c657300"
)
ACQUIRED = bytes.fromhex(
    "6c04010109000000020000008d00000001016f00150000002f6f72672f667265656465736b746f702f444275730000000201730014000000"
    "6f72672e667265656465736b746f702e4442757300000000030173000c0000004e616d654163717569726564000000000601730004000000"
    "3a312e3300000000080167000173000007017300140000006f72672e667265656465736b746f702e4442757300000000040000003a312e33"
    "00"
)
UPLINK = {"nameservers": ["192.0.2.53"], "domains": ["up.example.org"], "interface": "eth0", "priority": 100, "vpn": 0}
TUNNEL = {
    "nameservers": ["198.51.100.53"],
    "domains": ["vpn.example.org"],
    "interface": "vpn0",
    "priority": -50,
    "vpn": 0,
}


@pytest.mark.parametrize(
    ("octets", "kind", "reply_to", "values"),
    [
        (CONFIGURATION, 2, 2, [[TUNNEL, UPLINK]]),
        (NOBODY, 3, 2, ["The name org.freedesktop.NetworkManager was not provided by any .service files"]),
        (ACQUIRED, 4, 0, [":1.3"]),
    ],
)
def test_messages_are_read(octets: bytes, kind: int, reply_to: int, values: list[object]) -> None:
    assert size_of(octets[:16]) == len(octets)
    assert read_message(octets)[:3] == (kind, reply_to, values)


def test_errors_and_signals_have_names_and_signals_say_of_what() -> None:
    assert read_message(NOBODY).name == "org.freedesktop.DBus.Error.ServiceUnknown"
    acquired = read_message(ACQUIRED)
    assert (acquired.name, acquired.path) == ("org.freedesktop.DBus.NameAcquired", "/org/freedesktop/DBus")


@pytest.mark.parametrize(
    ("signature", "values"),
    [
        ("", []),
        ("ss", ["x", "yz"]),
        ("ia(iayqs)", [3, [(2, [192, 0, 2, 1], 853, "dns.example"), (10, [0] * 16, 0, "")]]),
        ("ia(sb)", [3, [("corp.example", 1), (".", 0)]]),
        ("ya{sv}d", [1, {}, 0.5]),
        ("aas", [[["a"], [], ["b", "c"]]]),
        ("ax", [[]]),
    ],
)
def test_a_call_can_be_read(signature: str, values: list[object]) -> None:
    call = method_call(7, "org.example", "/a", "org.example.I", "Get", signature, *values)

    assert size_of(call[:16]) == len(call)
    assert read_message(call) == Message(1, 0, values, "/a")


def is_read(octets: bytes) -> bool:
    try:
        read_message(octets)
    except ValueError:
        return False
    return True


def test_what_is_cut_off_or_changed_is_refused_or_read_and_nothing_else() -> None:
    chance = random.Random(1)
    for octets in (CONFIGURATION, NOBODY, ACQUIRED):
        assert not any(is_read(octets[:end]) for end in range(len(octets)))
        for _ in range(3000):
            changed = bytearray(octets)
            for _ in range(chance.randint(1, 4)):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            is_read(bytes(changed))


@pytest.mark.parametrize("kind", [b"a()", b"a{}", b"a", b"", b"(", b"av" * 80, b"a" * 200 + b"y", b"r"])
def test_values_of_no_type_are_refused(kind: bytes) -> None:
    """Of an array of structures of nothing there would be no end."""
    signature = bytes([len(kind)]) + kind + b"\0"
    fields = b"\x08\x01g\0" + signature
    body = b"\x08\0\0\0" * 40
    head = b"l\x02\0\x01" + len(body).to_bytes(4, "little") + bytes(4) + len(fields).to_bytes(4, "little")

    assert not is_read(head + fields + bytes(-len(head + fields) % 8) + body) or not kind


def test_a_message_that_is_too_long_is_not_waited_for() -> None:
    with pytest.raises(ValueError, match="too long"):
        size_of(CONFIGURATION[:4] + b"\0\0\xff\0" + CONFIGURATION[8:16])
