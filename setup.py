"""Builds the compiled engine: the same files through mypyc.

A wheel is compiled where a C compiler and the headers of Python are, and plain where they are not or where compiling
fails; an editable install is plain.  NETSTRATA_PLAIN=1 never compiles; NETSTRATA_COMPILED=1 compiles or fails.
"""

import os
import shutil
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

ROOMS = ("values", "contract", "language", "engine", "protocols/rtnetlink")
PLAIN = (
    "values/compiler_hints.py",  # is what the compiler does not want to see
    "contract/shapes/uplink.py",  # the compiler forgets of which shapes the variables are
)
BUILDING = {"bdist_wheel", "build", "build_ext", "install"}
ASKING = {"dist_info", "egg_info"}  # what pip asks before it builds
MUST = os.environ.get("NETSTRATA_COMPILED") == "1"
MUST_NOT = os.environ.get("NETSTRATA_PLAIN") == "1"


def compiled_files() -> list[str]:
    """Return the files that are compiled."""
    package = Path("src/netstrata")
    files: list[str] = []
    for room in ROOMS:
        found = sorted((package / room).rglob("*.py"))
        kept = (p for p in found if p.name != "__init__.py" and p.relative_to(package).as_posix() not in PLAIN)
        files.extend(map(str, kept))
    return files


def can_compile() -> bool:
    """Say whether there are a C compiler and the headers of Python."""
    words = (os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()
    return shutil.which(words[0]) is not None and Path(sysconfig.get_path("include"), "Python.h").exists()


def without_trashcan(lines: Iterable[str]) -> Iterable[str]:
    """Let objects that the garbage collector does not know be freed at once, however deep they nest.

    The trashcan, which frees what nests deeper than 50 levels later, keeps its list in the collector's header.  mypyc
    2.4.1 uses it for `acyclic` classes, too, which have none: it writes into whatever lies before the object.
    """
    collected = True
    for line in lines:
        if "_dealloc(" in line and line.endswith(" *self)\n"):
            collected = False
        elif "PyObject_GC_UnTrack(self)" in line:
            collected = True
        if collected or "CPy_TRASHCAN_" not in line:
            yield line


def mended(made: list[Extension]) -> list[Extension]:
    """Mend the C files of extensions, and have what is in one file call the others directly."""
    for path in {Path(source) for extension in made for source in extension.sources}:
        with path.open(encoding="utf-8") as file:
            text = "".join(without_trashcan(file))
        path.write_text(text, encoding="utf-8")
    for extension in made:
        extension.extra_link_args.append("-Wl,-Bsymbolic-functions")
    return made


def extensions() -> Iterable[Extension]:
    """Return what is to be compiled, nothing if it cannot be or is not asked for."""
    if MUST_NOT or ASKING & set(sys.argv) or not (MUST or (BUILDING & set(sys.argv) and can_compile())):
        return []
    try:
        from mypyc.build import mypycify

        # opt_level 2 is as fast as 3 here, in half of the building time; debug_level 0 makes the files 4 times smaller.
        # A C file for each of ours: in a single one, gcc -Wall looks for minutes at how its 146 MB are indented.
        return mended(
            mypycify(compiled_files(), opt_level="2", debug_level="0", multi_file=True, group_name="netstrata")
        )
    except (ImportError, SystemExit) as problem:
        if MUST:
            raise
        print(f"warning: building the plain engine: {problem!r}", file=sys.stderr)
        return []


class AllOrNothing(build_ext):
    """Compiles all files, or takes none of them: half of them would not work."""

    def run(self) -> None:
        """Compile, or go on without."""
        try:
            super().run()
        except Exception as problem:
            if MUST:
                raise
            print(f"warning: building the plain engine: {problem}", file=sys.stderr)
            for extension in self.extensions:
                Path(self.get_ext_fullpath(extension.name)).unlink(missing_ok=True)
            self.extensions = []


setup(ext_modules=list(extensions()), cmdclass={"build_ext": AllOrNothing})
