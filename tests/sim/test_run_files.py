"""Reading the files of a run directory; a bad file is refused with its name, line and rule."""

import json
from pathlib import Path
from typing import Any

import pytest

from sim.run_files import RunFileError, parse_row, read_manifest, read_rows
from sim.runlog import RunError

MANIFEST: dict[str, Any] = {
    "format_version": 1,
    "name": "a",
    "seed": 7,
    "digest": "0123",
    "scenario": {"evaluation": {"report_on": "test"}},
    "n_clients": 10,
    "learner": "curve",
    "majority_accuracy": None,
}
ROW = '{"row":"failed","t_s":1.5,"error":"x"}\n'


def written(run_dir: Path, manifest: Any) -> Path:
    text = manifest if isinstance(manifest, str) else json.dumps(manifest)
    (run_dir / "manifest.json").write_text(text)
    return run_dir


def test_a_manifest_is_read_as_it_was_written(tmp_path: Path) -> None:
    extra = MANIFEST | {"host": "here", "majority_accuracy": {"test": 0.2}}
    assert read_manifest(written(tmp_path, extra)) == extra


def test_links_of_version_0_1_0_were_fluid(tmp_path: Path) -> None:
    traces = {"kind": "trace", "downlink": "lte.down", "uplink": "lte.up"}
    for network, transport in (
        (traces, {"kind": "fluid"}),
        (traces | {"transport": {"kind": "tcp"}}, {"kind": "tcp"}),
    ):
        old = MANIFEST | {"scenario": {**MANIFEST["scenario"], "fleet": {"network": network}}}
        read = read_manifest(written(tmp_path, old))["scenario"]["fleet"]["network"]
        assert read == traces | {"transport": transport}


def test_the_manifest_of_a_run_is_accepted(tmp_path: Path, make: Any) -> None:
    from sim import run_scenario

    run = run_scenario(make(), out=tmp_path)
    assert read_manifest(run.run_dir)["seed"] == 0


@pytest.mark.parametrize("key", MANIFEST)
def test_a_manifest_that_lacks_a_key_is_refused(tmp_path: Path, key: str) -> None:
    rest = {name: value for name, value in MANIFEST.items() if name != key}
    with pytest.raises(RunFileError) as caught:
        read_manifest(written(tmp_path, rest))
    missing = "scenario' is missing" if key == "scenario" else f"{key}' is missing"
    assert str(caught.value).startswith(f"{tmp_path}/manifest.json: is not a run's manifest: key '")
    assert str(caught.value).endswith(missing)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        (
            {"device_seconds": 7},
            "is not a run's manifest: device_seconds must be a mapping of devices to mappings with "
            "'basis', got 7",
        ),
        (
            {"device_seconds": {"a": 7}},
            "is not a run's manifest: device_seconds must be a mapping of devices to mappings with "
            "'basis', got {'a': 7}",
        ),
        ({"seed": "7"}, "is not a run's manifest: seed must be an integer, got '7'"),
        ({"name": 3}, "is not a run's manifest: name must be one line of printable text, got 3"),
        (
            {"name": "a\x1b[31m"},
            "is not a run's manifest: name must be one line of printable text, got 'a\\x1b[31m'",
        ),
        ({"scenario": []}, "is not a run's manifest: scenario must be a mapping, got []"),
        (
            {"versions": ["torch"]},
            "is not a run's manifest: versions must be a mapping of names to text, got ['torch']",
        ),
        (
            {"device_of_client": {}},
            "is not a run's manifest: device_of_client must be a list of names or null, got {}",
        ),
        (
            {"scenario": {"stop": []}},
            "is not a run's manifest: scenario.stop must be a mapping, got []",
        ),
        (
            {"scenario": {"evaluation": {"report_on": "test", "every_rounds": 0}}},
            "is not a run's manifest: scenario.evaluation.every_rounds must be an integer of at "
            "least 1, got 0",
        ),
        ({"format_version": [1]}, "format_version must be 1, got [1]"),
        ({"format_version": 2}, "format_version must be 1, got 2"),
        ({"format_version": "1"}, "format_version must be 1, got '1'"),
        (
            {"majority_accuracy": {"validation": 0.3}},
            "is not a run's manifest: majority_accuracy must be null or have a number for 'test', "
            "got {'validation': 0.3}",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_rule(
    tmp_path: Path, changes: dict[str, Any], rule: str
) -> None:
    with pytest.raises(RunFileError) as caught:
        read_manifest(written(tmp_path, MANIFEST | changes))
    assert str(caught.value) == f"{tmp_path}/manifest.json: {rule}"


@pytest.mark.parametrize("content", ["", "{", "\xff", "[" * 100_000])
def test_a_manifest_that_is_not_json_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "manifest.json").write_bytes(content.encode("latin-1"))
    with pytest.raises(RunFileError, match=r"manifest\.json: must be JSON: "):
        read_manifest(tmp_path)


def test_a_directory_without_a_manifest_is_refused(tmp_path: Path) -> None:
    rule = "is not a run directory (no manifest.json in it)"
    (tmp_path / "file").touch()
    for place in (tmp_path, tmp_path / "missing", tmp_path / "file"):
        with pytest.raises(RunFileError) as caught:
            read_manifest(place)
        assert str(caught.value) == f"{place}: {rule}"


def test_rows_are_read_up_to_a_line_that_was_cut(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    assert list(read_rows(path)) == []
    path.write_text(ROW + ROW + ROW[:-1])
    assert list(read_rows(path)) == [{"row": "failed", "t_s": 1.5, "error": "x"}] * 2


@pytest.mark.parametrize(
    ("line", "rule"),
    [
        ("", "must be a row of JSON: Expecting value at column 1"),
        ('{"row":"round","t_s":1.5.5}', "must be a row of JSON: Expecting ',' delimiter at column"),
        ("\xff", "must be a row of JSON: 'utf-8' codec"),
        ('{"row":"round","t_s":NaN}', "must be a row of JSON: numbers must be finite, got NaN"),
        ("[" * 100_000, "must be a row of JSON: maximum recursion depth"),
        ("3", "must be a row with its kind as 'row', got 3"),
        ("{}", "must be a row with its kind as 'row', got {}"),
        ('{"row":1,"t_s":1}', "must be a row with its kind"),
        ('{"row":"rouns","t_s":1}', "row must be one of transfer, compute, client, dropout, "),
        ('{"row":"end"}', "key 't_s' is missing"),
        ('{"row":"end","t_s":true}', "t_s must be a finite number, got True"),
        ('{"row":"end","t_s":"soon"}', "t_s must be a finite number, got 'soon'"),
        ('{"row":"end","t_s":1e999}', "t_s must be a finite number, got inf"),
    ],
)
def test_a_complete_line_that_is_not_a_row_is_refused_by_number(
    tmp_path: Path, line: str, rule: str
) -> None:
    path = tmp_path / "events.jsonl"
    path.write_bytes((ROW + line + "\n" + ROW).encode("latin-1"))
    with pytest.raises(RunFileError) as caught:
        list(read_rows(path))
    assert str(caught.value).startswith(f"{path}:2: {rule}")
    assert "\n" not in str(caught.value)


def test_an_error_is_one_of_runs_and_of_values() -> None:
    for kind in (RunError, ValueError):
        with pytest.raises(kind, match=r"^events\.jsonl:3: must be a row"):
            parse_row(Path("events.jsonl"), 3, b"{}\n")
