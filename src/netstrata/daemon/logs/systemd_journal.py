"""What happens, as entries of the system's journal, with fields to choose by: `journalctl NETSTRATA_PROCESS=wan`.

Each entry is one datagram; one that is too long for that goes as a sealed file in memory.  Nobody waits for the
journal: what it does not take is counted, and told with the next entry that it takes (NETSTRATA_LOST).
Source: systemd's NATIVE_JOURNAL_PROTOCOL, systemd.journal-fields(7), systemd.exec(5) on JOURNAL_STREAM.
"""

import fcntl
import os
import socket
from array import array
from contextlib import suppress
from errno import EMSGSIZE, ENOBUFS
from typing import Final

from netstrata.daemon.events.event import Event
from netstrata.daemon.logs.log_format import LogFormat
from netstrata.daemon.text.redaction import redacted

SOCKET: Final = "/run/systemd/journal/socket"
ERROR, NOTICE, INFO = "3", "5", "6"  # syslog(3)
PRIORITIES: Final = {
    "error": ERROR, "transition": INFO, "values": INFO, "waits": INFO, "child": INFO, "dhcp": INFO, "supplicant": INFO,
}  # fmt: skip
_SO_SNDBUFFORCE: Final = 32
_UNREAD: Final = 8 << 20  # bytes that may wait until the journal has the time to read them, as those of sd_journal_send
_SEALS: Final = fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE


def is_standard_error() -> bool:
    """Say whether what we write to standard error goes to the journal anyway."""
    try:
        status = os.fstat(2)
    except OSError:
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


class SystemdJournal:
    """Entries for what an account would tell."""

    def __init__(self, account: LogFormat, path: str = SOCKET) -> None:
        """Take who says what is told, in which words; nothing has to listen yet."""
        self._account = account
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _UNREAD)
        with suppress(PermissionError):  # more than the system's limit is for root
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, _UNREAD)
        self._lost = 0

    def on_event(self, event: Event) -> None:
        """Send an entry for an event, if it is one for the log."""
        text = self._account.text_of(event)
        if text is None:
            return
        lost = {"NETSTRATA_LOST": str(self._lost)} if self._lost else {}
        if self._send(_entry({"MESSAGE": redacted(text), **_fields_of(event), **lost})):
            self._lost = 0
        else:
            self._lost += 1

    def _send(self, entry: bytes) -> bool:
        try:
            try:
                self._socket.sendto(entry, self._path)
            except OSError as error:
                if error.errno not in (EMSGSIZE, ENOBUFS):
                    raise
                self._send_long(entry)
        except OSError:  # it is full, restarts, or is not there
            return False
        return True

    def _send_long(self, entry: bytes) -> None:
        file = os.memfd_create("journal", os.MFD_ALLOW_SEALING | os.MFD_CLOEXEC)
        try:
            left = memoryview(entry)
            while left:
                left = left[os.write(file, left) :]
            fcntl.fcntl(file, fcntl.F_ADD_SEALS, _SEALS)
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", [file]))]
            self._socket.sendmsg([], rights, 0, self._path)
        finally:
            os.close(file)


def _fields_of(event: Event) -> dict[str, str]:
    """Return what an entry can be chosen by."""
    place = event.place
    found = {"SYSLOG_IDENTIFIER": "netstrata", "PRIORITY": PRIORITIES.get(event.kind, NOTICE)}
    found |= {"NETSTRATA_KIND": event.kind, "NETSTRATA_SEQ": str(event.seq)}
    if event.process:
        found["NETSTRATA_PROCESS"] = event.process
    if place.statement:
        found |= {"NETSTRATA_STATEMENT": str(place.statement), "NETSTRATA_NAME": place.name}
        found |= {"CODE_FILE": place.file, "CODE_LINE": str(place.line), "NETSTRATA_LAYER": str(event.layer)}
    for key in ("from", "to", "child", "pid"):
        if key in event.fields:
            found[f"NETSTRATA_{key.upper()}"] = str(event.fields[key])
    return found


def _entry(fields: dict[str, str]) -> bytes:
    """Return an entry's bytes: a value with line feeds in it is preceded by its length, 8 bytes, little endian."""
    lines = []
    for name, text in fields.items():
        value = text.encode("utf-8", "backslashreplace")
        if b"\n" in value:
            lines.append(name.encode() + b"\n" + len(value).to_bytes(8, "little") + value + b"\n")
        else:
            lines.append(name.encode() + b"=" + value + b"\n")
    return b"".join(lines)
