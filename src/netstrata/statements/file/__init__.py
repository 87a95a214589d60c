"""file_read, file_write, file_stat, file_lstat: files, once.  Below: what is there while a statement is up."""

from typing import NamedTuple

from netstrata.contract import acts
from netstrata.contract.shapes.common import Text, Truth, Word
from netstrata.contract.shapes.files import FileKind, FileSize
from netstrata.ports import Ports


class Status(NamedTuple):
    succeeded: Truth
    type: FileKind
    size: FileSize


@acts("file_read")
def file_read(ports: Ports, path: Word) -> Text:
    """Read a whole file once; its content is the statement's value.

    Example:
        file_write("greeting", "hello\\n");
        file_read("greeting") content;
        print(content);  # hello

    Source: NCD, file_read.
    """
    return ports.files.read(path)


@acts("file_write")
def file_write(ports: Ports, path: Word, data: Text) -> None:
    """Write a file, new or in place of what it held; nothing of it is undone.

    A symbolic link is followed, unless somebody else may have made it.  Where a secret is in the data, the file is
    replaced by one with the mode 0600; `file.write` makes it with any mode.

    Example:
        file_write("greeting", "hello\\n");
        file_read("greeting") content;
        print(content);  # hello

    Source: NCD, file_write.
    """
    ports.files.write(path, data)


@acts("file_stat")
def file_stat(ports: Ports, path: Text) -> Status:
    """Say what a path leads to; up even if nothing is there.

    Example:
        file_stat("/dev/null") null;
        println(null.succeeded, " ", null.type);  # true chr

    Source: NCD, file_stat.
    """
    return _status(ports, path, follow=True)


@acts("file_lstat")
def file_lstat(ports: Ports, path: Text) -> Status:
    """Say what a path is itself, if it is a symbolic link; up even if nothing is there.

    Example:
        file_lstat("/dev/null") null;
        println(null.succeeded, " ", null.type);  # true chr

    Source: NCD, file_lstat.
    """
    return _status(ports, path, follow=False)


def _status(ports: Ports, path: bytes, *, follow: bool) -> Status:
    found = ports.files.status(path, follow=follow)
    return Status(True, *found) if found is not None else Status(False, b"failed", -1)
