# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A controller that is too old is told so in one sentence, before anything that it could not import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from ansible.errors import AnsibleError
from ansible_collections.netmin.windows.plugins.plugin_utils._action import controller

CHECKOUT = Path(__file__).parents[5]
OURS = "ansible_collections.netmin.windows.plugins.plugin_utils."
# Documentation, and what runs where a task is delegated.
APART = ("doc_fragments", "module_utils", "modules")
LOADED = sorted(path for kind in CHECKOUT.glob("plugins/*") if kind.name not in APART for path in kind.glob("*.py"))
"""The files that Ansible itself loads and runs."""


@pytest.mark.parametrize(
    ("python", "core", "found"),
    [
        ((3, 10, 13), "2.17.14", "needs Python 3.11 or newer on the controller, but ansible-core runs with Python 3.10.13"),
        ((3, 9, 0), "2.15.0", "needs Python 3.11 or newer on the controller, but ansible-core runs with Python 3.9.0"),
        ((3, 11, 0), "2.15.13", "needs ansible-core 2.16 or newer, but this is ansible-core 2.15.13"),
        ((3, 13, 1), "2.9.27", "needs ansible-core 2.16 or newer, but this is ansible-core 2.9.27"),
    ],
)
def test_what_is_too_old_is_named(python: tuple[int, ...], core: str, found: str) -> None:
    told = controller.problem(python, core)
    assert told is not None
    assert found in told
    assert "\n" not in told


@pytest.mark.parametrize(
    ("python", "core"), [((3, 11, 0), "2.16.0"), ((3, 13, 2), "2.21.5"), ((4, 0, 0), "3.0.0b1"), ((3, 11, 7), "2.16.0rc1")]
)
def test_what_is_supported_is_taken(python: tuple[int, ...], core: str) -> None:
    assert controller.problem(python, core) is None


def test_the_run_ends_with_an_error_of_ansible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(controller, "core_version", "2.15.0")
    with pytest.raises(AnsibleError, match=r"needs ansible-core 2\.16"):
        controller.require_controller()


@pytest.mark.parametrize("path", LOADED, ids=lambda path: path.stem)
def test_nothing_of_ours_is_imported_before_the_check(path: Path) -> None:
    ours = [
        node.module
        for node in ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 8)).body
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(OURS)
    ]
    assert ours
    assert ours[0].startswith(f"{OURS}_action"), "the package _action, which checks the controller, must come first"


@pytest.mark.parametrize("name", ["__init__", "controller"])
def test_the_check_needs_no_newer_python(name: str) -> None:
    source = Path(controller.__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 8))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    told = {ast.unparse(node) for node in imported}
    assert told <= {
        "from __future__ import annotations",
        "import sys",
        "from collections.abc import Sequence",
        "from ansible.errors import AnsibleError",
        "from ansible.release import __version__ as core_version",
        "from .controller import require_controller",
    }


def test_a_run_is_ended_with_one_sentence(tmp_path: Path) -> None:
    """Let a real Ansible believe that it is too old; the sessions of nox try a real Python 3.10."""
    start = (
        "import ansible.release, runpy, sys\n"
        "ansible.release.__version__ = '2.15.13'\n"
        "sys.argv = ['ansible', 'localhost', '-m', 'netmin.windows.listeners_info']\n"
        "runpy.run_module('ansible.cli.adhoc', run_name='__main__')\n"
    )
    done = subprocess.run([sys.executable, "-c", start], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    said = " ".join((done.stdout + done.stderr).split())
    assert f"netmin.windows needs ansible-core 2.16 or newer, but this is ansible-core 2.15.13 ({sys.executable})" in said
    assert "Traceback" not in said
    assert "Unexpected Exception" not in said
