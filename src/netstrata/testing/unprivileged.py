"""`python -m netstrata.testing.unprivileged COMMAND…`: a command as root of a user namespace, able to make labs."""

import os
import sys

from netstrata.testing.namespaces import become_root
from netstrata.values import Unavailable


def main(words: list[str]) -> int:
    """Become the command; return only if that cannot be done."""
    if not words:
        print("usage: python -m netstrata.testing.unprivileged COMMAND [ARGUMENT...]", file=sys.stderr)
        return 2
    try:
        become_root()
        os.execvp(words[0], words)
    except (Unavailable, OSError) as failure:
        print(f"error: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
