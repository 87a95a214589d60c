"""Who provides a name, or will: as far as the program's text and what stands now can tell."""

from collections.abc import Sequence
from typing import NamedTuple

from netstrata.control.answers import Slices
from netstrata.daemon.pyramid.projection import SLICE, Projection
from netstrata.daemon.pyramid.standing import Standing, Written


class Found(NamedTuple):
    """The processes that provide one of some names."""

    sure: list[Standing]  # a statement of theirs provides it, or will
    later: dict[Standing, str]  # they will run a template that provides it: which one
    perhaps: list[Standing]  # a statement of theirs provides a name that is not known yet
    idle: list[str]  # templates that provide it, and that nothing runs


class Search:
    """One search for who provides one of some names of a name space."""

    def __init__(self, stands: Projection, space: str, names: Sequence[str]) -> None:
        self._stands = stands
        self._space = space
        self._names = set(names)
        self._offered: dict[str, dict[str, bool]] = {}  # what templates offer that others name: each is looked at once

    def find(self) -> Slices[Found]:
        """Look for the statements that provide it, and for those that may."""
        found = Found([], {}, [], [])
        counted = 0
        for process in (yield from self._stands.everything()):
            if process.what == "terminating":
                continue
            own = coming = None
            for written, floor in process.floors():
                counted += 1
                if not counted % SLICE:
                    yield
                if written.role.provides == self._space:
                    offers = self._has(written, floor.names)
                    own = own or offers if own is None or offers else own
                if floor.state == "gone":
                    for template in written.role.templates:
                        coming = (coming or {}) | self._offered_by(template)
            sure = [template for template, is_sure in (coming or {}).items() if is_sure]
            if own:
                found.sure.append(process)
            elif sure:
                found.later[process] = sure[0]
            elif coming or own is False:
                found.perhaps.append(process)
        if not found.sure and not found.later:
            templates = [name for name, code in self._stands.codes.items() if code.template]
            found.idle.extend(name for name in templates if self._offers(name))
        return found

    def _has(self, written: Written, names: list[str] | None) -> bool | None:
        """Say whether a statement provides one of the names; False if it may, None if it does not."""
        if names is None and written.role.open:
            return False
        known = written.role.names if names is None else names
        return True if self._names.intersection(known) else None

    def _offered_by(self, template: str) -> dict[str, bool]:
        """Return which of a template and those that it runs offer what is wanted: True for sure, False perhaps."""
        known = self._offered.get(template)
        if known is not None:
            return known
        found = self._offered[template] = {}
        seen = {template}
        waiting = [template]
        while waiting:
            name = waiting.pop()
            offers = self._offers(name)
            if offers is not None:
                found[name] = offers
            code = self._stands.codes.get(name)
            for written in code.statements if code is not None else ():
                waiting += [one for one in written.role.templates if one not in seen]
                seen.update(written.role.templates)
        return found

    def _offers(self, template: str) -> bool | None:
        """Say whether a template offers what is wanted; False if it may, None if it does not."""
        code = self._stands.codes.get(template)
        statements = code.statements if code is not None else []
        offers = [self._has(one, None) for one in statements if one.role.provides == self._space]
        return True if True in offers else False if False in offers else None
