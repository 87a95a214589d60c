"""A program that is played, and what stands in it."""

import asyncio
from pathlib import Path
from typing import Any

from netstrata.control.answers import Answer, finish
from netstrata.daemon.control.service import ControlService
from netstrata.daemon.control.view import LiveView
from netstrata.daemon.events.event_log import EventLog
from netstrata.daemon.live.document import Document
from netstrata.daemon.live.history import History
from netstrata.daemon.live.kept import State
from netstrata.daemon.live.program import LiveProgram
from netstrata.daemon.pyramid.projection import Projection
from netstrata.daemon.pyramid.why import Why
from netstrata.engine.environment import Retry
from netstrata.ports.gateways import UplinkFacts
from netstrata.system.dns.report import LinkReport, ResolverReport, ServerReport
from netstrata.system.filesystem.generated import GeneratedFiles
from netstrata.testing.play import Play


def program_of(play: Play, stream: EventLog, path: str = "play.ncd") -> LiveProgram:
    """Return the program that a play runs, which is read again from a file if somebody asks for that."""
    history = History(None, State(Document()))
    return LiveProgram(path, lambda name: Path(name).read_bytes(), play.registry, play.engine, stream, history)


def upgraded() -> "asyncio.Future[Answer]":
    """Return what comes of an upgrade that is done."""
    outcome: asyncio.Future[Answer] = asyncio.Future(loop=asyncio.new_event_loop())
    outcome.get_loop().close()
    outcome.set_result({"before": "1", "after": "2", "seconds": 0.5})
    return outcome


def resolved(probe: bool) -> "asyncio.Future[ResolverReport]":
    """Return what there is to say of who answers names."""
    outcome: asyncio.Future[ResolverReport] = asyncio.Future(loop=asyncio.new_event_loop())
    outcome.get_loop().close()
    server = ServerReport("192.0.2.1", None, 10, "eth0", ["corp.example"], ["lab.example"], "all names", "no answer")
    link = LinkReport("eth0", ["192.0.2.1"], ["~."], "it has not answered")
    told = ([("resolv.conf", "nobody else makes the file")], "/etc/resolv.conf", ["192.0.2.1"], True)
    outcome.set_result(ResolverReport(*told, [server], [link], [(1.5, "somebody else has changed it")]))
    return outcome


class NoRoutes:
    """Ports that hold no route and know no uplink."""

    def __init__(self) -> None:
        self.route_facts = self

    def uplinks(self) -> list[UplinkFacts]:
        """Return none."""
        return []


def service_of(play: Play, stream: EventLog, folder: Path, program: LiveProgram | None = None) -> ControlService:
    """Return a program as its clients see it."""
    program = program or program_of(play, stream)
    play.engine.outside.ports = play.engine.outside.ports or NoRoutes()
    return ControlService(play.engine, stream, program, GeneratedFiles(str(folder)), upgraded, resolved)


class Played:
    """A program, and what stands in it."""

    def __init__(self, text: str, **more: Any) -> None:
        self.stream = EventLog(Retry(5000))
        self.play = Play(text, observer=self.stream, **more)
        self.view = LiveView(self.play.engine, self.stream)

    def stands(self) -> Projection:
        """Return what stands now, as a walk tells it."""
        self.view.let_go()
        return finish(self.view.stands())

    def why(self) -> Why:
        """Return a question about what stood when that was asked last."""
        return Why(finish(self.view.stands()), self.view.time())
