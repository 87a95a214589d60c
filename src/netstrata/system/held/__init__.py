"""What is held outside, by how many, and how it is undone: written once for every kind of thing.

A kind of thing says how one is told from another, how it is made, how it is seen to stand, and how it is undone from
a record alone; `Store` and `Overrides` do the rest, and keep the undo journal.
"""

from netstrata.system.held.foresight import Described, Foresight, Leaving, Undoing
from netstrata.system.held.held_object import Held
from netstrata.system.held.hold import Hold
from netstrata.system.held.left_in_place import LeftInPlace
from netstrata.system.held.override_stack import OverrideStack, Spec
from netstrata.system.held.overrides import HoldingSetting, Overrides
from netstrata.system.held.recovery import GONE, NO_RECOVERY, Behind, NoJournal, Recovery, Unanswered, Undone
from netstrata.system.held.store import Loss, Store
from netstrata.system.held.wait_queues import Stop, WaitQueues, Wake
from netstrata.system.held.words import IS_GONE, WAS_LEFT, tell

__all__ = [
    "GONE",
    "IS_GONE",
    "NO_RECOVERY",
    "WAS_LEFT",
    "Behind",
    "Described",
    "Foresight",
    "Held",
    "Hold",
    "HoldingSetting",
    "Leaving",
    "LeftInPlace",
    "Loss",
    "NoJournal",
    "OverrideStack",
    "Overrides",
    "Recovery",
    "Spec",
    "Stop",
    "Store",
    "Unanswered",
    "Undoing",
    "Undone",
    "WaitQueues",
    "Wake",
    "tell",
]
