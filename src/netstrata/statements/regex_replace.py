"""regex_replace: what regular expressions match, replaced."""

from typing import Annotated

from netstrata.contract import Shape, computes
from netstrata.contract.shapes.common import COMMAND, STRINGS, Strings, Text
from netstrata.protocols.regex import compiled, replaced
from netstrata.values import Refused

REGEXES = Shape[list[bytes]](
    "a list of regular expressions",
    'strings without NUL, such as {"[0-9]+"}',
    COMMAND.read,
    STRINGS.write,
    ('{"[0-9]+", "b"}', "{}"),
    ('"a"', '{"a\\0"}', "{{}}"),
)


@computes("regex_replace")
def regex_replace(text: Text, regexes: Annotated[list[bytes], REGEXES], replacements: Strings) -> Text:
    """Replace, from left to right, whatever one of some regular expressions matches.

    The match that begins first is taken, of several the one whose expression stands first.
    Replacements are put in as they are; an empty match lets one byte pass.

    Example:
        regex_replace("a1b22", {"[0-9]+", "b"}, {"#", "c"}) s;
        println(s);  # a#c#

    Source: NCD, regex_replace; POSIX extended regular expressions, regex(7).
    """
    if len(regexes) != len(replacements):
        raise Refused(f"{len(regexes)} expressions need as many replacements, not {len(replacements)}", argument=2)
    return replaced(text, [compiled(regex) for regex in regexes], replacements)
