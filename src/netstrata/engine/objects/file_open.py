"""Files held open: file_open, and its read, write, seek and close."""

from typing import cast

from netstrata.contract.shapes.common import TEXT, TRUTH, WORD
from netstrata.contract.shapes.files import FILE_MODE, OFFSET, READ_OPTIONS, READ_SIZE, WHENCE
from netstrata.engine.external_object import ExternalObject
from netstrata.engine.process import UP
from netstrata.engine.structure import gives, maybe, outside_object, takes
from netstrata.ports.files import OpenFile
from netstrata.values import Refused, Unavailable, Value, boolean


class FileOpen(ExternalObject):
    """An open file, or one that could not be opened, or is closed."""

    __slots__ = ("file", "read_size")

    def begin(self, values: list[Value]) -> None:
        """Open the file, and be up in any case."""
        path, mode, self.read_size = self.declaration.bind(values)
        self.file: OpenFile | None = None
        try:
            self.file = self.ports.files.open(path, mode)
        except Unavailable as error:
            self.note(str(error))
        self.up()

    def variable(self, name: str) -> Value | None:
        """Return `is_error`: whether there is no open file."""
        return boolean(self.file is None) if name == "is_error" else None

    def opened(self) -> OpenFile:
        """Return the open file.

        Raises: Refused if there is none.
        """
        if self.file is None:
            raise Refused("the file is not open: it could not be opened, an operation on it failed, or it is closed")
        return self.file

    def spoil(self, error: Unavailable) -> None:
        """Close the file after an error, and be down for an instant, for the program to see it."""
        self.note(str(error))
        self.close()
        if self.state == UP:
            self.down_up()

    def close(self) -> None:
        """Close the file; an error is only noted."""
        file = self.file
        self.file = None
        if file is not None:
            try:
                file.close()
            except Unavailable as error:
                self.note(str(error))

    def die(self) -> None:
        """Close the file."""
        self.close()
        self.dead()


class FileMethod(ExternalObject):
    """Something done once with an open file; never up if the file says no."""

    __slots__ = ()

    def begin(self, values: list[Value]) -> None:
        """Do it and be up, or let the file be broken."""
        opened = cast(FileOpen, self.target)
        arguments = self.declaration.bind(values)
        file = opened.opened()
        try:
            self.act(opened, file, *arguments)
        except Unavailable as error:
            opened.spoil(error)
        else:
            self.up()

    def act(self, opened: FileOpen, file: OpenFile, *arguments: object) -> None:
        """Do it.

        Raises: Unavailable.
        """
        raise NotImplementedError


class FileRead(FileMethod):
    """Reads the next piece."""

    __slots__ = ("data",)

    def act(self, opened: FileOpen, file: OpenFile, *arguments: object) -> None:
        """Read."""
        self.data = file.read(opened.read_size)

    def variable(self, name: str) -> Value | None:
        """Return what was read, and whether that was anything."""
        if name == "not_eof":
            return boolean(bool(self.data))
        return None if name else self.data


class FileWrite(FileMethod):
    """Writes."""

    __slots__ = ()

    def act(self, opened: FileOpen, file: OpenFile, *arguments: object) -> None:
        """Write."""
        file.write(cast(bytes, arguments[0]))


class FileSeek(FileMethod):
    """Goes to a position."""

    __slots__ = ()

    def act(self, opened: FileOpen, file: OpenFile, *arguments: object) -> None:
        """Seek."""
        file.seek(cast(int, arguments[0]), cast(bytes, arguments[1]))


class FileClose(FileMethod):
    """Closes the file."""

    __slots__ = ()

    def act(self, opened: FileOpen, file: OpenFile, *arguments: object) -> None:
        """Close."""
        file.close()
        opened.file = None


_EXAMPLE = """
    Example:
        file_open("numbers", "w+") file;
        file->write("one two");
        file->seek("-3", "end");
        file->read() word;
        println(word, " ", word.not_eof);  # two true
        file->close();

    Source: NCD, file_open.
    """
outside_object(
    "file_open",
    FileOpen,
    takes(("path", WORD), ("mode", FILE_MODE)) + maybe("options", READ_OPTIONS, READ_SIZE),
    """Hold a file open; up also if it could not be opened, and then `is_error` is true.

    An operation on it that fails closes the file, and the statement goes down and up again with `is_error` true.
    """
    + _EXAMPLE,
    gives(is_error=TRUTH),
)
outside_object(
    "file_open::read",
    FileRead,
    (),
    "Read up to `read_size` bytes; at the end there are none, and `not_eof` is false.\n" + _EXAMPLE,
    gives(value_=TEXT, not_eof=TRUTH),
)
outside_object(
    "file_open::write",
    FileWrite,
    takes(("data", TEXT)),
    "Write to the file; others see it after a seek, a close, or when it is much.\n" + _EXAMPLE,
)
outside_object(
    "file_open::seek",
    FileSeek,
    takes(("position", OFFSET), ("whence", WHENCE)),
    "Go to a position in the file, counted from its start (set), from here (cur) or from its end.\n" + _EXAMPLE,
)
outside_object("file_open::close", FileClose, (), "Close the file; `is_error` is true from then on.\n" + _EXAMPLE)
