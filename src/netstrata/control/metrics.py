"""What a daemon counts, as Prometheus reads it.  Knows no socket: a client hands over the answers.

Source: prometheus.io, "Exposition formats", text format 0.0.4.
"""

from typing import Any, Final, NamedTuple

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Sample(NamedTuple):
    """One number, and what tells it from others of its name."""

    labels: dict[str, str]
    value: float


class Metric(NamedTuple):
    """All samples of one name."""

    name: str
    kind: str  # gauge or counter
    help: str
    samples: list[Sample]


def metrics_text(figures: dict[str, Any], links: list[dict[str, Any]]) -> str:
    """Return what the verbs `Figures` and `Links` answered as text for Prometheus."""
    return write([*_about_daemon(figures), *_about_links(links)])


def down_text() -> str:
    """Return the text for a daemon that does not answer."""
    return write([_up(0)])


def write(metrics: list[Metric]) -> str:
    """Return metrics in the text format; of several samples with the same labels the last one counts."""
    lines: list[str] = []
    for name, kind, told, samples in metrics:
        lines.append(f"# HELP {name} {_escaped(told)}")
        lines.append(f"# TYPE {name} {kind}")
        lines += {_labels(labels): f"{name}{_labels(labels)} {_number(value)}" for labels, value in samples}.values()
    return "".join(f"{line}\n" for line in lines)


def _labels(labels: dict[str, str]) -> str:
    told = [f'{name}="{_quoted(value)}"' for name, value in labels.items()]
    return f"{{{','.join(told)}}}" if told else ""


def _number(value: float) -> str:
    return str(int(value)) if isinstance(value, int) else repr(value)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace("\n", r"\n")


def _quoted(text: str) -> str:
    return _escaped(text).replace('"', r"\"")


def _up(value: int) -> Metric:
    return _one("netstrata_up", "gauge", "Whether the daemon answers.", value)


def _about_daemon(figures: dict[str, Any]) -> list[Metric]:
    floors = [Sample({"layer": str(f["layer"]), "state": f["state"]}, f["floors"]) for f in figures["floors"]]
    lights = [
        Sample({"process": light["process"], "layer": str(light["layer"])}, light["state"] == "up")
        for light in figures["lights"]
    ]
    return [
        _up(1),
        Metric("netstrata_info", "gauge", "Which daemon it is.", [Sample({"version": figures["version"]}, 1)]),
        _one("netstrata_uptime_seconds", "gauge", "How long the program has been running.", figures["uptime"]),
        Metric(
            "netstrata_processes",
            "gauge",
            "Processes by state, also those that statements run.",
            [Sample({"state": state}, count) for state, count in figures["processes"].items()],
        ),
        Metric("netstrata_floors", "gauge", "Statements of all processes by layer and state.", floors),
        Metric("netstrata_layer_up", "gauge", "Whether all that a process has of a layer is up.", lights),
        _one("netstrata_events_total", "counter", "Events in the time line.", figures["events"]),
        _one("netstrata_errors_total", "counter", "Failures of statements.", figures["errors"]),
        _one("netstrata_retries_total", "counter", "Waits to try a statement again.", figures["retries"]),
        _one("netstrata_engine_steps_total", "counter", "Steps of the engine.", figures["steps"]),
    ]


def _one(name: str, kind: str, told: str, value: float) -> Metric:
    return Metric(name, kind, told, [Sample({}, value)])


# By the key of a link: the metric's name after `netstrata_link_`, its factor, and what it says.
_GAUGES: Final = {
    "up": ("up", 1, "Whether a link is administratively up."),
    "carrier": ("carrier", 1, "Whether the other end of a link is there as well."),
    "speed_mbps": ("speed_bytes", 125_000, "Bytes a second that a link can carry."),
    "signal_dbm": ("signal_dbm", 1, "How strong a wireless link hears the other end."),
    "quality": ("quality_ratio", 0.01, "The same from 0 (nothing) to 1."),
    "bitrate_mbps": ("bitrate_bytes", 125_000, "Bytes a second at which a wireless link sends."),
}


def _about_links(links: list[dict[str, Any]]) -> list[Metric]:
    found = [_of_links(links, key, name, "gauge", told, factor) for key, (name, factor, told) in _GAUGES.items()]
    for way, word in (("rx", "receive"), ("tx", "transmit")):
        for what in ("bytes", "packets", "errors", "dropped"):
            told = f"{what.capitalize()} of a link since it was made, {word} side."
            found.append(_of_links(links, f"{way}_{what}", f"{word}_{what}_total", "counter", told, 1))
    return found


def _of_links(links: list[dict[str, Any]], key: str, name: str, kind: str, told: str, factor: float) -> Metric:
    known = [Sample({"link": link["name"]}, link[key] * factor) for link in links if link.get(key) is not None]
    return Metric(f"netstrata_link_{name}", kind, told, known)
