"""The terminal that the screen is shown in."""

import select


def terminal_gone() -> bool:
    """Say whether nobody is at the other end of the terminal any more; source: poll(2), POLLHUP."""
    look = select.poll()
    look.register(0, 0)
    return bool(look.poll(0))
