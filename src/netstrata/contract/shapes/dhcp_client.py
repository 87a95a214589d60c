"""The shape of what a DHCP client is told to say, and to ask for: a map, or the list of words that NCD has."""

from collections.abc import Iterator
from typing import Annotated, Final, NamedTuple

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.shapes.common import WORD, number_shape
from netstrata.contract.shapes.link import SWITCH
from netstrata.values import ITS_NAME, List, Map, Refused, Value, parse_number

OPTION_BYTES_MOST: Final = 1024
BY_MAC: Final = b"mac"
BY_DUID: Final = b"duid"
_OWN = {50, 52, 53, 54, 55, 57, 61}  # what the client says by itself: RFC 2131, table 5
_LABEL_MOST = 63
_FQDN_MOST = 253


class DhcpOptions(NamedTuple):
    """What a client says of itself and asks for, and when it asks whether somebody else uses its address.

    The names are the words of programs.
    """

    hostname: bytes = b""
    fqdn: bytes = b""
    vendor_class: bytes = b""
    user_class: tuple[bytes, ...] = ()
    client_id: bytes = b""  # or how to make one: BY_MAC, BY_DUID
    lease_time: int = 0  # seconds; 0 leaves it to the server
    send: tuple[tuple[int, bytes], ...] = ()  # options by number
    request: bytes = b""  # numbers of options; empty are the usual ones
    broadcast: int = 0
    ipv6_only: int = 0
    conflict_check: str = "before"  # it is used; "beside": while it is; "never"
    priority: int = 0  # of packets
    release: int = 1  # give the lease back at the end

    @property
    def octets(self) -> int:
        """How many bytes a program wants to be sent."""
        said = (self.hostname, self.fqdn, self.vendor_class, self.client_id, *self.user_class)
        return sum(map(len, said)) + sum(len(value) for _, value in self.send)


def _number(value: Value) -> int | None:
    number = parse_number(value, 254) if isinstance(value, bytes) else None
    return number or None


def _read_request(value: Value) -> bytes | None:
    numbers = [_number(each) for each in value.elements()] if isinstance(value, List) else []
    return bytes(number for number in numbers if number) if numbers and all(numbers) else None


def _read_send(value: Value) -> tuple[tuple[int, bytes], ...] | None:
    if not isinstance(value, Map):
        return None
    sent = [(_number(key), said) for key, said in value.entries.items()]
    good = [(n, said) for n, said in sent if n and n not in _OWN and isinstance(said, bytes) and said]
    return tuple(good) if len(good) == len(sent) else None


def _read_user_class(value: Value) -> tuple[bytes, ...] | None:
    words = value.elements() if isinstance(value, List) else [value]
    classes = tuple(word for word in words if isinstance(word, bytes) and 1 <= len(word) <= 255)
    return classes if classes and len(classes) == len(words) else None


def _write_user_class(classes: tuple[bytes, ...]) -> Value:
    return classes[0] if len(classes) == 1 else List(list(classes))


def _read_fqdn(value: Value) -> bytes | None:
    if not isinstance(value, bytes) or not value.isascii() or len(value) > _FQDN_MOST:
        return None
    labels = value.removesuffix(b".").split(b".")
    return value if all(1 <= len(label) <= _LABEL_MOST and label.strip() == label for label in labels) else None


def _read_client_id(value: Value) -> bytes | None:
    return value if isinstance(value, bytes) and len(value) >= 2 else None


def _read_check(value: Value) -> str | None:
    word = value.decode("latin-1") if isinstance(value, bytes) else ""
    return word if word in ("before", "beside", "never") else None


def _itself(value: bytes) -> Value:
    return value


_REQUEST = Shape[bytes](
    "numbers of options", 'a list, such as {"1", "3", "121"}', _read_request,
    lambda numbers: List([b"%d" % number for number in numbers]), ('{"1", "254"}',), ('{"0"}', '"1"', "{}"),
)  # fmt: skip
_SEND = Shape[tuple[tuple[int, bytes], ...]](
    "options to be sent", 'a map of numbers, but for those of the exchange itself, and bytes, such as ["90": "\\x01"]',
    _read_send, lambda sent: Map({b"%d" % number: said for number, said in sent}),
    ('["77": "FSVDSL"]',), ('["53": "x"]', '["77": ""]', '["255": "x"]', '"77"'),
)  # fmt: skip
_USER_CLASS = Shape[tuple[bytes, ...]](
    "a user class", "a string of 1 to 255 bytes, or a list of these", _read_user_class, _write_user_class,
    ('"guest"', '{"guest", "kiosk"}'), ('""', "{}", "{{}}"),
)  # fmt: skip
_FQDN = Shape[bytes](
    "a domain name", "such as host.example.org, or one name of it", _read_fqdn, _itself,
    ('"host.example.org"', '"host"'), ('""', '"a..b"', "{}"),
)  # fmt: skip
_CLIENT_ID = Shape[bytes](
    "a client id", "mac, duid, or at least two bytes, the first of which is its type", _read_client_id, _itself,
    ('"mac"', '"duid"', '"\\x00example"'), ('"x"', "{}"),
)  # fmt: skip
_CONFLICT_CHECK = Shape[str](
    "when to ask for conflicts", "before, beside or never", _read_check, lambda word: word.encode(),
    ('"before"', '"never"'), ('"later"', "{}"),
)  # fmt: skip


def _fault(known: Options) -> Refused | None:
    if "fqdn" in known and "hostname" in known:
        return Refused("`fqdn` is the host's name as well: leave out `hostname`", within=(b"hostname", ITS_NAME))
    if DhcpOptions(**known).octets > OPTION_BYTES_MOST:
        return Refused(f"what is sent is longer than {OPTION_BYTES_MOST} bytes")
    return None


_KNOWN = OptionsShape(
    "DHCP options",
    {
        "broadcast": SWITCH,
        "client_id": _CLIENT_ID,
        "conflict_check": _CONFLICT_CHECK,
        "fqdn": _FQDN,
        "hostname": WORD,
        "ipv6_only": SWITCH,
        "lease_time": number_shape("a time", "whole seconds, 1 to 4294967295", 1, 2**32 - 1),
        "priority": number_shape("the priority of packets", "0 to 6", 0, 6),  # more takes a capability
        "release": SWITCH,
        "request": _REQUEST,
        "send": _SEND,
        "user_class": _USER_CLASS,
        "vendor_class": WORD,
    },
    ('["hostname": "example", "client_id": "mac"]', "[]"),
    ('["colour": "blue"]', '["priority": "7"]', '["fqdn": "host", "hostname": "host"]', '"hostname"'),
    fault=_fault,
)


def _as_map(value: Value) -> Value | None:
    """Return a list of words as the map that means the same; None if it is cut short."""
    if not isinstance(value, List):
        return value
    said: dict[Value, Value] = {}
    words = iter(value.elements())
    for word in words:
        if not _take(said, word, words):
            return None
    return Map(said)


def _take(said: dict[Value, Value], word: Value, words: Iterator[Value]) -> bool:
    """Add what one word and those behind it say; of two the last one counts."""
    if word == b"auto_clientid":
        said.setdefault(b"client_id", BY_MAC)
        return True
    given = next(words, None)
    if given is None:
        return False
    if word != b"send":
        said[b"vendor_class" if word == b"vendorclassid" else word] = given
        return True
    sent, known = next(words, None), said.get(b"send")
    if sent is None:
        return False
    said[b"send"] = Map({**(known.entries if isinstance(known, Map) else {}), given: sent})
    return True


def _read(value: Value) -> DhcpOptions | None:
    said = _as_map(value)
    known = _KNOWN.read(said) if said is not None else None
    return DhcpOptions(**known) if known is not None else None


def _explain(value: Value) -> Refused | None:
    said = _as_map(value)
    if not isinstance(said, Map):
        return None
    wrong = _KNOWN.refusal(0, said)
    return wrong if said is value else Refused(wrong.message, hint=wrong.hint)  # in a list it stands elsewhere


def _write(options: DhcpOptions) -> Value:
    said = options._asdict()
    return _KNOWN.write({word: said[word] for word in said if said[word] != DhcpOptions._field_defaults[word]})


DHCP_OPTIONS = Shape[DhcpOptions](
    _KNOWN.name, f'{_KNOWN.means}; or a list of the same words, such as {{"hostname", "example"}}',
    _read, _write,
    (
        "{}", "[]", '{"hostname", "example", "auto_clientid", "vendorclassid", "x"}', '{"conflict_check", "never"}',
        '{"send", "77", "FSVDSL", "request", {"1", "3", "90"}, "priority", "6", "client_id", "\\x00example"}',
        '["fqdn": "host.example.org", "user_class": {"a", "b"}, "lease_time": "600", "ipv6_only": "on"]',
    ),
    (
        '"hostname"', '{"hostname"}', '{"colour", "blue"}', "{{}}", '{"send", "53", "x"}', '{"send", "77"}',
        '{"send", "255", "x"}', '{"request", {"0"}}', '{"request", "1"}', '{"priority", "7"}', '{"client_id", "x"}',
        '["fqdn": "host", "hostname": "host"]', '["send": "77"]',
    ),
    explain=_explain,
)  # fmt: skip
ClientOptions = Annotated[DhcpOptions, DHCP_OPTIONS]
