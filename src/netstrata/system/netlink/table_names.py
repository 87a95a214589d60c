"""Names of routing tables, from the files that iproute2 reads.

Source: ip-route(8); rtnl_rttable_init in iproute2's lib/rt_names.c, of 6.1 and of 6.15.
"""

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from netstrata.system.held.wait_queues import PATHS
from netstrata.values import Awaited, Unavailable

_PLACES: Final = ("/etc/iproute2", "/usr/share/iproute2")  # the first one counts, and its folder comes last


def table_number(table: int | str, operation: str) -> int:
    """Return the number of a table; a name is looked up anew each time.

    Raises: Unavailable if no file has that name.
    """
    if isinstance(table, int):
        return table
    found = dict(_entries())
    if table not in found:
        files = tuple(f"{place}/rt_tables" for place in _PLACES)
        awaits = Awaited(PATHS, files)
        reason = f"there is no table {table} in {' or '.join(files)}"
        raise Unavailable(operation, reason, errno.ENOENT, (awaits,))
    return found[table]


def _entries() -> Iterator[tuple[str, int]]:
    """Yield names with their numbers; of two of one name the later one counts."""
    files = [Path(place, "rt_tables") for place in _PLACES]
    yield from _read(next((path for path in files if path.exists()), files[0]))
    for place in reversed(_PLACES):
        for path in sorted(Path(place, "rt_tables.d").glob("*.conf")):
            yield from _read(path)


def _read(path: Path) -> Iterator[tuple[str, int]]:
    try:
        text = path.read_text("utf-8", "surrogateescape")
    except OSError:
        return
    for line in text.splitlines():
        words = line.partition("#")[0].split()
        if len(words) == 2:
            try:
                number = int(words[0], 0)
            except ValueError:
                continue
            if 0 < number < 2**32:
                yield words[1], number
