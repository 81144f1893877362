"""Commands for versions of datasets, and for tags and files of models."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from tests.pegbox.cli.conftest import Pegbox
from tests.stack import Stack, http


def test_a_dataset_through_its_versions(pegbox: Pegbox, stack: Stack, tmp_path: Path) -> None:
    first, second = tmp_path / "rows.jsonl", tmp_path / "rows.csv"
    first.write_text('{"id": 1, "input": "q1", "output": "a1"}\n{"id": 2, "input": "q2", "output": "a2"}\n')
    second.write_text("id,input,output\n1,q1,better\n3,q3,a3\n")
    added = pegbox("dataset", "add", str(first), "--name", "Rows", stack=stack)
    assert "Rows v1.0.0: 2 rows" in added.out, added.err
    newer = pegbox("dataset", "add-version", "Rows", str(second), "-m", "one better", stack=stack)
    assert "Rows v1.1.0: 2 rows" in newer.out, newer.err
    diff = pegbox("dataset", "diff", "rows", "v1.0.0", "v1.1.0", "--key", "id", stack=stack)
    assert diff.out.splitlines() == [
        "1 added, 1 removed, 1 changed",
        "~ '1', 'q1', 'a1' → 'better'",
        "- '2', 'q2', 'a2'",
        "+ '3', 'q3', 'a3'",
    ]
    assert "Rows v1.2.0" in pegbox("dataset", "rollback", "rows", "v1.0.0", stack=stack).out
    listed = pegbox("dataset", "versions", "rows", "--json", stack=stack).json
    assert [(item["version"], item["message"]) for item in listed] == [
        ("v1.2.0", "Back to v1.0.0"),
        ("v1.1.0", "one better"),
        ("v1.0.0", ""),
    ]
    saved = pegbox("dataset", "download", "rows", str(tmp_path), "--version", "v1.1.0", stack=stack)
    assert Path(saved.out.strip()).read_bytes() == second.read_bytes()
    assert pegbox("dataset", "uses", "rows", stack=stack).out == "Nothing uses it.\n"
    assert pegbox("dataset", "remove", "rows", stack=stack).code == 0
    assert pegbox("dataset", "show", "rows", stack=stack).code == 1


def test_a_model_is_tagged_exported_and_read_about(pegbox: Pegbox, stack: Stack, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps({"max_position_embeddings": 64}))
    (folder / "README.md").write_text("# Mine\n")
    model = str(folder)
    assert pegbox("model", "add", model, stack=stack).code == 0
    assert pegbox("model", "tag", model, "production", stack=stack).out == f"{model}: production\n"
    assert pegbox("model", "card", model, stack=stack).out == "# Mine\n\n"
    saved = pegbox("model", "export", model, str(tmp_path / "mine.zip"), stack=stack)
    assert saved.code == 0, saved.err
    with zipfile.ZipFile(io.BytesIO((tmp_path / "mine.zip").read_bytes())) as archive:
        assert sorted(name.rpartition("/")[2] for name in archive.namelist()) == ["README.md", "config.json"]
    refused = pegbox("model", "remove", model, stack=stack)
    assert (refused.code, "is in production" in refused.err) == (1, True)
    assert pegbox("model", "tag", model, "production", "--remove", stack=stack).out == f"{model}: no tags\n"
    assert pegbox("model", "export", "starter", stack=stack).err.startswith("pegbox: starter has no files")
    assert http.get(f"{stack.backend_url}/api/models/check{model}").status_code == 200
    assert pegbox("model", "remove", model, stack=stack).code == 0
