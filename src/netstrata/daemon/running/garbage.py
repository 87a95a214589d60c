"""Keeping Python's garbage collector off the hot path.

Processes and statements hold no cycles once they are gone (`tests/kernel/test_garbage.py`), so what is left for the
collector is little.  It is kept from running while a program is read and while processes come up; it runs when the
daemon is about to wait anyway.
"""

import gc

BUSY_THRESHOLD = 1_000_000  # container objects made before a collection is forced in the middle of work
IDLE_THRESHOLD = 20_000  # … before one is worth it when there is nothing else to do


def keep_off() -> None:
    """Stop collecting in the middle of work; called before a program is read."""
    gc.set_threshold(BUSY_THRESHOLD, 10, 10)


def freeze() -> None:
    """Leave all that exists now out of every later collection; called when the program is compiled."""
    gc.freeze()


def when_idle() -> None:
    """Collect if there is enough to collect."""
    if gc.get_count()[0] > IDLE_THRESHOLD:
        gc.collect(1)
