"""The head of `netstrata watch`: how many processes are in which state, and what the daemon waits for people to say."""

from rich.text import Text

from netstrata.cli.watch.rows import COLOURS, MARKS


def head_of(counts: dict[str, int], connected: bool, awaited: str, path: str) -> Text:
    """Return it in one line."""
    head = Text(no_wrap=True, overflow="ellipsis")
    for state, count in sorted(counts.items()):
        head.append(f"{MARKS.get(state, '○')} {count} {state}  ", COLOURS.get(state, ""))
    if not connected:
        head.append("no daemon; trying again  ", "bold red")
    if awaited:
        head.append(f"{awaited}  ", "bold red")
    return head.append(path, "dim")
