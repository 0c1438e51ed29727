# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a controller needs is said alike everywhere, what other tools read of us they can read, and a release can be built."""

from __future__ import annotations

import json
import re
import runpy
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.netmin.windows.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.netmin.windows.plugins.plugin_utils._action import controller
from ansible_collections.netmin.windows.plugins.plugin_utils._session.library import PYPSRP, PYWINRM, Library

CHECKOUT = Path(__file__).parents[2]
LIBRARIES = pytest.mark.parametrize("library", [PYPSRP, PYWINRM], ids=lambda library: library.name)
PYTHON, CORE = controller.dotted(controller.PYTHON), controller.dotted(controller.CORE)


def text(name: str) -> str:
    """Return a file of the checkout."""
    return (CHECKOUT / name).read_text(encoding="utf-8")


def tool(name: str) -> str:
    """Return a program of the environment that runs the tests."""
    return str(Path(sys.executable).with_name(name))


def lines(name: str) -> list[str]:
    """Return the lines of a requirements file that are no comments."""
    return [line for line in text(name).splitlines() if line and not line.startswith("#")]


@pytest.fixture(scope="module")
def matrix() -> Mapping[str, Any]:
    """Return the tables of noxfile.py."""
    return runpy.run_path(str(CHECKOUT / "noxfile.py"))


# The oldest that works


def test_the_oldest_python_is_the_same_everywhere(matrix: Mapping[str, Any]) -> None:
    assert f"Python {PYTHON} or newer on the controller" in requirements_of("minimize")
    assert f"Python {PYTHON} or newer on the controller" in requirements_of("summary_info")
    assert f"| Python | {PYTHON} |" in text("README.md")
    assert matrix["PYTHONS"][0] == PYTHON
    assert tomllib.loads(text("pyproject.toml"))["tool"]["ruff"]["target-version"] == f"py{PYTHON.replace('.', '')}"
    assert tomllib.loads(text("winsim/pyproject.toml"))["project"]["requires-python"] == f">={PYTHON}"
    assert f"({', '.join(map(str, controller.PYTHON))}) <= v" in text(".ci/setup")


def test_the_oldest_core_is_the_same_everywhere(matrix: Mapping[str, Any]) -> None:
    assert yaml.safe_load(text("meta/runtime.yml"))["requires_ansible"] == f">={CORE}.0"
    assert f"ansible-core {CORE} or newer" in requirements_of("minimize")
    assert f"ansible-core {CORE} or newer" in requirements_of("summary_info")
    assert f"| ansible-core | {CORE} |" in text("README.md")
    assert next(iter(matrix["CORES"])) == CORE
    roles = sorted(CHECKOUT.glob("roles/*/meta/main.yml"))
    assert {yaml.safe_load(path.read_text(encoding="utf-8"))["galaxy_info"]["min_ansible_version"] for path in roles} == {CORE}


@LIBRARIES
def test_the_oldest_library_is_the_same_everywhere(library: Library, matrix: Mapping[str, Any]) -> None:
    assert f"{library.name}>={library.floor}" in lines("meta/requirements.txt")
    for extra in ("kerberos", "credssp"):
        assert f"{library.name}[{extra}]>={library.floor}" in lines(f"meta/requirements-{extra}.txt")
    environment = yaml.safe_load(text("docs/execution-environment.yml"))
    assert f"{library.name}[kerberos,credssp]>={library.floor}" in environment["dependencies"]["python"]
    (requirement,) = [line for line in ModuleDocFragment.DOCUMENTATION.splitlines() if line.startswith(f"  - {library.name} ")]
    assert requirement.startswith(f"  - {library.name} {library.floor} or newer on the controller if ")
    assert re.search(rf"^\| {library.name}.*\| {re.escape(library.floor)} \|", text("README.md"), re.MULTILINE)
    assert f"{library.name}=={library.floor}" in matrix["LIBRARIES"]["oldest"]
    assert f"{library.name}>={library.floor}" in matrix["LIBRARIES"]["newest"]


def requirements_of(module: str) -> list[str]:
    """Return what a module says it needs, by ansible-doc."""
    done = subprocess.run([tool("ansible-doc"), "--json", f"netmin.windows.{module}"], capture_output=True, text=True, check=True)
    needed: list[str] = json.loads(done.stdout)[f"netmin.windows.{module}"]["doc"]["requirements"]
    return needed


# The newest that is tried


def test_the_readme_names_the_newest_that_is_tried(matrix: Mapping[str, Any]) -> None:
    row = re.search(rf"^\| Python \| {re.escape(PYTHON)} \| (.*) \|$", text("README.md"), re.MULTILINE)
    assert row
    assert row[1] in matrix["PYTHONS"]
    assert f"| ansible-core | {CORE} | {[*matrix['CORES']][-1]} |" in text("README.md")


def test_the_hosted_checks_are_those_of_the_checkout(matrix: Mapping[str, Any]) -> None:
    jobs = yaml.safe_load(text(".github/workflows/ci.yml"))["jobs"]
    assert jobs["controllers"]["strategy"]["matrix"]["python"] == matrix["PYTHONS"]
    steps = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
    assert ".ci/run" in steps
    assert 'nox --tags "python${{ matrix.python }}"' in steps


def test_each_session_is_for_one_controller_and_two_are_corners(matrix: Mapping[str, Any]) -> None:
    every = [*matrix["corners"]()]
    assert len(set(every)) == len(every) >= len(matrix["LIBRARIES"])
    listed = subprocess.run([tool("nox"), "--list", "--json"], cwd=CHECKOUT, capture_output=True, text=True, check=True)
    sessions = json.loads(listed.stdout)
    tried = [session for session in sessions if "too-old" not in session["tags"]]
    assert len(tried) == len(every)
    corners = [session["name"] for session in tried if "corners" in session["tags"]]
    assert corners == [f"python{python}-core{core}-{libraries}" for python, core, libraries in (every[0], every[-1])]
    assert (every[0][2], every[-1][2]) == ("oldest", "newest")


# Execution environments


def test_ansible_builder_takes_the_definition(tmp_path: Path) -> None:
    command = [tool("ansible-builder"), "create", "--file", str(CHECKOUT / "docs/execution-environment.yml"), "--context", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "pywinrm[kerberos,credssp]" in (tmp_path / "_build/requirements.txt").read_text(encoding="utf-8")


def test_ansible_builder_finds_what_the_collection_needs(tmp_path: Path) -> None:
    root = tmp_path / "ansible_collections/netmin/windows"
    root.mkdir(parents=True)
    for name in ("bindep.txt", "galaxy.yml", "meta"):
        (shutil.copytree if (CHECKOUT / name).is_dir() else shutil.copy)(CHECKOUT / name, root / name)
    done = subprocess.run([tool("ansible-builder"), "introspect", str(tmp_path)], cwd=tmp_path, capture_output=True, text=True, check=True)
    found = yaml.safe_load(done.stdout)
    assert [line.split()[0] for line in found["python"]] == lines("meta/requirements.txt")
    assert [line.split("  #")[0] for line in found["system"]] == lines("bindep.txt")


# The docsite


def test_a_dead_link_of_the_docsite_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<p id="here"><a href="b.html#there"></a><a href="https://example.com/x"></a><img src="c.png"></p>')
    (tmp_path / "b.html").write_text('<p id="there"><a href="a.html#here"></a><a href="a.html#gone"></a><a href="#"></a></p>')
    done = subprocess.run([sys.executable, ".ci/dead-links", str(tmp_path)], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "dead link in a.html: c.png\ndead link in b.html: a.html#gone\n")


def test_the_docsite_lists_every_guide() -> None:
    (section,) = yaml.safe_load(text("docs/docsite/extra-docs.yml"))["sections"]
    assert sorted(section["toctree"]) == sorted(path.stem for path in CHECKOUT.glob("docs/docsite/rst/*.rst"))


# A release


@pytest.mark.slow
def test_a_release_candidate_holds_its_changelog(tmp_path: Path) -> None:
    """Build one from a copy, as `make release` does; whether Galaxy takes it is left to `make release`."""
    copy = tmp_path / "checkout"
    subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(CHECKOUT), str(copy)], check=True)
    (copy / ".venv").symlink_to(Path(sys.executable).parents[1])
    before = subprocess.run(["git", "status", "--porcelain"], cwd=copy, capture_output=True, text=True, check=True).stdout
    done = subprocess.run([".ci/release", "1.0.0-rc1", "--no-check"], cwd=copy, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("built build/release/netmin-windows-1.0.0-rc1.tar.gz; nothing was published\n")
    with tarfile.open(copy / "build/release/netmin-windows-1.0.0-rc1.tar.gz") as archive:
        changelog, page, manifest = (
            opened.read().decode()
            for name in ("changelogs/changelog.yaml", "CHANGELOG.md", "MANIFEST.json")
            if (opened := archive.extractfile(name)) is not None
        )
    assert "1.0.0-rc1" in yaml.safe_load(changelog)["releases"]
    assert "v1-0-0-rc1" in page
    about = json.loads(manifest)["collection_info"]
    assert about["version"] == "1.0.0-rc1"
    assert all(about[name].startswith("https://") for name in ("documentation", "homepage", "issues", "repository"))
    after = subprocess.run(["git", "status", "--porcelain"], cwd=copy, capture_output=True, text=True, check=True).stdout
    assert before == after


@pytest.mark.parametrize("version", ["", "next", "1.0.0 ; rm", "-1"])
def test_a_release_needs_a_version(version: str) -> None:
    done = subprocess.run([".ci/release", version], cwd=CHECKOUT, capture_output=True, text=True, check=False)
    assert (done.returncode, "name a version" in done.stderr) == (2, True)
