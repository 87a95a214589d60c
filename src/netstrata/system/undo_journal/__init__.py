"""The undo journal: what a daemon did and has not undone, on a file that outlives it.

It knows nothing of what is done: an entry is a kind, a key and the inverse, as bytes that only their keeper reads.
"""

from netstrata.system.undo_journal.file import JournalTaken
from netstrata.system.undo_journal.format import Entry
from netstrata.system.undo_journal.identity import Identity
from netstrata.system.undo_journal.journal import UndoJournal, journal_path

__all__ = ["Entry", "Identity", "JournalTaken", "UndoJournal", "journal_path"]
