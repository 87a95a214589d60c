"""What a router advertises, and when.  No socket, no clock.

    begin --> three times within 16 s each --> about every `interval`
    solicited --> within half a second, and not within 3 s of the last one

All go to all hosts of the link.
Source: RFC 4861 sections 6.2.4 to 6.2.6; RFC 9096 (prefixes that are given up).
"""

from math import inf
from typing import Final

from netstrata.contract.options import Options
from netstrata.contract.shapes.advertise import INTERVAL_S, LIFETIME_S, PREFERRED_S, VALID_S
from netstrata.contract.shapes.common import Network
from netstrata.protocols.ndp.advertisement import Advertisement, Nat64Prefix, Prefix, RouteInformation, Timed

GIVEN_UP_S: Final = 7200  # a host keeps an address so long, whatever it is told: RFC 4862 section 5.5.3
_SLAAC_BITS: Final = 64
_INITIAL: Final = 3
_INITIAL_S: Final = 16.0
_BETWEEN_S: Final = 3.0
_DELAY_S: Final = 0.5
_LEAST_OF_INTERVAL: Final = 0.33


def advertisement(options: Options, mac: bytes, given_up: dict[Network, int], ending: bool = False) -> Advertisement:
    """Return what is said of a link by its options; at the end it takes all of that back.

    Shapes: given_up are prefixes that were advertised before, and the seconds for which they are valid still.
    """
    interval = options.get("interval", INTERVAL_S)
    lifetime = 0 if ending else options.get("lifetime", max(LIFETIME_S, 3 * interval))
    known = 0 if ending else 3 * interval  # so long what comes with each advertisement counts
    valid = _valid_s(options)
    preferred = min(options.get("preferred", PREFERRED_S), valid)
    ours = options.get("prefixes", [])
    prefixes = [
        Prefix(
            one,
            True,
            one.prefix == _SLAAC_BITS,
            0 if ending else preferred,
            min(valid, GIVEN_UP_S) if ending else valid,
        )
        for one in ours
    ]
    prefixes += [
        Prefix(one, True, one.prefix == _SLAAC_BITS, 0, left) for one, left in given_up.items() if one not in ours
    ]
    preference = options.get("preference", b"medium")
    own = preference if lifetime else b"medium"  # RFC 4191 section 2.2
    return Advertisement(
        lifetime, own, bool(options.get("managed")), bool(options.get("other")), tuple(prefixes),
        tuple(RouteInformation(one, preference, known) for one in options.get("routes", [])),
        tuple(Timed(one, known) for one in options.get("dns", [])),
        tuple(Timed(one, known) for one in options.get("search", [])),
        (Nat64Prefix(options["pref64"], known),) if "pref64" in options else (),
        options.get("mtu", 0), b"" if ending else options.get("captive_portal", b""), mac,
    )  # fmt: skip


def taken_back(before: Options, options: Options, mac: bytes) -> Advertisement | None:
    """Return what is to be said of what was said before and is said no more, None if there is nothing.

    The router stays.  Prefixes are told of by `advertisement`; what has no lifetime cannot be taken back.
    """
    lists = ("routes", "dns", "search")
    gone = {word: [one for one in before.get(word, []) if one not in options.get(word, [])] for word in lists}
    if "pref64" in before and before["pref64"] != options.get("pref64"):
        gone["pref64"] = before["pref64"]
    if not any(gone.values()):
        return None
    ended = advertisement(gone, b"", {}, ending=True)
    return advertisement(options, mac, {})._replace(
        prefixes=(), routes=ended.routes, dns_servers=ended.dns_servers, search=ended.search, pref64=ended.pref64
    )


def lasts_s(options: Options) -> int:
    """Return for how long a prefix is to be said to be given up once it is."""
    return min(_valid_s(options), GIVEN_UP_S)


def _valid_s(options: Options) -> int:
    return int(options.get("valid", max(VALID_S, options.get("preferred", 0))))


class Schedule:
    """When to advertise."""

    def __init__(self, interval: int) -> None:
        """Advertise at least every so many seconds, once begun."""
        self.due_s = inf
        self._longest = float(interval)
        self._initial = 0
        self._last_s = -inf

    def begin(self, now_s: float) -> None:
        """Advertise now, and quickly at first: there is something new, or the link has carrier."""
        self._initial = _INITIAL
        self.due_s = now_s

    def solicited(self, now_s: float, chance: float) -> None:
        """Answer a host; chance is 0 to 1."""
        self.due_s = min(self.due_s, max(now_s + _DELAY_S * chance, self._last_s + _BETWEEN_S))

    def sent(self, now_s: float, chance: float) -> None:
        """Know that it was said."""
        self._last_s = now_s
        self._initial -= self._initial > 0
        least = _LEAST_OF_INTERVAL * self._longest if self._longest >= 9 else 0.75 * self._longest
        wait_s = least + chance * (self._longest - least)
        self.due_s = now_s + (min(wait_s, _INITIAL_S) if self._initial else wait_s)

    def could_not_be_sent(self) -> None:
        """Say nothing before it is begun anew: the link has no address that could be its source."""
        self.due_s = inf
