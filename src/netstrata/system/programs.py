"""Where programs are that a statement names without a path."""

import os

_ALSO = ("/usr/sbin", "/usr/bin", "/sbin", "/bin")


def find_program(name: str) -> str | None:
    """Return the path of a program in PATH, or where administrators' programs are; None if it is nowhere."""
    for directory in (*os.environ.get("PATH", "").split(":"), *_ALSO):
        path = os.path.join(directory or ".", name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return None
