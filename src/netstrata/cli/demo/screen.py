"""What the demo shows: on a terminal a pyramid that is drawn again in place, elsewhere a line for each change."""

import os
import shutil
import time
from typing import TextIO

from netstrata.cli.demo.floors import Floor, Floors, value_of
from netstrata.cli.demo.records import Said, Transition

MARKS = {"up": "●", "down": "◐", "dying": "◒", "gone": "○"}
PLAIN_MARKS = {"up": "*", "down": "~", "dying": "-", "gone": "."}
GREEN, YELLOW, RED, DIM, BOLD = "32", "33", "31", "2", "1"
LOOK_S = 1.5
COLOURS = {"up": GREEN, "down": YELLOW, "dying": RED, "gone": DIM}


class Screen:
    """Where the story is shown."""

    def __init__(self, out: TextIO | None) -> None:
        """Show on a stream, or nowhere."""
        self._out = out
        self._floors = Floors()
        self._drawn = 0
        terminal = out is not None and out.isatty()
        self._live = terminal and os.environ.get("TERM", "dumb") != "dumb"
        self._coloured = self._live and not os.environ.get("NO_COLOR")
        encoding = (out.encoding or "") if out is not None else ""
        self._marks = MARKS if encoding.lower().startswith("utf") else PLAIN_MARKS

    @property
    def floors(self) -> Floors:
        """The pyramid as it stands."""
        return self._floors

    def say(self, text: str = "", colour: str = "") -> None:
        """Write a line for good."""
        self._erase()
        self._write(self._painted(text, colour) + "\n")
        self._draw()

    def title(self, number: int, text: str) -> None:
        """Begin a step."""
        self.say()
        self.say(f"{number}. {text}", BOLD)

    def result(self, passed: bool, text: str, seconds: float) -> None:
        """Say how a step went."""
        word = "ok" if passed else "FAILED"
        self.say(f"   {word:6} {text}  ({seconds:.2f} s)", GREEN if passed else RED)

    def show(self, records: list[Transition | Said]) -> None:
        """Take in what the daemon recorded, and show it."""
        for record in records:
            if isinstance(record, Said):
                if record.kind == "error":
                    self.say(f"   error  {record.text}", YELLOW)
                continue
            self._floors.apply(record)
            if not self._live:
                value = value_of(record)
                self._write(f"   {record.process}.{record.statement} {record.name} {record.before} -> {record.after}")
                self._write(f"  {value}\n" if value else "\n")
        if records:
            self._erase()
            self._draw()

    def linger(self) -> None:
        """Let somebody look at the pyramid, if somebody can."""
        if self._live:
            time.sleep(LOOK_S)

    def rest(self) -> None:
        """Leave the pyramid where it is for good, and go on below it."""
        self._drawn = 0
        self._live = False

    def _write(self, text: str) -> None:
        if self._out is not None:
            self._out.write(text)
            self._out.flush()

    def _painted(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._coloured and colour and text else text

    def _erase(self) -> None:
        if self._drawn:
            self._write(f"\x1b[{self._drawn}A\x1b[J")
            self._drawn = 0

    def _draw(self) -> None:
        processes = self._floors.processes()
        if not self._live or not processes:
            return
        width = max(16, min(38, (shutil.get_terminal_size().columns - 3) // len(processes)))
        lines = ["", *(self._row(row, width) for row in self._floors.rows())]
        lines.append("   " + "".join(self._painted(name[: width - 1].ljust(width), BOLD) for name in processes))
        self._write("\n".join(lines) + "\n")
        self._drawn = len(lines)

    def _row(self, row: list[Floor | None], width: int) -> str:
        return "   " + "".join(" " * width if floor is None else self._cell(floor, width) for floor in row)

    def _cell(self, floor: Floor, width: int) -> str:
        room = width - 3
        text = f"{floor.name} {floor.value}" if floor.value else floor.name
        if len(text) > room and floor.value:
            text = f"{floor.name.rpartition('.')[2]} {floor.value}"
        mark = self._marks.get(floor.state, "?")
        return self._painted(f"{mark} {text[:room]:{room}} ", COLOURS.get(floor.state, ""))
