"""The shapes of what statements say of how much a link lets through.  Source: tc(8)."""

from typing import Annotated, Final

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.values import Value, parse_number

_UNITS: Final = ((b"gbit", 10**9), (b"mbit", 10**6), (b"kbit", 10**3), (b"bit", 1))
_KINDS: Final = ("cake", "fq_codel", "htb", "tbf")


def _rate(value: Value) -> int | None:
    """Read a rate as bytes per second."""
    for unit, bits in _UNITS if isinstance(value, bytes) else ():
        if isinstance(value, bytes) and value.endswith(unit):
            number = parse_number(value[: -len(unit)], 10**12)
            total = number * bits if number is not None else 0
            return total // 8 if 8000 <= total <= 10**12 else None
    return None


def _write_rate(rate: int) -> Value:
    unit, bits = next((unit, bits) for unit, bits in _UNITS if not rate * 8 % bits)
    return b"%d%s" % (rate * 8 // bits, unit)


def _kind(value: Value) -> str | None:
    word = value.decode("latin-1") if isinstance(value, bytes) else ""
    return word if word in _KINDS else None


RATE = Shape[int](
    "a rate", "a whole number and kbit, mbit or gbit, such as 20mbit; 8kbit to 1000gbit", _rate, _write_rate,
    ('"20mbit"', '"8kbit"', '"1gbit"'), ('"20"', '"20MB"', '"7kbit"', '"1.5mbit"', '"1001gbit"', "{}"),
)  # fmt: skip
_QDISC = Shape[str](
    "a queueing discipline", "cake, fq_codel, htb or tbf", _kind, lambda word: word.encode(), ('"cake"', '"htb"'),
    ('"pfifo"', "{}"),
)  # fmt: skip
RATE_OPTIONS = OptionsShape(
    "rates", {"down": RATE, "qdisc": _QDISC, "up": RATE}, ('["up": "20mbit", "down": "100mbit"]', "[]"),
    ('["up": "20"]', '["rate": "20mbit"]', '["qdisc": "sfq"]', "{}"),
)  # fmt: skip

RateOptions = Annotated[Options, RATE_OPTIONS]
