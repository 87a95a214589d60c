"""Files in their places: several of one path lie on each other, and each has what it was put over as its backup.

    at the path           the file of the topmost layer
    its backup            the file of the layer below it
    the lowest's backup   the file that was found, if one was

Whoever leaves from below hands its backup to the layer above.  Each layer has an entry of its own in the undo journal.
Those of a daemon that was killed lie in their places until a statement wants the same file, or nobody does.
"""

import os
import stat
from ast import literal_eval
from collections.abc import Iterator
from typing import Final

from netstrata.contract import Holder
from netstrata.contract.secrets import SECRETS
from netstrata.contract.shapes.heldfiles import Attributes
from netstrata.system.filesystem import atomic_file
from netstrata.system.filesystem.atomic_file import PUBLIC, Ownership
from netstrata.system.filesystem.places import Place, opened
from netstrata.system.held import NO_RECOVERY, Leaving, Recovery, Undoing, tell
from netstrata.system.heldfiles import backup
from netstrata.system.heldfiles.backup import mark_of
from netstrata.system.heldfiles.named import unavailable
from netstrata.system.heldfiles.ownership import ownership_of
from netstrata.values import Unavailable

KIND: Final = "file"  # in the undo journal
NOT_REPLACED: Final = "it is {}: only a file can be replaced"


class Layer:
    """A file that was put in its place: held by somebody, or left by a daemon that was killed.

    Shapes: position grows from the lowest of a path; mark tells what was written from what others write, "" if nothing
    was yet; saved is the name of its backup, "" if it has none.
    """

    __slots__ = ("data", "key", "left", "mark", "number", "ownership", "path", "position", "saved", "who")

    def __init__(self, path: str, position: int) -> None:
        self.path = path
        self.position = position
        self.key = b"%d\0%s" % (position, os.fsencode(path))
        self.mark = ""
        self.saved = ""
        self.data = b""
        self.ownership = PUBLIC
        self.left = False
        self.number = 0  # in the undo journal
        self.who: Holder | None = None

    @classmethod
    def of_record(cls, key: bytes, undo: bytes) -> "Layer":
        """Return one that a daemon has left which was killed."""
        position, _, path = key.partition(b"\0")
        layer = cls(os.fsdecode(path), int(position))
        layer.mark, layer.saved = literal_eval(undo.decode())
        layer.left = True
        return layer

    @property
    def undo(self) -> bytes:
        """What the undo journal needs to know."""
        return repr((self.mark, self.saved)).encode()


class FileLayers:
    """All layers of all paths."""

    __slots__ = ("_layers", "_recovery")

    def __init__(self, recovery: Recovery = NO_RECOVERY) -> None:
        self._recovery = recovery
        self._layers: dict[str, list[Layer]] = {}  # by real path, from the lowest to the one that is there
        recovery.knows(KIND, self.undo)
        recovery.keeps(self)
        for entry in recovery.left:
            if entry.kind == KIND:
                self._add_left(Layer.of_record(entry.key, entry.undo))

    def is_top(self, layer: Layer) -> bool:
        """Say whether a layer is the one that is to be seen."""
        return self._layers[layer.path][-1] is layer

    def hold(self, place: Place, data: bytes, attributes: Attributes, who: Holder | None) -> Layer:
        """Have a file in its place: the one that a daemon before us has put there, or a new one.

        Raises: OSError, Unavailable.
        """
        found = atomic_file.found_at(place)
        if found is not None and not stat.S_ISREG(found.st_mode):
            raise Unavailable("", NOT_REPLACED.format(_words(found.st_mode)))
        title = who.title if who is not None else ""
        self._undo_hidden(place)
        layer = self._adopt(place, data, attributes, title) or self._write(place, data, attributes, title)
        layer.who = who
        return layer

    def undoing(self, leaving: Leaving) -> Iterator[Undoing | None]:
        """Say what becomes of all files if some who hold them leave."""
        for path, layers in list(self._layers.items()):
            yield None
            rest = list(layers)
            found = rest[0].saved
            who_leave = ((leaving[one.who], one) for one in layers if one.who is not None and one.who in leaving)
            for _, layer in sorted(who_leave, key=_order):
                words = _words_of_leaving(path, is_top=rest[-1] is layer, is_over=len(rest) > 1 or bool(found))
                rest.remove(layer)
                if layer.who is not None:
                    yield Undoing(layer.who, layer.number, words)

    def release(self, layer: Layer, who: Holder | None) -> None:
        """Put back what a layer was put over, or hand it to the layer above."""
        above = self._remove(layer)
        words = _words_of_leaving(layer.path, is_top=above is None, is_over=bool(layer.saved))
        try:
            with opened(layer.path, last=False) as place:
                is_there = atomic_file.holds(layer.path, layer.data)
                if not self._take_out(place, layer, above, is_there):
                    words = f"keep {layer.path}: somebody has changed it"
                    if who is not None:
                        who.note(f"somebody has changed {layer.path}: it is left alone")
        except OSError as error:
            if who is not None:
                who.note(f"{unavailable(f'put {layer.path} back', error)}; ignoring")
            tell(who, lambda: [words], error.strerror or str(error))
            if self._recovery.leave(layer.number, KIND, layer.key, layer.undo, who, done=True):
                self._add_left(layer)
            return
        self._recovery.journal.undone(layer.number)
        tell(who, lambda: [words])

    def undo(self, key: bytes, undo: bytes) -> None:
        """Take out a layer that was left."""
        named = Layer.of_record(key, undo)
        layer = next((one for one in self._layers.get(named.path, ()) if one.key == key), None)
        if layer is None:
            return
        above = self._remove(layer)
        try:
            with opened(layer.path, last=False) as place:
                atomic_file.forget_unfinished(place)
                is_there = bool(layer.mark) and mark_of(atomic_file.found_at(place)) == layer.mark
                self._take_out(place, layer, above, is_there)
        except FileNotFoundError:
            return
        except OSError as error:
            raise unavailable(f"put {layer.path} back", error) from None

    def _add_left(self, layer: Layer) -> None:
        """Know one that nobody holds."""
        layer.left = True
        layers = self._layers.setdefault(layer.path, [])
        layers.append(layer)
        layers.sort(key=_position)

    def _undo_hidden(self, place: Place) -> None:
        """Undo what was left on top of a path, and is not there: not put there yet, or replaced by somebody."""
        layers = self._layers.get(place.path, [])
        while layers and layers[-1].left and layers[-1].mark != (mark_of(atomic_file.found_at(place)) or None):
            self._undo_left(layers[-1])

    def _undo_left(self, layer: Layer) -> None:
        entry = self._recovery.claim(KIND, layer.key)
        if entry is not None:
            self._recovery.undo(entry)
        else:
            self._remove(layer)

    def _adopt(self, place: Place, data: bytes, attributes: Attributes, title: str) -> Layer | None:
        """Take over the lowest layer that was left and is as it would be written; None if there is none."""
        layers = self._layers.get(place.path, [])
        for at, layer in enumerate(layers):
            if not layer.left:
                continue
            beneath = atomic_file.found_at(place, layer.saved) if layer.saved else None
            ownership = ownership_of(attributes, beneath, PUBLIC.mode, secret=SECRETS.within(data))
            if ownership.user < 0:
                ownership = ownership._replace(user=os.geteuid())
            name = layers[at + 1].saved if at + 1 < len(layers) else place.name
            found = atomic_file.found_at(place, name) if name else None
            if found is None or mark_of(found) != layer.mark or not ownership.of(found):
                continue
            if not atomic_file.holds(os.path.join(os.path.dirname(place.path), name), data):
                continue
            entry = self._recovery.claim(KIND, layer.key)
            if entry is not None:
                atomic_file.forget_unfinished(place)
                layer.left = False
                layer.data, layer.ownership = data, _ownership(found)
                layer.number = self._recovery.journal.adopt(entry, title)
                return layer
        return None

    def _write(self, place: Place, data: bytes, attributes: Attributes, title: str) -> Layer:
        """Put a file in its place, instead of the layers that were left on top."""
        layers = self._layers.get(place.path, [])
        replaced = _left_on_top(layers)
        earlier = replaced[0].saved if replaced else "" if layers else backup.find_backup(place)
        beneath = None if replaced and not earlier else atomic_file.found_at(place, earlier)
        ownership = ownership_of(attributes, beneath, PUBLIC.mode, secret=SECRETS.within(data))
        layer = Layer(place.path, layers[-1].position + 1 if layers else 1)
        journal = self._recovery.journal
        layer.number = journal.intend(KIND, layer.key, layer.undo, title)
        try:
            with atomic_file.beside(place, data, ownership) as descriptor:
                written = os.fstat(descriptor)
                layer.mark = mark_of(written)
                if beneath is not None:
                    layer.saved = backup.backup_name(place, layer.mark)
                journal.done(layer.number, layer.undo)
                if beneath is not None:
                    backup.back_up(place, layer.saved, earlier)
        except BaseException:
            backup.forget(place, layer.saved)
            journal.undone(layer.number)
            raise
        layer.data, layer.ownership = data, _ownership(written)
        self._layers.setdefault(place.path, layers).append(layer)
        if not replaced:
            backup.forget(place, earlier)
        for one in reversed(replaced):
            self._forget_left(place, one)
        return layer

    def _forget_left(self, place: Place, layer: Layer) -> None:
        """Forget a layer that was left, which another one has replaced."""
        entry = self._recovery.claim(KIND, layer.key)
        backup.forget(place, layer.saved)
        if entry is not None:
            self._recovery.journal.undone(entry.number)
        self._remove(layer)

    def _take_out(self, place: Place, layer: Layer, above: Layer | None, is_there: bool) -> bool:
        """Take a layer out from wherever it lies; False if somebody has replaced it, which is left alone.

        Raises: OSError.
        """
        if not layer.mark:
            return True
        if above is not None:
            self._hand_up(place, layer, above)
        elif is_there:
            backup.restore(place, layer.saved)
            atomic_file.sync(place)
        else:
            backup.forget(place, layer.saved)
        return above is not None or is_there

    def _hand_up(self, place: Place, layer: Layer, above: Layer) -> None:
        """Make what a layer was put over the backup of the one above."""
        if not above.saved:
            backup.forget(place, layer.saved)
        elif layer.saved:
            os.rename(layer.saved, above.saved, src_dir_fd=place.folder, dst_dir_fd=place.folder)
        else:
            saved, above.saved = above.saved, ""
            self._recovery.journal.done(above.number, above.undo)
            backup.forget(place, saved)

    def _remove(self, layer: Layer) -> Layer | None:
        """Know a layer no more; return the one that lay above it."""
        layers = self._layers[layer.path]
        at = layers.index(layer)
        del layers[at]
        if not layers:
            del self._layers[layer.path]
        return layers[at] if at < len(layers) else None


def _left_on_top(layers: list[Layer]) -> list[Layer]:
    """Return the layers above the topmost that somebody holds."""
    at = len(layers)
    while at and layers[at - 1].left:
        at -= 1
    return layers[at:]


def _words_of_leaving(path: str, *, is_top: bool, is_over: bool) -> str:
    """Say what becomes of a path when a layer leaves, which may lie over another file."""
    if not is_top:
        return f"keep {path}: another statement has put a file over this one"
    return f"put back what was at {path}" if is_over else f"remove {path}"


def _order(pair: tuple[int, Layer]) -> int:
    return pair[0]


def _position(layer: Layer) -> int:
    return layer.position


def _ownership(found: os.stat_result) -> Ownership:
    return Ownership(stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid)


def _words(mode: int) -> str:
    return "a directory" if stat.S_ISDIR(mode) else "a device, a socket or a pipe"
