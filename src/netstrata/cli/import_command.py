"""`netstrata import`: what another program's file says, as a program."""

import os
import re
import sys
from contextlib import suppress
from typing import Final

from netstrata.cli.wireguard_program import WireguardProgram, program_of
from netstrata.control.exit_codes import FAILED, OK
from netstrata.protocols.wireguard.configuration import Misread, read

KEYS: Final = "/etc/netstrata/keys"  # where a program looks for them, if it is not said where they are written
_LINK: Final = re.compile(r"[A-Za-z0-9_=+.-]{1,15}")  # as wg-quick has it


def import_wireguard(path: str, keys: str) -> int:
    """Print the program of a file of wg-quick; write its keys into a folder, if one is named.

    Raises: OSError.
    """
    link = os.path.basename(path).removesuffix(".conf")
    if not _LINK.fullmatch(link):
        return _failed(f"{path}: the file is named as its link: 1 to 15 letters, digits and _=+.-, then .conf")
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        text = file.read()
    try:
        written = program_of(link, path, read(text), os.path.abspath(keys or KEYS))
    except Misread as error:
        return _failed(f"{path}:{error.line}: {error.reason}")
    if keys:
        _write(keys, written.keys)
    print(written.text, end="")
    _tell(written, keys)
    return OK


def _write(folder: str, keys: dict[str, str]) -> None:
    """Write each key into a file of its own; one that is there is not touched.

    Raises: OSError.
    """
    with suppress(FileExistsError):
        os.mkdir(folder, 0o700)
    for name, key in keys.items():
        path = os.path.join(folder, name)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(f"{key}\n")


def _tell(written: WireguardProgram, keys: str) -> None:
    for warning in written.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if not keys:
        names = ", ".join(written.keys)
        print(f"no key is written; `--keys DIR` writes {names}, which the program reads", file=sys.stderr)


def _failed(text: str) -> int:
    print(f"error: {text}", file=sys.stderr)
    return FAILED
