"""Which tags a page gets from Vite's manifest."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from frontend.assets import Assets, AssetsMissingError

MANIFEST = {
    "src/pages/base.ts": {"file": "assets/base-1.js", "imports": ["_lit.js"], "css": ["assets/base-1.css"]},
    "src/pages/job.ts": {"file": "assets/job-1.js", "imports": ["_lit.js", "_chart.js"], "css": ["assets/job-1.css"]},
    "_lit.js": {"file": "assets/lit-1.js"},
    "_chart.js": {"file": "assets/chart-1.js", "imports": ["_lit.js"], "css": ["assets/chart-1.css"]},
    "inter.woff2": {"file": "assets/inter-latin-wght-normal-1.woff2"},
}


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
    return Assets.load(tmp_path)


def test_each_file_is_named_once_and_styles_come_first(assets: Assets) -> None:
    lines = str(assets.tags("base", "job")).splitlines()
    assert [line.split()[0] + " " + line.split()[1] for line in lines] == [
        *['<link rel="stylesheet"'] * 3,
        *['<link rel="modulepreload"'] * 2,
        *['<script type="module"'] * 2,
    ]
    assert sum("lit-1.js" in line for line in lines) == 1
    assert '<script type="module" src="/static/app/assets/job-1.js"></script>' in lines


def test_styles_of_what_a_chunk_imports_come_before_its_own(assets: Assets) -> None:
    text = str(assets.tags("job"))
    assert text.index("chart-1.css") < text.index("job-1.css")


def test_an_unknown_page_is_an_error(assets: Assets) -> None:
    with pytest.raises(KeyError):
        assets.tags("nothing")


def test_the_font_is_preloaded(assets: Assets) -> None:
    assert "inter-latin-wght-normal-1.woff2" in str(assets.font())


def test_without_a_build_the_error_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(AssetsMissingError, match=r"hatch_build\.py"):
        Assets.load(tmp_path)
