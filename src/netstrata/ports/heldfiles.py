"""What statements may put into the file system for as long as they are up."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from netstrata.contract.shapes.heldfiles import NOTHING_SAID, Attributes

__all__ = ["NOTHING_SAID", "Attributes", "HeldFiles"]


class HeldFiles(Protocol):
    """Files, directories and symbolic links; entering and leaving never suspend.

    What somebody else changes or removes is lost, and what they made of it is found when it is held again.
    Entering raises Unavailable when the system refuses it, and then nothing has changed; leaving never raises.
    """

    def held_file(self, path: bytes, data: bytes, attributes: Attributes) -> AbstractAsyncContextManager[None]:
        """Replace a file in one stroke, or make it; put back the one that was found, or none, on the way back.

        A symbolic link is followed, unless somebody else may have made it.  If the content has become another one
        meanwhile, it is left alone, with a note.  What nobody says of mode and owner is that of the file that was
        found, else 0644 and ours; with a secret in the data, 0600 and ours.
        """

    def held_directory(self, path: bytes, attributes: Attributes) -> AbstractAsyncContextManager[None]:
        """Make a directory, and remove it on the way back if it is empty; one that was found stays as it is."""

    def held_link(self, target: bytes, path: bytes) -> AbstractAsyncContextManager[None]:
        """Make a symbolic link, and remove it on the way back if it still leads there; one that was found stays."""
