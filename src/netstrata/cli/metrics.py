"""`netstrata metrics`: what a daemon counts, for Prometheus."""

from netstrata.cli.client import Connection
from netstrata.control.errors import NoDaemon, Refusal
from netstrata.control.metrics import down_text, metrics_text
from netstrata.system.filesystem import atomic_file
from netstrata.system.filesystem.atomic_file import PUBLIC


def metrics(control: str, output: str | None) -> int:
    """Print the metrics, or write them to a file for the textfile collector of node_exporter.

    A daemon that does not answer is told in the file, too, as `netstrata_up 0`.
    Raises: NoDaemon, Refusal, OSError.
    """
    try:
        daemon = Connection(control)
        text = metrics_text(daemon.call("Figures")["figures"], _links(daemon))
    except NoDaemon:
        if output is not None:
            write_whole(output, down_text())
        raise
    if output is None:
        print(text, end="")
    else:
        write_whole(output, text)
    return 0


def _links(daemon: Connection) -> list[dict[str, object]]:
    """Return the links, or none if the system will not tell."""
    try:
        found: list[dict[str, object]] = daemon.call("Links")["links"]
    except Refusal as refusal:
        if refusal.name != "Unavailable":
            raise
        return []
    return found


def write_whole(path: str, text: str) -> None:
    """Write a file that whoever reads it sees whole, before or after.

    Raises: OSError, with the path as its file name.
    """
    try:
        # A collector reads what ends in .prom; this does not until it is whole.
        atomic_file.replace(path, text.encode(), PUBLIC)
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error
