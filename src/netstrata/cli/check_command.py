"""`netstrata check` and `netstrata fmt`."""

import os
import stat
import sys

from netstrata.daemon.app import read_file
from netstrata.daemon.running.lookup import TryingLookup
from netstrata.daemon.running.registry import make_registry
from netstrata.language.check import Findings
from netstrata.language.check import check as check_program
from netstrata.language.diagnostics import render_all
from netstrata.language.layout import format_program
from netstrata.language.load import load
from netstrata.language.refusals import Refusals
from netstrata.system.filesystem import atomic_file
from netstrata.system.filesystem.atomic_file import Ownership
from netstrata.system.filesystem.places import opened


def check(paths: list[str]) -> int:
    """Check programs; print what is wrong, and return 2 if anything is."""
    lookup = TryingLookup(make_registry())
    code = 0
    for path in paths:
        try:
            findings = check_program(load(path, read_file), lookup)
        except Refusals as refusals:
            findings = Findings(refusals.refused, [])
        report = (render_all(findings.errors), render_all(findings.warnings, "warning"))
        for text in report:
            if text:
                print(text, file=sys.stderr)
        if findings.errors:
            code = 2
        elif not findings.warnings:
            print(f"{path}: nothing wrong")
    return code


def layout(paths: list[str], only_check: bool) -> int:
    """Lay programs out; print or, with `only_check`, only name those that would change."""
    code = 0
    for path in paths:
        try:
            text = sys.stdin.buffer.read() if path == "-" else read_file(path)
            laid_out = format_program("standard input" if path == "-" else path, text)
        except Refusals as refusals:
            print(render_all(refusals.refused), file=sys.stderr)
            code = 2
            continue
        except OSError as error:
            print(f"error: cannot read {path}: {error.strerror}", file=sys.stderr)
            code = max(code, 1)
            continue
        if only_check:
            if laid_out != text:
                print(f"{path}: not in the canonical layout; `netstrata fmt {path}` changes that")
                code = max(code, 1)
        elif path == "-":
            sys.stdout.buffer.write(laid_out)
        elif laid_out != text:
            code = max(code, _replace(path, laid_out))
    return code


def _replace(path: str, text: bytes) -> int:
    """Replace a file by a complete one, so that no reader ever sees half of it."""
    try:
        with opened(path) as place:
            found = os.stat(place.name, dir_fd=place.folder, follow_symlinks=False)
            with atomic_file.beside(place, text, Ownership(stat.S_IMODE(found.st_mode))):
                pass
    except OSError as error:
        print(f"error: cannot write {path}: {error.strerror}", file=sys.stderr)
        return 1
    return 0
