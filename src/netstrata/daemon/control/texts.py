"""Events as JSON: what many clients watch is made once for all of one right."""

from typing import Final

from netstrata.contract.secrets import SECRETS
from netstrata.control.answers import encode
from netstrata.control.verbs import OPERATE
from netstrata.daemon.events.event import Event
from netstrata.daemon.pyramid.visible import event_for, placed_in

KEPT: Final = 1000  # texts; a client that is further behind than that has its own made


class EventTexts:
    """The texts of the events that were told last."""

    def __init__(self, log: str) -> None:
        """Take the id of the log that the events are of."""
        self._log = log
        self._texts: dict[tuple[int, bool], str] = {}
        self._changes = 0  # of what is secret, when they were made

    def text(self, event: Event, right: int) -> str:
        """Return an event as somebody with a right sees it, "" if he does not."""
        if self._changes != SECRETS.changes or len(self._texts) >= KEPT:
            self._texts.clear()
            self._changes = SECRETS.changes
        key = (event.seq, right >= OPERATE)
        text = self._texts.get(key)
        if text is None:
            told = event_for(event, right)
            text = self._texts[key] = encode(placed_in(self._log, told)) if told is not None else ""
        return text
