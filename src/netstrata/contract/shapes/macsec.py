"""The shapes of a MACsec link's keys.  Source: ip-macsec(8), linux/if_macsec.h."""

from typing import Annotated, Any

from netstrata.contract.declaration import Shape
from netstrata.contract.options import Options, OptionsShape
from netstrata.contract.shapes.link import whole
from netstrata.values import Value


def _bytes_of(least: int, most: int) -> Any:
    def read(value: Value) -> bytes | None:
        if not isinstance(value, bytes) or any(byte not in b"0123456789abcdefABCDEF" for byte in value):
            return None
        return bytes.fromhex(value.decode()) if least <= len(value) / 2 <= most and len(value) % 2 == 0 else None

    return read


def _key(value: Value) -> bytes | None:
    found: bytes | None = _bytes_of(16, 32)(value)
    return found if found is not None and len(found) in (16, 32) else None


def _write(data: bytes) -> Value:
    return data.hex().encode()


ASSOCIATION_NUMBER = whole("a number of a secure association", 0, 3)
MACSEC_KEY = Shape[bytes](
    "a key", "32 or 64 hexadecimal digits, as long as the link's cipher wants it", _key, _write,
    ('"000102030405060708090a0b0c0d0e0f"', f'"{"5A" * 32}"'), ('"00"', f'"{"x" * 32}"', f'"{"0" * 48}"', "{}"),
    secret=True,
)  # fmt: skip
_OPTIONS: dict[str, Shape[Any]] = {
    "id": Shape[bytes](
        "a key id", "2 to 32 hexadecimal digits", _bytes_of(1, 16), _write, ('"01"', f'"{"0a" * 16}"'),
        ('"1"', '""', f'"{"0" * 34}"', '"0x"', "{}"),
    ),
    "pn": whole("a packet number", 1, 2**32 - 1),
    "salt": Shape[bytes]("a salt", "24 hexadecimal digits", _bytes_of(12, 12), _write, (f'"{"0a" * 12}"',), ('"0a"',)),
    "ssci": whole("a short identifier of a channel", 1, 2**32 - 1),
}  # fmt: skip
MACSEC_TX_OPTIONS = OptionsShape(
    "options of a key", _OPTIONS, ('["id": "01", "pn": "7"]', "[]"), ('["id": "1"]', '["port": "1"]', "{}")
)
MACSEC_RX_OPTIONS = OptionsShape(
    "options of a key", {**_OPTIONS, "port": whole("a port", 1, 65535)}, ('["port": "2", "id": "01"]', "[]"),
    ('["port": "0"]', '["pn": "0"]', "{}"),
)  # fmt: skip

AssociationNumber = Annotated[int, ASSOCIATION_NUMBER]
MacsecKeyShape = Annotated[bytes, MACSEC_KEY]
MacsecTxOptions = Annotated[Options, MACSEC_TX_OPTIONS]
MacsecRxOptions = Annotated[Options, MACSEC_RX_OPTIONS]
