"""The index of a file is the same for blocks of any size."""

import json
from collections import defaultdict
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.reading import row_index
from analysis.reading.row_index import index_rows

LINES = st.sampled_from(
    [
        '{"row":"client","t_s":1.0}',
        '{"row":"compute","t_s":2.0}',
        '{"row":"transfer","t_s":3.0}',
        '{"row":"clients","t_s":4.0}',  # no kind: only begins like one
        '{"row": "client", "t_s": 5.0}',  # another writer's spaces
        '{"t_s":6.0,"row":"client"}',
        '{"row":"client","t_s":7.0,"error":"}"} ',
        '{"row":"decision","t_s":8.0,"config":{"kind":"full"}}',
        '{"row":"end","t_s":9.0}',
    ]
)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rows") / "events.jsonl"


@given(st.lists(LINES), st.sampled_from(["", "{", '{"row":"client",', "}"]), st.integers(1, 200))
def test_spans_hold_the_lines_of_their_kind(
    path: Path, lines: list[str], rest: str, block_bytes: int
) -> None:
    content = "".join(f"{line}\n" for line in lines) + rest
    path.write_text(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_index, "_BLOCK_BYTES", block_bytes)
        index = index_rows(path)
    by_kind = defaultdict(list)
    for line in lines:
        by_kind[str(json.loads(line).get("row"))].append(f"{line}\n")
    found = {
        kind: "".join(content[start:end] for start, end in spans.tolist())
        for kind, spans in index.spans.items()
    }
    assert found == {kind: "".join(own) for kind, own in by_kind.items()}
    assert (index.n_rows, index.is_cut) == (len(lines), rest != "")
    assert index.sha256 == sha256(content.encode()).hexdigest()
    few = [json.loads(line) for line in lines if '"decision"' in line or '"end"' in line]
    assert [row for row in index.others if row.get("row") in ("decision", "end")] == few


@pytest.mark.parametrize("bad", ["", "}", "3", "{}", '{"row":"end"}', '{"row":"client","t_s":'])
@pytest.mark.parametrize("block_bytes", [1, 7, 1 << 20])
def test_a_line_that_is_not_a_row_is_refused_by_number(
    path: Path, bad: str, block_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_index, "_BLOCK_BYTES", block_bytes)
    path.write_text(f'{{"row":"end","t_s":1.0}}\n{{"row":"client","t_s":2.0}}\n{bad}\n{{}}\n')
    with pytest.raises(ValueError, match=f"^{path}:3: must be a "):
        index_rows(path)


def test_a_missing_file_is_empty(tmp_path: Path) -> None:
    index = index_rows(tmp_path / "none")
    assert (index.n_rows, index.is_cut, index.spans, index.others) == (0, False, {}, ())
    assert index.sha256 == sha256().hexdigest()
