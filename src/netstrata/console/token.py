"""The token: random for each start, or kept in a file for programs that come back, as Prometheus does."""

import os
import secrets
import stat
from typing import Final

LEAST: Final = 32  # characters


class BadToken(Exception):
    """A file's token cannot be used: which file, and why."""


def read_token(path: str) -> str:
    """Return the token of a file, a new one if there is no such file yet, or no file is named.

    Raises: BadToken.
    """
    if not path:
        return secrets.token_urlsafe(32)
    try:
        with open(path, "x", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            token = secrets.token_urlsafe(32)
            file.write(f"{token}\n")
            return token
    except FileExistsError:
        pass
    except OSError as error:
        raise BadToken(f"{path} cannot be made: {error.strerror}") from error
    try:
        with open(path, encoding="ascii") as file:
            others = stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077
            token = file.read(4096).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadToken(f"{path} cannot be read: {getattr(error, 'strerror', None) or 'it is not ASCII'}") from error
    if others:
        raise BadToken(f"{path} can be read by others; chmod 600 it")
    if len(token) < LEAST or not token.replace("-", "").replace("_", "").isalnum():
        raise BadToken(f"{path} must hold {LEAST} or more letters, digits, - and _")
    return token
