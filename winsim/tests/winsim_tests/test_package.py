# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The wheel of a clean copy of the project: what is in it, and that it works with only that."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

PROJECT = Path(__file__).parents[2]
PACKAGE = PROJECT / "src" / "winsim"

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a program and return what it wrote."""
    done = subprocess.run([*map(str, command)], cwd=cwd, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel of a copy of the project without anything that a build or a test leaves behind."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "project"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns("*.egg-info", "__pycache__", "build", ".*"))
    # Without isolation, which would ask a package index for setuptools.
    options = ("--quiet", "--disable-pip-version-check", "--no-deps", "--no-index", "--no-build-isolation")
    run(sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", folder, copy, cwd=folder)
    (made,) = folder.glob("*.whl")
    return made


def test_it_holds_the_whole_package_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {PurePosixPath(name) for name in archive.namelist()}
    kept = {path for path in held if not path.parts[0].endswith(".dist-info")}
    files = {path.relative_to(PACKAGE.parent) for path in PACKAGE.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert kept == {PurePosixPath(path.as_posix()) for path in files}
    assert {"py.typed", "pytest_plugin.py", "cli.py"} <= {path.name for path in kept}
    assert "COPYING" in {path.name for path in held - kept}


def test_it_works_from_where_it_is_installed(wheel: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tree)
    (entries,) = tree.glob("*.dist-info/entry_points.txt")
    assert entries.read_text(encoding="utf-8").split() == [
        "[console_scripts]", "winsim", "=", "winsim.cli:main", "[pytest11]", "winsim", "=", "winsim.pytest_plugin",
    ]  # fmt: skip
    where = "import winsim; print(winsim.__file__)"
    assert run(sys.executable, "-c", where, cwd=tmp_path, PYTHONPATH=str(tree)).strip() == str(tree / "winsim" / "__init__.py")
    listed = run(sys.executable, "-m", "winsim", "--list", cwd=tmp_path, PYTHONPATH=str(tree))
    assert {"windows_xp", "hazard_time"} <= {line.split()[0] for line in listed.splitlines() if line}
