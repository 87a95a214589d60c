"""Print the tables of `protocols/input_names.py` from the kernel's headers: run it again when these have grown.

python3 tools/input_names.py /usr/include/linux/input-event-codes.h /usr/include/linux/input.h
"""

import re
import sys
import textwrap

PREFIXES = {
    "EV_": "EV", "SYN_": "SYN", "KEY_": "KEY", "BTN_": "KEY", "REL_": "REL", "ABS_": "ABS", "SW_": "SW",
    "MSC_": "MSC", "LED_": "LED", "REP_": "REP", "SND_": "SND", "FF_STATUS_": "FF_STATUS",
}  # fmt: skip
LEFT_OUT = ("EV_VERSION", "KEY_MIN_INTERESTING")
DEFINE = re.compile(r"#define\s+(\w+)\s+\(?(\w+)(?:\s*\+\s*(\d+)\))?")


def main() -> None:
    """Read the headers and print one string for each type."""
    known: dict[str, int] = {}
    tables: dict[str, dict[int, str]] = {}
    for path in sys.argv[1:]:
        with open(path) as header:
            for line in header:
                define = DEFINE.match(line)
                if define is None:
                    continue
                name, value, more = define.groups()
                if not value[0].isdigit() and value not in known:
                    continue
                number = (known[value] if value in known else int(value, 0)) + int(more or 0)
                known[name] = number
                prefix = next((p for p in PREFIXES if name.startswith(p)), None)
                if prefix and name not in LEFT_OUT and not name.endswith(("_MAX", "_CNT")):
                    tables.setdefault(PREFIXES[prefix], {})[number] = name  # the last name of a number counts
    for kind, names in tables.items():
        print(f'    "{kind}": """')
        print(textwrap.fill(" ".join(_words(kind, names)), 112, initial_indent=" " * 8, subsequent_indent=" " * 8))
        print('    """,')


def _words(kind: str, names: dict[int, str]) -> list[str]:
    words: list[str] = []
    expected = 0
    for number in sorted(names):
        if number != expected:
            words.append(f"@{number}")
        expected = number + 1
        name = names[number]
        words.append(name.removeprefix(f"{kind}_") if name.startswith(f"{kind}_") else f"={name}")
    return words


if __name__ == "__main__":
    main()
