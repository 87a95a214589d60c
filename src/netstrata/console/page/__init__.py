"""The page's files, in memory: what is not among them does not exist, whatever a path says."""

from importlib.resources import files
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

KINDS: Final = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


class Page:
    """The page and what belongs to it, by path."""

    def __init__(self) -> None:
        """Read all of it; afterwards no file is opened any more."""
        self._files = {
            f"/{file.name}": (file.read_bytes(), KINDS[file.name.rpartition(".")[2]])
            for file in files(__name__).iterdir()
            if file.name.rpartition(".")[2] in KINDS
        }
        self._files["/"] = self._files.pop("/index.html")

    @property
    def paths(self) -> list[str]:
        """The paths that there are."""
        return list(self._files)

    async def answer(self, request: Request) -> Response:
        """Return one file."""
        data, kind = self._files[request.url.path]
        return Response(data, media_type=kind, headers={"cache-control": "no-cache"})
