"""What is secret: texts that leave the daemon only as `********`, wherever they stand.

What a secret shape has read is known here from then on, fitting or not; how it came about does not matter.
"""

from typing import Final

from netstrata.values import Value

MASK: Final = "********"
SHORTEST: Final = 4  # bytes of a secret that is looked for inside of a text; a shorter one must be all of it
MOST: Final = 1000  # that are remembered; a program that makes new ones all the time loses the oldest


class Secrets:
    """The secrets that are known, in the order in which they were last met; `changes` counts how often that changed."""

    __slots__ = ("_known", "changes")

    def __init__(self) -> None:
        self._known: dict[bytes, None] = {}
        self.changes = 0

    def keep(self, value: Value) -> None:
        """Know a secret; what is no string, or an empty one, is none."""
        if not isinstance(value, bytes) or not value:
            return
        if value in self._known:
            del self._known[value]
        else:
            self.changes += 1
            if len(self._known) >= MOST:
                del self._known[next(iter(self._known))]
        self._known[value] = None

    def know_only(self, secrets: list[bytes]) -> None:
        """Know just these, as `all` has told them before: what was met since is none."""
        if self._known.keys() != set(secrets):
            self.changes += 1
        self._known = dict.fromkeys(secrets)

    def within(self, data: bytes) -> bool:
        """Say whether one is in a text: all of it, or a part that is long enough to be told from any word."""
        return any(secret == data or (len(secret) >= SHORTEST and secret in data) for secret in self._known)

    def all(self) -> list[bytes]:
        """Return all of them."""
        return list(self._known)


SECRETS: Final = Secrets()
