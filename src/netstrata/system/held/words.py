"""What is said of what is held: the same in a plan, and when it is really done."""

from collections.abc import Callable
from typing import Final

from netstrata.contract import Holder

# How it came about that nothing had to be done.
IS_HELD: Final = "it is held already"
WAS_THERE: Final = "it was there before"
WAS_LEFT: Final = "a daemon before this one has done it"
IS_GONE: Final = "it is gone already"
OTHER_HOLDS: Final = "another statement holds it"
_IS_SO: Final = "it is so already"
_OTHER_COUNTS: Final = "another value counts"


def with_reason(words: str, reason: str) -> str:
    """Return what would be done, and why it need not or cannot be, if there is a reason."""
    return f"{words}: {reason}" if reason else words


def tell(who: Holder | None, words: Callable[[], list[str]], reason: str = "") -> None:
    """Tell what was done for somebody, or why it was not."""
    if who is not None:
        who.did(lambda: [with_reason(one, reason) for one in words()])


def words_of_setting(words: str, *, is_so: bool) -> str:
    """Say that a setting is made what some words say, or is that already."""
    return with_reason(f"set {words}", _IS_SO if is_so else "")


def words_of_hidden(words: str) -> str:
    """Say that a value leaves which another one lies over."""
    return f"no more set {words}: {_OTHER_COUNTS}"
