"""An own resolv.conf: replaced in one stroke, put back exactly.

The file that was found is kept beside it, as a second name of the same inode (a link stays a link), so that owner,
mode, content and target come back whatever they were, and also after a crash.  Where that cannot be (a bind mount, a
read-only directory), the file is written in place and its content remembered.  If somebody else has put a file there
meanwhile, that is what comes back.  The text says it, too: a copy that somebody gives back later is known by that.
Another daemon that has its lines in the same file shares what is kept: whoever leaves last puts it back.
What a daemon of the same boot has left that was killed is known from the undo journal, and taken over as it stands.
"""

import os
import stat
from ast import literal_eval
from contextlib import suppress
from errno import EACCES, EBUSY, EPERM, EROFS, EXDEV

from netstrata.contract import Holder
from netstrata.protocols.resolv_conf import FORWARDERS, MARK, Before, before_of, record_in, record_of
from netstrata.system.filesystem import atomic_file
from netstrata.system.filesystem.atomic_file import PUBLIC, Ownership
from netstrata.system.filesystem.places import IfThere, Place, open_file, opened, read_file
from netstrata.system.held import NO_RECOVERY, Recovery

KIND = "resolv.conf"  # in the undo journal
_LARGEST = 1 << 20
_IN_PLACE = (EBUSY, EXDEV, EROFS, EACCES, EPERM)


class ResolverFile:
    """One resolv.conf.  `write` takes it over, `restore` gives it back."""

    def __init__(self, path: str, recovery: Recovery = NO_RECOVERY) -> None:
        self.path = path
        self._saved = path + ".netstrata-saved"
        self._recovery = recovery
        self._number = 0  # in the undo journal
        self._taken = False
        self._in_place = False
        self._missing = False
        self._content: bytes | None = None  # of a file written in place
        self._written = b""
        self._record = b""  # of what was found, in what is written

    @property
    def in_place(self) -> bool:
        """Whether the file itself is written, because no other can be put in its place."""
        return self._in_place

    def is_ours(self) -> bool:
        """Say whether the file is what was written last, and can be read by all, if it is not another one's."""
        return self._holds_ours() and (self._in_place or atomic_file.has_ownership(self.path, PUBLIC))

    @property
    def found(self) -> str:
        """The path of what was found, as long as that is kept; of what stands, if it has become somebody else's."""
        now = b"" if os.path.islink(self.path) else _read(self.path) or b""
        is_kept = now.startswith(MARK) or (self._taken and self._holds_ours())
        return self._saved if is_kept and os.path.lexists(self._saved) else self.path

    def left_covers(self, content: bytes) -> bool:
        """Say whether a daemon has left a file that says all of this, and more: it may stay until nobody wants more."""
        if self._taken or not self._recovery.left:
            return False
        left = [entry for entry in self._recovery.left if (entry.kind, entry.key) == (KIND, os.fsencode(self.path))]
        now = _read(self.path)
        if not left or now is None or now not in literal_eval(left[0].undo.decode())[3:]:
            return False
        if now.removesuffix(record_in(now)) == content:
            return False
        wanted, there = set(content.splitlines()), set(now.splitlines())
        if any(b"nameserver " + address in there for address in FORWARDERS):
            wanted = {line for line in wanted if not line.startswith(b"nameserver ")}  # which that one asks
        return wanted <= there

    def write(self, content: bytes, title: str = "") -> None:
        """Make this the content of the file, if it is not.

        Raises: OSError.
        """
        journal = self._recovery.journal
        if not self._taken:
            self._claim(title)
        try:
            if not self._taken:
                self._number = journal.intend(KIND, os.fsencode(self.path), self._undo(), title)
                self._take()
            elif not self._in_place and not self._missing and not os.path.lexists(self._saved):
                self._take()  # another daemon has put it back
            elif self._is_another():
                self._take()
            content += self._record
            if content != self._written or not self.is_ours():
                journal.done(self._number, self._undo(self._written, content))
                self._put(content)
            journal.done(self._number, self._undo(content))
        except BaseException:
            if not self._taken:
                _forget(self._saved)
                journal.undone(self._number)
            raise
        self._taken = True
        self._written = content

    def restore(self) -> bool:
        """Put back what was found; False if the file has become somebody else's meanwhile, which is left alone.

        Raises: OSError.
        """
        if not self._taken:
            return True
        self._taken = False
        is_ours = self._holds_ours()
        if is_ours:
            self._put_back()
        elif not (_read(self.path) or b"").startswith(MARK):  # that of another daemon, which needs what is kept
            _forget(self._saved)
        self._recovery.journal.undone(self._number)
        return is_ours

    def leave(self, who: Holder | None) -> None:
        """Leave what could not be put back to who asks for it next, or to the end."""
        undo = self._undo(self._written)
        self._recovery.leave(self._number, KIND, os.fsencode(self.path), undo, who, done=True)

    def take_over(self, undo: bytes, title: str) -> None:
        """Take over what a daemon has left, which is about to be undone."""
        if self._load(undo):
            self._number = self._recovery.journal.intend(KIND, os.fsencode(self.path), undo, title)

    def take_up(self, undo: bytes) -> None:
        """Know what a daemon had found that was killed, so that `restore` puts it back.

        Raises: OSError.
        """
        self.take_over(undo, "")
        self._taken = True
        atomic_file.forget_unfinished_at(self.path)

    def _claim(self, title: str) -> None:
        """Take over what a daemon has left, if nobody has changed it since."""
        left = self._recovery.claim(KIND, os.fsencode(self.path))
        if left is None:
            return
        atomic_file.forget_unfinished_at(self.path)
        try:
            stands = self._load(left.undo)
        except OSError:
            self._recovery.give_back(left)
            raise
        if stands:
            self._number = self._recovery.journal.adopt(left, title)
        else:
            self._recovery.journal.undone(left.number)

    def _undo(self, *may_stand: bytes) -> bytes:
        """Return what the undo journal needs to know: what was found, and what may stand that we have written."""
        return repr((self._in_place, self._missing, self._content, *may_stand)).encode()

    def _load(self, undo: bytes) -> bool:
        """Know what a daemon has found; say whether what it has written still stands, or the beginning of it."""
        in_place, missing, content, *may_stand = literal_eval(undo.decode())
        now = _read(self.path)
        stands = now in may_stand
        if in_place and now is not None:  # it may have been killed while it wrote
            stands = any(text.startswith(now) for text in (*may_stand, content))
        if stands:
            self._in_place, self._missing, self._content = in_place, missing, content
            self._written = now or b""
            self._record = record_in(self._written)
            self._taken = True
        return stands

    def _put_back(self) -> None:
        if self._content is not None:
            self._write_in_place(self._content)
            _forget(self._saved)
        elif self._missing:
            _remove(self.path)
        else:
            with opened(self.path, last=False) as place:
                saved = os.path.basename(self._saved)
                os.rename(saved, place.name, src_dir_fd=place.folder, dst_dir_fd=place.folder)

    def _holds_ours(self) -> bool:
        return _read(self.path) == self._written

    def _is_another(self) -> bool:
        """Say whether somebody else has put something there that is no text of a daemon, nor empty."""
        if not self._in_place and os.path.islink(self.path):
            return True
        now = _read(self.path)
        return bool(now and now.strip()) and now != self._written and not (now or b"").startswith(MARK)

    # Taking over.

    def _take(self) -> None:
        """Keep what is there; where a daemon crashed, that is what it had kept, not what it had written."""
        self._in_place = False
        self._missing = False
        self._content = None
        found = _read(self.path)
        self._record = b""
        if found is not None and found.startswith(MARK):
            self._record = record_in(found)
            if os.path.lexists(self._saved):
                return
            before = before_of(self._record)
            if before is not None:
                self._missing = before == Before()
                self._save(before)
                return
        _forget(self._saved)
        self._missing = not os.path.lexists(self.path)
        before = self._before(found)
        self._record = record_of(before) if before is not None else b""
        if not self._missing:
            self._keep(found or b"")

    def _before(self, found: bytes | None) -> Before | None:
        """Return what is there, None if not everybody may know it."""
        if os.path.islink(self.path):
            return Before(link=os.fsencode(os.readlink(self.path)))
        return Before(text=found) if found is None or _mode_of(self.path) & stat.S_IROTH else None

    def _save(self, before: Before) -> None:
        """Keep what was there before a text of ours that somebody has given back."""
        _forget(self._saved)
        with opened(self.path, last=False) as place:
            saved = place._replace(name=os.path.basename(self._saved))
            if before.link:
                os.symlink(before.link, saved.name, dir_fd=place.folder)
            elif before.text is not None:
                _put(saved, before.text, PUBLIC)

    def _keep(self, found: bytes) -> None:
        with opened(self.path, last=False) as place:
            saved = os.path.basename(self._saved)
            try:
                os.link(place.name, saved, src_dir_fd=place.folder, dst_dir_fd=place.folder, follow_symlinks=False)
            except OSError:
                self._in_place = True
                self._content = found
                with suppress(OSError):
                    _put(place._replace(name=saved), found, Ownership(_mode_of(self.path)))  # for after a crash

    # Writing.

    def _put(self, content: bytes) -> None:
        if self._in_place:
            self._write_in_place(content)
            return
        try:
            with opened(self.path, last=False) as place:
                _put(place, content, PUBLIC)
        except OSError as error:
            if error.errno not in _IN_PLACE or self._missing:
                raise
            self._content = _read(self._saved) or b""
            self._in_place = True
            self._recovery.journal.done(self._number, self._undo(self._written, content))
            self._write_in_place(content)

    def _write_in_place(self, content: bytes) -> None:
        descriptor = open_file(self.path, os.O_WRONLY | os.O_TRUNC)
        try:
            while content:
                content = content[os.write(descriptor, content) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _read(path: str) -> bytes | None:
    """Return what a file holds, None if there is none for us.

    Raises: OSError if that cannot be known.
    """
    with IfThere():
        return read_file(path, _LARGEST)
    return None


def _put(place: Place, content: bytes, ownership: Ownership) -> None:
    with atomic_file.beside(place, content, ownership):
        pass


def _mode_of(path: str) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def _remove(path: str) -> None:
    with opened(path, last=False) as place:
        os.unlink(place.name, dir_fd=place.folder)


def _forget(path: str) -> None:
    with suppress(OSError):
        _remove(path)
