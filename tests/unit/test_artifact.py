# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The artifact of `ansible-galaxy collection build`: what is in it, and that it works with only that."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import pytest

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).parents[2]
TOP_LEVEL = {
    "CHANGELOG.md",
    "CODE_OF_CONDUCT.md",
    "COPYING",
    "FILES.json",
    "LICENSES",
    "MANIFEST.json",
    "README.md",
    "REUSE.toml",
    "SECURITY.md",
    "SUPPORT.md",
    "bindep.txt",
    "changelogs",
    "docs",
    "extensions",
    "meta",
    "playbooks",
    "plugins",
    "roles",
}
SUFFIXES = {"", ".cmd", ".css", ".j2", ".js", ".json", ".md", ".png", ".py", ".rst", ".svg", ".toml", ".txt", ".xml", ".yaml", ".yml"}

IMPORT_EVERYTHING = r"""
import importlib, json, pathlib, re, sys
from importlib import metadata

# Of what is installed here, only ansible-core, pywinrm and what these need can be imported.
needed, asked = set(), ["ansible-core", "pywinrm"]
while asked:
    name = asked.pop()
    if name not in needed:
        needed.add(name)
        try:
            lines = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # for another Python or system
            continue
        asked += [re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("_", "-") for line in lines if "extra ==" not in line]
barred = {
    module for module, owners in metadata.packages_distributions().items()
    if not {owner.lower().replace("_", "-") for owner in owners} & needed
}

class Bar:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in barred:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Bar())
from ansible.plugins.loader import action_loader, init_plugin_loader

tree = sys.argv[1]
# The environment's own path file makes the checkout importable; here it must not be.
sys.path[:] = [entry for entry in sys.path if not (pathlib.Path(entry) / "ansible_collections").exists()]
init_plugin_loader([tree])
root = pathlib.Path(tree, "ansible_collections/netmin/windows")
for file in sorted(root.joinpath("plugins/plugin_utils").rglob("*.py")):
    if file.name != "__main__.py":
        parts = file.relative_to(tree).with_suffix("").parts
        importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
actions = sorted(file.stem for file in root.joinpath("plugins/action").glob("*.py") if file.stem != "__init__")
missing = [name for name in actions if action_loader.get("netmin.windows." + name, class_only=True) is None]
package = "ansible_collections.netmin.windows.plugins."
ours = {name: str(module.__file__) for name, module in sys.modules.items() if name.startswith(package)}
foreign = {name: file for name, file in ours.items() if not file.startswith(str(root))}
present = [name for name in ("winrm", "requests") if name in sys.modules]
json.dump({"missing": missing, "foreign": foreign, "modules": sorted(ours), "barred": sorted(barred), "present": present}, sys.stdout)
"""


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a program of this Python's environment with nothing of ours in the way and return what it wrote."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "PYTHON"))}
    done = subprocess.run(
        [*map(str, command)], cwd=cwd, env=kept | environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command[0]} failed\n{done.stdout}\n{done.stderr}"
    return done.stdout


def tool(name: str) -> Path:
    """Return a program of the environment that runs the tests."""
    return Path(sys.executable).parent / name


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the checkout and return the archive."""
    folder = tmp_path_factory.mktemp("artifact")
    run(tool("ansible-galaxy"), "collection", "build", "--output-path", folder, CHECKOUT, cwd=folder)
    (archive,) = folder.glob("netmin-windows-*.tar.gz")
    return archive


@pytest.fixture(scope="module")
def installed(artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the archive far from the checkout and return the folder that holds `ansible_collections`."""
    tree = tmp_path_factory.mktemp("elsewhere")
    # --force: Ansible finds the checkout by the environment's path file and would say "already installed".
    run(tool("ansible-galaxy"), "collection", "install", "--offline", "--force", "-p", tree, artifact, cwd=tree)
    return tree


def names(artifact: Path) -> list[PurePosixPath]:
    """Return the path of every file in the archive."""
    with tarfile.open(artifact) as archive:
        return [PurePosixPath(member.name) for member in archive.getmembers() if not member.isdir()]


def test_holds_what_a_user_needs_and_nothing_else(artifact: Path) -> None:
    assert {path.parts[0] for path in names(artifact)} == TOP_LEVEL


def test_holds_no_environment_cache_or_build_folder(artifact: Path) -> None:
    odd = [str(path) for path in names(artifact) if path.suffix not in SUFFIXES or any(part.startswith(".") for part in path.parts)]
    assert not odd
    with tarfile.open(artifact) as archive:
        folders = {PurePosixPath(member.name).name for member in archive.getmembers() if member.isdir()}
        links = [member.name for member in archive.getmembers() if member.issym() or member.islnk()]
    assert not folders & {"__pycache__", "build", "output", "cache", "fragments", "tests", "node_modules", "site-packages"}
    assert not links


def test_holds_all_the_data_that_its_plugins_read(artifact: Path) -> None:
    kept = {str(path) for path in names(artifact)}
    folders = {path for path in (CHECKOUT / "plugins/plugin_utils").rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    data = {path.relative_to(CHECKOUT).as_posix() for path in folders if path.suffix != ".py"}
    assert any("/recipes/" in path for path in data)
    assert {"report.css", "report.html.j2", "report.js", "report.json"} <= {path.rpartition("/")[2] for path in data}
    assert data <= kept


def test_holds_no_simulator(artifact: Path) -> None:
    assert not [str(path) for path in names(artifact) if re.search(r"simulator|winsim|scenarios", str(path))]


def dead_links(page: PurePosixPath, text: str, kept: set[str]) -> list[str]:
    """Return the relative links of a page whose ends are not among the files and folders that are kept."""
    targets = (target.partition("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text))
    ends = {target: os.path.normpath(page.parent / target) for target in targets if target and not re.match(r"[a-z]+:", target)}
    return [f"{page}: {target}" for target, end in ends.items() if end not in kept]


def test_its_pages_link_only_to_what_it_holds(artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        kept = {os.path.normpath(member.name) for member in archive.getmembers()}
        pages = [name for name in kept if name.endswith(".md")]
        found = [
            dead
            for name in pages
            if (page := archive.extractfile(name)) is not None
            for dead in dead_links(PurePosixPath(name), page.read().decode(), kept)
        ]
    assert len(pages) > 10
    assert not found


def test_a_dead_link_is_seen() -> None:
    text = "[a](b.md) [c](../d.md#e) [f](https://example.com/g.md) [h](#i) [j](k/) [l](m.md)"
    assert dead_links(PurePosixPath("docs/x.md"), text, {"docs/b.md", "d.md", "docs/k"}) == ["docs/x.md: m.md"]


def test_works_with_only_what_it_contains(installed: Path) -> None:
    found = json.loads(run(sys.executable, "-I", "-c", IMPORT_EVERYTHING, installed, cwd=installed))
    assert found["missing"] == []
    assert found["foreign"] == {}
    assert {"aiohttp", "pypsrp", "pytest", "winsim"} <= set(found["barred"])
    assert found["present"] == ["winrm", "requests"]
    sources = (CHECKOUT / "plugins/plugin_utils").rglob("*.py")
    wanted = {path.stem for path in sources if path.stem not in ("__init__", "__main__")}
    assert wanted <= {module.rpartition(".")[2] for module in found["modules"]}


def test_documents_every_module(installed: Path) -> None:
    modules = sorted(f"netmin.windows.{path.stem}" for path in (CHECKOUT / "plugins/modules").glob("*.py") if path.stem != "__init__")
    assert modules
    output = run(tool("ansible-doc"), "--type", "module", "--json", *modules, cwd=installed, ANSIBLE_COLLECTIONS_PATH=str(installed))
    documents = json.loads(output)
    assert sorted(documents) == modules
    assert all(document["doc"]["filename"].startswith(str(installed)) for document in documents.values())


@pytest.fixture
def inventory(tmp_path: Path) -> Iterator[Path]:
    """Start a simulated host and return its inventory."""
    pid_file, file = tmp_path / "winsim.pid", tmp_path / "hosts.yml"
    run(tool("winsim"), "--scenario", "windows_xp", "--inventory", file, "--pid-file", pid_file, "--daemonize", cwd=tmp_path)
    yield file
    os.kill(int(pid_file.read_text(encoding="utf-8")), signal.SIGTERM)


def test_minimizes_a_host_with_only_what_it_contains(installed: Path, inventory: Path) -> None:
    environment = {"ANSIBLE_COLLECTIONS_PATH": str(installed), "ANSIBLE_NOCOLOR": "1"}
    task = ("--inventory", inventory, "--module-name", "netmin.windows.minimize", "-vvv")
    output = run(tool("ansible"), "all", *task, cwd=installed, **environment)
    assert f"ansible collection location = {installed}\n" in output
    assert "| CHANGED =>" in output
