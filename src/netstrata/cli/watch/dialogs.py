"""What comes before the pyramid and the time line for a moment: a text to read, or a list to choose from."""

from typing import Final

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.markup import escape
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static

from netstrata.cli.terminal_style import harmless, harmless_lines

_CSS: Final = "align: center middle;"
_BOX: Final = (
    "width: 96%; max-width: 110; max-height: 100%; height: auto; border: solid ansi_cyan; padding: 0 1; "
    "background: ansi_default;"
)

KEYS: Final = (
    "? help  q quit  / text  p process  l layer  c child  r restart  a above  w why  n links  g goals  f files"
)
HELP: Final = """\
Tab            the pyramid, or the time line
up down j k    one line; page up and down, home and end
Enter, Space   fold or unfold a process (e: all); show an event whole
p              only the chosen process, in both lists
l              only one layer: 1 to 4, then all
c              only what one child says, in the time line
/              only lines with a text
Escape         everything again

r              restart the chosen floor, or process, and what is above
a              restart what is above the chosen floor
1 2 3 4        restart what is above that layer of the process
w              why a process is where it is
n              links: state, speed, Wi-Fi and counters
g              goals: ask for one, or drop it
f              generated files: read one
? q            this help; quit

1 link   2 association   3 addresses and routes   4 tunnels and above
● up   ◐ coming, or waiting   ○ not begun   ✗ failed"""


class Reading(ModalScreen[None]):
    """A text with a title."""

    DEFAULT_CSS = f"Reading {{ {_CSS} }} Reading VerticalScroll {{ {_BOX} }}"
    BINDINGS = [Binding("escape,q,enter,question_mark", "dismiss", "close")]

    def __init__(self, title: str, text: str) -> None:
        super().__init__()
        self._title = harmless(title)
        self._text = harmless_lines(text)

    def compose(self) -> ComposeResult:
        """Lay it out."""
        box = VerticalScroll(Static(self._text, markup=False))
        box.border_title = escape(self._title)
        box.border_subtitle = "Escape closes"
        yield box


class Choosing(ModalScreen[int | None]):
    """A list of which one is chosen; it ends in the number from 0, or in None."""

    DEFAULT_CSS = f"Choosing {{ {_CSS} }} Choosing OptionList {{ {_BOX} }}"
    BINDINGS = [Binding("escape,q", "dismiss", "close")]

    def __init__(self, title: str, hint: str, lines: list[str]) -> None:
        super().__init__()
        self._title = title
        self._hint = hint
        self._lines = harmless(lines)

    def compose(self) -> ComposeResult:
        """Lay it out."""
        box = OptionList(*self._lines, markup=False)
        box.highlighted = 0
        box.border_title = escape(self._title)
        box.border_subtitle = escape(self._hint)
        yield box

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """End with what was chosen."""
        self.dismiss(event.option_index)


def room_in(width: int) -> int:
    """Return how many columns of a text a dialog shows in one line, on a screen of a width; see _BOX."""
    return min(110, width * 96 // 100) - 4


class Asking(ModalScreen[bool]):
    """A question that y or n answers."""

    DEFAULT_CSS = f"Asking {{ {_CSS} }} Asking Static {{ {_BOX} }}"
    BINDINGS = [
        Binding("y,enter", "dismiss(True)", "yes"),
        Binding("n,escape,q", "dismiss(False)", "no"),
    ]

    def __init__(self, question: str) -> None:
        super().__init__()
        self._question = harmless_lines(question)

    def compose(self) -> ComposeResult:
        """Lay it out."""
        box = Static(self._question, markup=False)
        box.border_subtitle = "y: yes, n: no"
        yield box
