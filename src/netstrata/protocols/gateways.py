"""The life of a default route, and the metrics that say which of several counts.  No socket.

    INACTIVE --asked--> ADDED --there--> ACTIVE --given up--> REMOVED --gone--> INACTIVE
       |  ^               |                 |                   |
       |  +--gone---------+                 |                   +--asked--> ADDED
       |  +--gone------------- (lost) ------+
       |                  +--given up--> REMOVED
       +--there (the kernel's own: of a router advertisement)--> ACTIVE

    INACTIVE  not in the kernel
    ADDED     asked for; the kernel has not answered
    ACTIVE    in the kernel, which has said so
    REMOVED   given up; the kernel has not answered

All other pairs change nothing, see `IGNORED`.  What is asked comes from whoever wants the route; that it is there, or
gone, only from the kernel: as its answer, as RTM_NEWROUTE or RTM_DELROUTE, or as what takes routes without a word.
"""

from typing import Final

INACTIVE: Final = "inactive"
ADDED: Final = "added"
ACTIVE: Final = "active"
REMOVED: Final = "removed"

ASKED: Final = "asked"
GIVEN_UP: Final = "given up"
THERE: Final = "there"
GONE: Final = "gone"

_STEPS: Final = {
    (INACTIVE, ASKED): ADDED,
    (INACTIVE, THERE): ACTIVE,
    (ADDED, THERE): ACTIVE,
    (ADDED, GONE): INACTIVE,
    (ADDED, GIVEN_UP): REMOVED,
    (ACTIVE, GIVEN_UP): REMOVED,
    (ACTIVE, GONE): INACTIVE,
    (REMOVED, GONE): INACTIVE,
    (REMOVED, ASKED): ADDED,
}
IGNORED: Final = frozenset({
    (INACTIVE, GIVEN_UP), (INACTIVE, GONE),  # it is not there
    (ADDED, ASKED), (ACTIVE, ASKED),  # once is enough
    (ACTIVE, THERE),  # the kernel may say so twice
    (REMOVED, GIVEN_UP),
    (REMOVED, THERE),  # what was said before it was given up is old
})  # fmt: skip

HIGH_METRIC: Final = {4: 0, 6: 512}  # by family; that of router advertisements is 1024
_HIGHEST: Final = 2**32 - 1
_PLACES: Final = 28  # bits of an interface index that are told apart


def step(state: str, event: str) -> str:
    """Return the state after an event."""
    return _STEPS.get((state, event), state)


def low_metric(ifindex: int, place: int = 0) -> int:
    """Return the metric of a link's default route while another one is preferred.

    It is worse than what anybody else gives, and another one for each link; place tells several gateways of one apart.
    """
    return _HIGHEST - (place << _PLACES) - ifindex
