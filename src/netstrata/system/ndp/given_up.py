"""Prefixes that are advertised, in the undo journal, and those that were and are no more.

Hosts are told for two hours that a prefix is given up, also by the next statement on the link, and by the daemon after
one that was killed.
"""

from ast import literal_eval
from collections.abc import Callable
from typing import Final, NamedTuple

from netstrata.contract.options import NO_OPTIONS, Options
from netstrata.contract.shapes.common import Network
from netstrata.ports.kernel import Link
from netstrata.protocols.ndp.advertising import lasts_s
from netstrata.system.held import NO_RECOVERY, LeftInPlace, Recovery
from netstrata.system.ndp.sockets import now_s
from netstrata.values import Unavailable

KIND: Final = "advertised prefixes"


class Advertised(NamedTuple):
    """What hosts of a link have been told of: prefixes, how long they are to be told when they are given up, and when
    that is over of those that are.
    """

    prefixes: list[tuple[bytes, int]]
    lasts_s: int
    ends: dict[tuple[bytes, int], float]

    def given_up(self) -> dict[Network, float]:
        """Return what is given up if nobody advertises any of that any more, and when that is over."""
        end = now_s() + self.lasts_s
        return {Network(*one): end_s for one, end_s in [*self.ends.items(), *((one, end) for one in self.prefixes)]}


class _Left(NamedTuple):
    """What a statement has said that is undone only to begin again: hosts believe it meanwhile."""

    ifindex: int
    options: Options
    place: LeftInPlace


class GivenUpPrefixes:
    """Those of all links of a daemon."""

    def __init__(self, recovery: Recovery = NO_RECOVERY) -> None:
        self._recovery = recovery
        self._of_link: dict[str, dict[Network, float]] = {}
        self._numbers: dict[str, int] = {}
        self._left: dict[str, _Left] = {}

    def withdraw_with(self, withdraw: Callable[[str, int, dict[Network, int]], None]) -> None:
        """Know who tells the hosts of a link, by name and index, that nobody advertises anything any more."""

        def undo(key: bytes, left: bytes) -> None:
            link, ifindex = literal_eval(key.decode("ascii"))
            withdraw(link, ifindex, _seconds(_read(left).given_up()))

        self._recovery.knows(KIND, undo)

    def begin(self, link: Link, options: Options, title: str) -> dict[Network, int]:
        """Know what is advertised from now on; return what is given up, and for how many seconds that is to be said.

        Raises: Unavailable if somebody advertises there already.
        """
        if link.name in self._numbers:
            raise Unavailable(f"advertise on {link.name}", "another statement does")
        prefixes = options.get("prefixes", [])
        journal, key = self._recovery.journal, repr((link.name, link.ifindex)).encode("ascii")
        entry = self._recovery.claim(KIND, key)
        ends = self._of_link.pop(link.name, {}) | (_read(entry.undo).given_up() if entry is not None else {})
        given_up = {one: end_s for one, end_s in ends.items() if one not in prefixes and end_s > now_s()}
        plain = {(one.address, one.prefix): end_s for one, end_s in given_up.items()}
        stands = Advertised([(one.address, one.prefix) for one in prefixes], lasts_s(options), plain)
        undo = repr(tuple(stands)).encode("ascii")
        if entry is not None:
            number = journal.adopt(entry, title)
            journal.done(number, undo)
        else:
            number = journal.intend(KIND, key, undo, title)
            journal.done(number)
        self._numbers[link.name] = number
        self._of_link[link.name] = given_up
        return self.of(link)

    def of(self, link: Link) -> dict[Network, int]:
        """Return what is given up on a link, and for how many seconds that is still to be said."""
        return _seconds(self._of_link.get(link.name, {}))

    def end(self, link: Link, options: Options) -> None:
        """Know that nobody advertises any more."""
        ended = dict.fromkeys(options.get("prefixes", []), now_s() + lasts_s(options))
        self._of_link.setdefault(link.name, {}).update(ended)
        self._recovery.journal.undone(self._numbers.pop(link.name))

    def leave(self, link: Link, options: Options, last_word: Callable[[], None]) -> None:
        """Know that a statement begins again: if it does not soon, the last word is said, and nobody advertises."""

        def let_go() -> None:
            if self._left.pop(link.name, None) is not None:
                last_word()
            self.end(link, options)

        self._left[link.name] = _Left(link.ifindex, options, LeftInPlace(self._recovery, let_go))

    def take_over(self, link: Link) -> Options:
        """Return what is said on a link by a statement that begins again now; empty if there is none."""
        left = self._left.get(link.name)
        if left is None:
            return NO_OPTIONS
        is_same = left.ifindex == link.ifindex
        if is_same:
            del self._left[link.name]
        left.place.end()
        return left.options if is_same else NO_OPTIONS


def _read(undo: bytes) -> Advertised:
    return Advertised(*literal_eval(undo.decode("ascii")))


def _seconds(ends: dict[Network, float]) -> dict[Network, int]:
    now = now_s()
    return {one: int(end_s - now) for one, end_s in ends.items() if end_s - now >= 1}
