"""Metrics as Prometheus reads them."""

import re
from typing import Any

from netstrata.control.metrics import Metric, Sample, down_text, metrics_text, write

LINK: dict[str, Any] = {
    "name": 'odd\\"\n', "up": True, "carrier": False, "speed_mbps": 1000, "quality": 96, "signal_dbm": -52,
    "rx_bytes": 2**63 + 1, "tx_bytes": 0, "rx_packets": 1, "tx_packets": 2, "rx_errors": 3, "tx_errors": 4,
    "rx_dropped": 5, "tx_dropped": 6,
}  # fmt: skip
FIGURES: dict[str, Any] = {
    "version": "1.0",
    "uptime": 12.5,
    "events": 7,
    "errors": 1,
    "retries": 2,
    "steps": 99,
    "processes": {"complete": 3, "failed": 0},
    "floors": [{"layer": 3, "state": "up", "floors": 4}],
    "lights": [{"process": "wired", "layer": 3, "state": "coming"}],
}
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
VALUE = r"(?:[^\"\\\n]|\\[\\\"n])*"
LABELS = rf"\{{[a-z]+=\"{VALUE}\"(?:,[a-z]+=\"{VALUE}\")*\}}"


def parsed(text: str) -> dict[str, dict[str, str]]:
    """Read the text format as strictly as its description allows; return values by labels by name."""
    found: dict[str, dict[str, str]] = {}
    name = kind = ""
    assert text.endswith("\n")
    for line in text[:-1].split("\n"):
        if match := re.fullmatch(rf"# HELP ({NAME}) (?:[^\\\n]|\\[\\n])+", line):
            assert match[1] not in found
            name, kind = match[1], ""
            found[name] = {}
        elif match := re.fullmatch(rf"# TYPE ({NAME}) (gauge|counter)", line):
            assert (match[1], kind, found[name]) == (name, "", {})
            kind = match[2]
            assert (kind == "counter") == name.endswith("_total")
        else:
            sample = re.fullmatch(rf"({NAME})({LABELS})? (-?[0-9.]+(?:e[+-]?[0-9]+)?)", line)
            assert sample, line
            assert sample[1] == name
            assert kind
            assert (sample[2] or "") not in found[name]
            found[name][sample[2] or ""] = sample[3]
    return found


def test_everything_that_is_counted_is_in_the_text() -> None:
    found = parsed(metrics_text(FIGURES, [LINK]))

    assert found["netstrata_up"] == {"": "1"}
    assert found["netstrata_info"] == {'{version="1.0"}': "1"}
    assert found["netstrata_uptime_seconds"] == {"": "12.5"}
    assert found["netstrata_processes"] == {'{state="complete"}': "3", '{state="failed"}': "0"}
    assert found["netstrata_floors"] == {'{layer="3",state="up"}': "4"}
    assert found["netstrata_layer_up"] == {'{process="wired",layer="3"}': "0"}
    assert found["netstrata_retries_total"] == {"": "2"}
    assert found["netstrata_engine_steps_total"] == {"": "99"}


def test_a_link_has_its_counters_in_whole_numbers_and_its_name_escaped() -> None:
    found = parsed(metrics_text(FIGURES, [LINK]))
    name = r'{link="odd\\\"\n"}'

    assert found["netstrata_link_receive_bytes_total"] == {name: str(2**63 + 1)}
    assert found["netstrata_link_transmit_dropped_total"] == {name: "6"}
    assert found["netstrata_link_speed_bytes"] == {name: "125000000"}
    assert found["netstrata_link_signal_dbm"] == {name: "-52"}
    assert found["netstrata_link_quality_ratio"] == {name: "0.96"}
    assert found["netstrata_link_carrier"] == {name: "0"}
    assert found["netstrata_link_bitrate_bytes"] == {}


def test_of_two_samples_with_the_same_labels_only_one_is_told() -> None:
    text = write([Metric("a", "gauge", "back\\slash\nand line", [Sample({"x": "1"}, 1), Sample({"x": "1"}, 2)])])

    assert text == '# HELP a back\\\\slash\\nand line\n# TYPE a gauge\na{x="1"} 2\n'


def test_a_daemon_that_is_down_is_told_as_such() -> None:
    assert parsed(down_text()) == {"netstrata_up": {"": "0"}}
