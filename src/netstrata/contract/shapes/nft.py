"""The shapes of what nft(8) is told: families, names, one-line texts, the options of chains and sets."""

import re
from typing import Annotated

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, options_shape
from netstrata.contract.shapes.common import LINK_NAME, NUMBER, read_each
from netstrata.contract.shapes.link import SWITCH
from netstrata.values import List, Refused, Value, line_fault

FAMILIES = ("ip", "ip6", "inet", "arp", "bridge", "netdev")
_NAME = re.compile(rb"[A-Za-z_][A-Za-z0-9_./-]{0,127}")
_PRIORITY = re.compile(rb"-?[0-9]{1,10}|[a-z]+( ?[+-] ?[0-9]{1,10})?")
_TYPE = re.compile(rb"[a-z][a-z0-9_]*( \. [a-z][a-z0-9_]*)*")
_MAP_TYPE = re.compile(rb"[a-z][a-z0-9_]*( \. [a-z][a-z0-9_]*)* : [a-z][a-z0-9_]*( \. [a-z][a-z0-9_]*)*")
_FLAGS = re.compile(rb"[a-z]+( ?, ?[a-z]+)*")
_TIME = re.compile(rb"([0-9]{1,9}(ms|s|m|h|d))+")
LINE_MOST = 65536  # bytes of a text, which nft itself reads whatever its length
_OPENING = {ord("{"): ord("}"), ord("("): ord(")"), ord("["): ord("]")}


def _one_of(name: str, words: tuple[str, ...], bad: str) -> Shape[str]:
    def read(value: Value) -> str | None:
        word = value.decode("latin-1") if isinstance(value, bytes) else ""
        return word if word in words else None

    return Shape(name, ", ".join(words[:-1]) + " or " + words[-1], read, str.encode, (f'"{words[0]}"',), (bad, "{}"))


def _matching(name: str, means: str, pattern: "re.Pattern[bytes]", good: str, bad: str) -> Shape[str]:
    def read(value: Value) -> str | None:
        return value.decode("ascii") if isinstance(value, bytes) and pattern.fullmatch(value) else None

    return Shape(name, means, read, str.encode, (good,), (bad, "{}"))


def _one_line(value: Value) -> str | None:
    """Read a text that is one statement to nft: it cannot end its line, nor the braces it stands in."""
    if not isinstance(value, bytes) or not value.strip() or b"\\" in value or line_fault(value, LINE_MOST):
        return None
    closing: list[int] = []
    quoted = False
    for byte in value:
        if byte == ord('"'):
            quoted = not quoted
        elif quoted:
            continue
        elif byte == ord("#") or (byte == ord(";") and not closing):
            return None
        elif byte in _OPENING:
            closing.append(_OPENING[byte])
        elif byte in b")]}" and (not closing or closing.pop() != byte):
            return None
    return None if quoted or closing else value.decode("utf-8", "surrogateescape").strip()


def _device(value: Value) -> str | None:
    """Read the name of a link that can stand between quotes."""
    return None if isinstance(value, bytes) and any(byte in value for byte in b"\"\\'*") else LINK_NAME.read(value)


def _devices(value: Value) -> list[str] | None:
    return read_each(value, _device) or None


def _write_devices(names: list[str]) -> Value:
    return List([LINK_NAME.write(name) for name in names])


def _comment(value: Value) -> str | None:
    text = value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else ""
    return text if text and text.isprintable() and '"' not in text and len(value) <= 128 else None


def _write_text(text: str) -> Value:
    return text.encode("utf-8", "surrogateescape")


def _element(value: Value) -> str | None:
    return None if isinstance(value, bytes) and any(byte in value for byte in b'";{}') else _one_line(value)


FAMILY = _one_of("an nft family", FAMILIES, '"ipv4"')
NFT_NAME = _matching("an nft name", "a letter, then letters, digits and _ . / -", _NAME, '"guard"', '"2 words"')
RULE_TEXT = Shape[str](
    "a rule", "what follows the chain in nft(8), one rule in one line", _one_line, _write_text,
    ('"tcp dport { 22, 80 } accept"', r'"iif lo accept comment \"a; b\""'),
    ('""', '"accept; drop"', r'"accept\ndrop"', '"tcp dport { 22"', '"} accept"', '"accept # all"'),
)  # fmt: skip
ELEMENT = Shape[str](
    "elements", "as they stand between braces in nft(8), without comments", _element, _write_text,
    ('"192.0.2.1"', '"198.51.100.0/24 timeout 1h, 192.0.2.9"'), ('""', '"{ 192.0.2.1 }"', '"192.0.2.1; flush ruleset"'),
)  # fmt: skip
COMMENT = Shape[str](
    "a comment", "up to 128 printable bytes without quotes", _comment, _write_text, ('"ssh"',), ('""', r'"a\"b"', "{}"),
)  # fmt: skip
CHAIN_FIELDS: dict[str, Shape[str]] = {
    "type": _one_of("a chain type", ("filter", "nat", "route"), '"mangle"'),
    "hook": _one_of(
        "a hook", ("prerouting", "input", "forward", "output", "postrouting", "ingress", "egress"), '"INPUT"'
    ),
    "priority": _matching("a priority", "a number, or a name such as filter, srcnat - 5", _PRIORITY, '"0"', '"0;"'),
    "policy": _one_of("a policy", ("accept", "drop"), '"ACCEPT"'),
    "device": Shape(
        "a device",
        LINK_NAME.means + ", without quotes and backslash",
        _device,
        LINK_NAME.write,
        ('"eth0"', r'"a;b}#"'),
        ('"a b"', r'"a\"b"', "{}"),
    ),
}
_TIMEOUT = _matching("a time of nft", "such as 1h30m", _TIME, '"30s"', '"half an hour"')
MAP_FIELDS: dict[str, "Shape[str] | Shape[int] | Shape[bool]"] = {
    "type": _matching(
        "a map type", "such as ipv4_addr : verdict or inet_service : ipv4_addr . inet_service", _MAP_TYPE,
        '"ipv4_addr : verdict"', '"ipv4_addr"',
    ),
    "flags": _matching("set flags", "such as interval, timeout", _FLAGS, '"interval"', '"interval;"'),
    "timeout": _TIMEOUT,
    "size": NUMBER,
}  # fmt: skip
SET_FIELDS: dict[str, "Shape[str] | Shape[int] | Shape[bool]"] = {
    **MAP_FIELDS,
    "type": _matching("a set type", "such as ipv4_addr or ipv4_addr . inet_service", _TYPE, '"ipv4_addr"', '"{}"'),
    "gc-interval": _TIMEOUT,
    "auto-merge": SWITCH,
}
DEVICES = Shape[list[str]](
    "devices", f"a list of links: {CHAIN_FIELDS['device'].means}", _devices, _write_devices,
    ('{"eth0", "eth1"}',), ("{}", '"eth0"', r'{"a\"b"}'),
)  # fmt: skip
FLOWTABLE_FIELDS: dict[str, "Shape[str] | Shape[int] | Shape[list[str]]"] = {
    "devices": DEVICES,
    "priority": CHAIN_FIELDS["priority"],
    "flags": _one_of("flowtable flags", ("offload",), '"offlaod"'),
    "counter": SWITCH,
}
CHAIN_OPTIONS = options_shape(
    dict(CHAIN_FIELDS), ("[]", '["type": "filter", "hook": "input", "priority": "0", "policy": "drop"]'),
    ('["kind": "filter"]', '["type": "mangle"]', '"filter"'),
)  # fmt: skip
MAP_OPTIONS = options_shape(
    dict(MAP_FIELDS),
    ('["type": "ipv4_addr : verdict"]', '["type": "inet_service : ipv4_addr", "flags": "timeout", "timeout": "1h"]'),
    ("[]", '["type": "ipv4_addr"]', '["type": "ipv4_addr : verdict", "auto-merge": "on"]'), ("type",),
)  # fmt: skip
FLOWTABLE_OPTIONS = options_shape(
    dict(FLOWTABLE_FIELDS), ('["devices": {"eth0", "eth1"}, "priority": "filter", "counter": "on"]',),
    ("[]", '["devices": {}, "priority": "0"]', '["devices": {"eth0"}]'), ("devices", "priority"),
)  # fmt: skip
SET_OPTIONS = options_shape(
    dict(SET_FIELDS), ('["type": "ipv4_addr"]', '["type": "ipv4_addr", "flags": "interval", "auto-merge": "on"]'),
    ("[]", '["type": "ipv4 addr"]', '["type": "ipv4_addr", "flag": "interval"]',
     '["type": "ipv4_addr", "auto-merge": "yes"]'), ("type",),
)  # fmt: skip

NO_OPTIONS: Options = {}


def chain_text(options: Options) -> str:
    """Return what stands behind a chain's name.

    Raises: Refused if only a part of what makes a base chain is given.
    """
    if not options:
        return ""
    for word in ("type", "hook", "priority"):
        if word not in options:
            raise Refused(f"the option {word} is missing: type, hook and priority go together", argument=3)
    device = f' device "{options["device"]}"' if "device" in options else ""
    policy = f" policy {options['policy']};" if "policy" in options else ""
    return f"{{ type {options['type']} hook {options['hook']}{device} priority {options['priority']};{policy} }}"


def set_text(options: Options) -> str:
    """Return what stands behind a set's or a map's name."""
    words = [f"{word} {options[word]};" for word in SET_FIELDS if word in options and word != "auto-merge"]
    if options.get("auto-merge"):
        words.append("auto-merge;")
    return f"{{ {' '.join(words)} }}"


def flowtable_text(options: Options) -> str:
    """Return what stands behind a flowtable's name."""
    devices = ", ".join(f'"{device}"' for device in options["devices"])
    words = [f"hook ingress priority {options['priority']};", f"devices = {{ {devices} }};"]
    words += [f"flags {options['flags']};"] if "flags" in options else []
    words += ["counter;"] if options.get("counter") else []
    return f"{{ {' '.join(words)} }}"


Family = Annotated[str, FAMILY]
NftName = Annotated[str, NFT_NAME]
RuleText = Annotated[str, RULE_TEXT]
Elements = Annotated[str, ELEMENT]
ChainOptions = Annotated[Options, CHAIN_OPTIONS]
SetOptions = Annotated[Options, SET_OPTIONS]
MapOptions = Annotated[Options, MAP_OPTIONS]
FlowtableOptions = Annotated[Options, FLOWTABLE_OPTIONS]
Comment = Annotated[str, COMMENT]
