"""The text of resolv.conf(5): a comment, then lines, none of which can be read as two."""

from netstrata.contract.shapes.dns import LINE_MOST
from netstrata.values import joined_lines


def configuration(comment: str, lines: list[bytes]) -> bytes:
    """Return the content of the file.

    Raises: Refused.
    """
    texts = [line.decode("utf-8", "surrogateescape") for line in lines]
    return joined_lines([comment, *texts], LINE_MOST).encode("utf-8", "surrogateescape")
