"""The public key of a private one.  Source: RFC 7748 section 5.

It takes 2 ms or so, and how long depends on the key a little: it is done once for each link, when nobody is there
who could ask for it again and again.
"""

from typing import Final

_P: Final = 2**255 - 19
_A24: Final = 121665


def public_key(private_key: bytes) -> bytes:
    """Return the public key of a private key, whether that is clamped or not."""
    scalar = int.from_bytes(private_key, "little") & ~7 & (2**255 - 1) | 1 << 254
    x2, z2, x3, z3 = 1, 0, 9, 1
    swapped = 0
    for bit in range(254, -1, -1):
        swap = scalar >> bit & 1
        if swap != swapped:
            x2, z2, x3, z3 = x3, z3, x2, z2
            swapped = swap
        a, b, c, d = x2 + z2, x2 - z2, x3 + z3, x3 - z3
        da, cb = d * a % _P, c * b % _P
        aa, bb = a * a % _P, b * b % _P
        e = aa - bb
        x3, z3 = (da + cb) ** 2 % _P, 9 * (da - cb) ** 2 % _P
        x2, z2 = aa * bb % _P, e * (aa + _A24 * e) % _P
    if swapped:
        x2, z2 = x3, z3
    return (x2 * pow(z2, _P - 2, _P) % _P).to_bytes(32, "little")
