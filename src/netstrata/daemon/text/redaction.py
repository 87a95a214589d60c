"""Secrets taken out of whatever leaves the daemon: each of them, in each form that it is written in, is `********`."""

from typing import Any

from netstrata.contract.secrets import MASK, SECRETS, SHORTEST
from netstrata.language.valuetext import format_value
from netstrata.values import one_line

LINE = 16  # characters of a line of a longer secret, such as a key, that is looked for by itself
_QUOTE = "'\"'\"'"  # a single quote within single quotes, as `shlex.join` writes it
# What clients tell things apart by: whoever puts a secret there takes it out himself, so that a name stays one.
KEYS = frozenset(
    ["behind", "file", "from", "kind", "name", "parent", "process", "processes", "provider", "state", "to", "what"]
)


class _Forms:
    """How the secrets that are known are written."""

    __slots__ = ("changes", "inside", "whole")

    def __init__(self) -> None:
        self.changes = 0
        self.inside: list[tuple[str, str]] = []  # and what stands there instead; longest first, so that nothing is left
        self.whole: set[str] = set()

    def update(self) -> None:
        """Know what is secret now."""
        self.changes = SECRETS.changes
        inside: dict[str, str] = {}
        whole: set[str] = set()
        for secret in SECRETS.all():
            forms = _forms_of(secret)
            if len(secret) >= SHORTEST:
                inside |= dict.fromkeys(forms, MASK)
            else:
                whole |= forms
                inside[format_value(secret).decode("utf-8", "backslashreplace")] = f'"{MASK}"'
        self.inside = sorted(inside.items(), key=lambda pair: len(pair[0]), reverse=True)
        self.whole = whole


_FORMS = _Forms()


def _forms_of(secret: bytes) -> set[str]:
    text = secret.decode("utf-8", "backslashreplace")
    quoted = format_value(secret)[1:-1].decode("utf-8", "backslashreplace")
    shell = text.replace("'", _QUOTE)
    forms = {text, one_line(text), quoted, one_line(quoted), shell, one_line(shell)}
    if len(secret) >= SHORTEST:
        forms |= {secret.hex(), secret.hex().upper()}
        forms |= {line for line in text.splitlines() if len(line) >= LINE}
    return forms


def redacted(text: str) -> str:
    """Return a text without secrets."""
    if not SECRETS.changes:
        return text
    if _FORMS.changes != SECRETS.changes:
        _FORMS.update()
    if text in _FORMS.whole:
        return MASK
    for form, mask in _FORMS.inside:
        if form in text:
            text = text.replace(form, mask)
    return text


def all_redacted(value: Any) -> Any:
    """Return what JSON can hold without secrets; what things are told apart by stays."""
    if not SECRETS.changes:
        return value
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {key: part if key in KEYS and _is_name(part) else all_redacted(part) for key, part in value.items()}
    if isinstance(value, list):
        return [all_redacted(part) for part in value]
    return value


def _is_name(part: Any) -> bool:
    """Say whether something is a name, or a list of names."""
    return isinstance(part, str) or (isinstance(part, list) and all(isinstance(one, str) for one in part))
