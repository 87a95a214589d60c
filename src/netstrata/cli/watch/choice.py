"""What of the pyramid and of the time line is to be seen."""

from typing import Any, NamedTuple

from netstrata.cli.events import event_line
from netstrata.cli.terminal_style import Paint


class Choice(NamedTuple):
    """What is to be seen: what fits all that is not empty."""

    process: str = ""  # this one, and those below it
    layer: int = 0
    child: str = ""  # what this program says; the pyramid is not asked
    text: str = ""  # somewhere in the line, in small letters

    def told(self) -> str:
        """Return it as text, "" if everything is to be seen."""
        said = [("process", self.process), ("layer", self.layer), ("child", self.child), ("text", self.text)]
        return ", ".join(f"{word} {value}" for word, value in said if value)

    def _in_process(self, path: str) -> bool:
        return not self.process or path == self.process or path.startswith((f"{self.process}.", f"{self.process}/"))

    def has_process(self, process: dict[str, Any]) -> bool:
        """Say whether a process is to be seen: by its own name, or for one of its floors."""
        if not self._in_process(process["process"]):
            return False
        if self.layer and not any(floor.get("layer") == self.layer for floor in process["floors"]):
            return False
        floors = process["floors"]
        return not self.text or self.text in process["process"].lower() or any(self._says(floor) for floor in floors)

    def has_floor(self, process: dict[str, Any], floor: dict[str, Any]) -> bool:
        """Say whether a floor is to be seen."""
        if not self._in_process(process["process"]) or (self.layer and floor.get("layer") != self.layer):
            return False
        return not self.text or self.text in process["process"].lower() or self._says(floor)

    def _says(self, floor: dict[str, Any]) -> bool:
        values = (floor.get("values") or {}).values()
        return any(self.text in word.lower() for word in (floor["name"], floor.get("label") or "", *values))

    def has_event(self, event: dict[str, Any], paint: Paint) -> bool:
        """Say whether an event is to be seen."""
        if not self._in_process(event["process"]) or (self.layer and event.get("layer") != self.layer):
            return False
        if self.child and event.get("child") != self.child:
            return False
        return not self.text or self.text in event_line(event, paint).lower()
