"""Whether a captive portal is in the way.  No socket, no clock: times are arguments.

    UNKNOWN --answer--> FREE or CAPTIVE --two other answers in a row--> the other one
       +--nothing says anything for UNKNOWN_S--> FREE, which the first answer changes

An answer is what the portal itself says (RFC 8908), else what comes in the place of a page that everybody can have: a
redirect or another page is a portal's, the page itself is freedom.  An error or silence says nothing: that nothing gets
through is for others to tell.  One answer may be some proxy's hiccup, and two in a row are none.
Shapes: all times are seconds.
Source: RFC 8908 section 5, RFC 6585 section 6.
"""

import json
from typing import Final
from urllib.parse import urljoin

from netstrata.contract.shapes.probe import PortalAnswer
from netstrata.contract.shapes.url import parse_url
from netstrata.values import one_line

UNKNOWN_S: Final = 5.0
_FREE_S: Final = 30.0  # between two questions
_CAPTIVE_S: Final = 10.0  # the same, while somebody may be logging in
_HASTY_S: Final = 1.0  # the same, while it is not known
_LONGER_S: Final = 30  # by which a session must have been extended to be news
_AUTHENTICATE: Final = 511


FREE: Final = PortalAnswer(False)


def read_api(body: bytes | bytearray) -> PortalAnswer | None:
    """Read what a portal says of itself; None if it says nothing."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(said, dict) or not isinstance(said.get("captive"), bool):
        return None
    seconds = said.get("seconds-remaining")
    return PortalAnswer(
        said["captive"],
        _link(said.get("user-portal-url")),
        _link(said.get("venue-info-url")),
        seconds if isinstance(seconds, int) and not isinstance(seconds, bool) and 0 <= seconds < 2**31 else None,
    )


def _link(value: object) -> str:
    if not isinstance(value, str) or not value.startswith(("http://", "https://")) or len(value) > 2000:
        return ""
    return one_line(value)


def read_check(status: int, is_expected: bool, redirect: str, page: str) -> PortalAnswer | None:
    """Read what came in the place of a page; None if that says nothing.

    Shapes: redirect is where the answer says it leads (Location), "" if nowhere; page is the URL that was asked for.
    """
    if is_expected:
        return FREE
    if 300 <= status < 400:
        return PortalAnswer(True, _target(page, redirect) or page)
    if status < 300 or status == _AUTHENTICATE:
        return PortalAnswer(True, page)
    return None


def _target(page: str, redirect: str) -> str:
    """Return the URL that a page leads to, "" if it leads to none."""
    try:
        found = parse_url(urljoin(page, redirect)) if redirect else None
    except ValueError:  # such as http://[
        return ""
    return str(found) if found is not None else ""


class PortalWatch:
    """What is believed of one network."""

    def __init__(self) -> None:
        self.answer: PortalAnswer | None = None  # None: not known
        self._ends_s: float | None = None  # when the session does, if that was said
        self._is_doubted = False  # the last answer said otherwise
        self._is_guess = True  # no answer has said anything yet

    def take(self, answer: PortalAnswer | None, now_s: float) -> bool:
        """Know what a question was answered, None for nothing; say whether what is believed is something new."""
        if answer is None:
            return False
        is_other = self.answer is not None and answer.captive != self.answer.captive
        if is_other and not self._is_guess and not self._is_doubted:
            self._is_doubted = True
            return False
        self._is_doubted = self._is_guess = False
        ends_s = now_s + answer.seconds if answer.seconds is not None else None
        is_new = self.answer is None or answer[:3] != self.answer[:3] or self._is_extended(ends_s)
        if is_new:
            self.answer, self._ends_s = answer, ends_s
        return is_new

    def guess(self) -> bool:
        """Take a network where nothing says anything for free; say whether that is something new."""
        if self.answer is not None:
            return False
        self.answer = FREE
        return True

    def wait_s(self, now_s: float) -> float:
        """Return how long until it is asked again."""
        if self.answer is None or self._is_guess or self._is_doubted:
            return _HASTY_S
        between_s = _CAPTIVE_S if self.answer.captive else _FREE_S
        ends_in_s = self._ends_s - now_s if self._ends_s is not None else between_s
        return ends_in_s if _HASTY_S < ends_in_s < between_s else between_s

    def _is_extended(self, ends_s: float | None) -> bool:
        if ends_s is None or self._ends_s is None:
            return ends_s is not self._ends_s
        return ends_s > self._ends_s + _LONGER_S
