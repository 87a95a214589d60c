"""A list of lines of which only those that can be seen are drawn, however many there are."""

from collections.abc import Callable
from typing import Any, Final

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from netstrata.cli.watch.rows import Part

_WHEEL: Final = 3  # lines


class EventLines(ScrollView, can_focus=True):
    """Lines with one that is chosen; the list says how many there are, and what each looks like."""

    BINDINGS = [
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "move(-1000000000)", show=False),
        Binding("end", "move(1000000000)", show=False),
    ]

    def __init__(
        self, count: Callable[[], int], parts: Callable[[int, int], list[Part]], follows: bool, name: str
    ) -> None:
        """Take what is to be shown; a list that follows stays at its end for as long as its last line is chosen."""
        super().__init__(id=name)
        self._count = count
        self._parts = parts
        self._follows = follows
        self.chosen = 0
        self._at_end = follows

    def renew(self, gone: int = 0) -> None:
        """Look again at the lines, of which some have gone at the start."""
        count = self._count()
        self.chosen = max(0, count - 1) if self._at_end else max(0, min(self.chosen - gone, count - 1))
        self.virtual_size = Size(self.size.width, count)
        if gone and not self._at_end:
            self.scroll_to(y=max(0, self.scroll_offset.y - gone), animate=False, force=True)
        self._show_chosen()
        self.refresh()

    def choose(self, index: int) -> None:
        """Choose a line, and show it."""
        count = self._count()
        self.chosen = max(0, min(index, count - 1))
        self._at_end = self._follows and self.chosen == count - 1
        self._show_chosen()
        self.refresh()

    def _show_chosen(self) -> None:
        height = max(1, self.size.height)
        top = self.scroll_offset.y
        wanted = min(max(top, self.chosen - height + 1), self.chosen)
        if wanted != top:
            self.scroll_to(y=wanted, animate=False, force=True)

    def action_move(self, by: int) -> None:
        """Go so many lines on."""
        self.choose(self.chosen + by)

    def action_page(self, by: int) -> None:
        """Go so many pages on."""
        self.choose(self.chosen + by * max(1, self.size.height - 1))

    def on_click(self, event: events.Click) -> None:
        """Choose the line under the pointer."""
        self.choose(self.scroll_offset.y + event.y)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Go back by the wheel."""
        event.prevent_default().stop()
        self.choose(self.chosen - _WHEEL)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Go on by the wheel."""
        event.prevent_default().stop()
        self.choose(self.chosen + _WHEEL)

    def on_resize(self, event: events.Resize) -> None:
        """Draw for the new size."""
        self.renew()

    def on_focus(self, event: events.Focus) -> None:
        """Show which line is chosen."""
        self.refresh()

    def on_blur(self, event: events.Blur) -> None:
        """Show that this is not the list that keys are for."""
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Draw a line."""
        width = self.size.width
        index = y + self.scroll_offset.y
        if index >= self._count():
            return Strip.blank(width)
        drawn: list[Any] = [Segment(text, Style.parse(style)) for text, style in self._parts(index, width) if text]
        strip = Strip(drawn).adjust_cell_length(width)
        return strip.apply_style(Style(reverse=True)) if index == self.chosen and self.has_focus else strip
