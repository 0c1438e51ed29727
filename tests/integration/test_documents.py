# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Each command of the README and the guides runs as it is written, in the order in which a reader meets it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from winsim.scenarios import load_scenario
from winsim.server import Host, HostSpec, Simulation

from .harness import ROOT

TOUR = "docs/docsite/rst/guide_try_it.rst"
"""Shows commands with their output, of five hosts that wait for minutes: it is held against what there is, and not run."""
DOCUMENTS = (
    "README.md",
    *sorted(name for path in ROOT.glob("docs/docsite/rst/*.rst") if (name := path.relative_to(ROOT).as_posix()) != TOUR),
)

ELSEWHERE = {
    "make demo": "test_demo.py runs it",
    "make test": "these tests are a part of it",
    "NETMIN_WINDOWS_INVENTORY=hosts.yml make molecule": "`make test` runs the scenario; it closes and restarts what the inventory names",
    "pip install -r meta/requirements-kerberos.txt": "it needs a compiler and the headers of Kerberos; test_packaging.py reads the file",
    "ansible-playbook -i inventory.yml netmin.windows.report -e target=windows -e report_dest=/srv/reports/ -e report_host=files.example": (
        "it needs a second host that is no Windows; test_report.py copies a report to another host"
    ),
    (
        "ansible-playbook -i host-k7m2p, netmin.windows.minimize -e target=host-k7m2p --check --diff    "
        "-e ansible_connection=netmin.windows.capture -e netmin_windows_capture_dir=to_give_away"
    ): "the name of an anonymized capture is made up anew each time; test_capture.py plans on one by its name alone",
    "pip install -r meta/requirements-credssp.txt": "it would change the environment of the tests; test_packaging.py reads the file",
}
"""Commands that are not run here, each with the reason."""

FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
DIRECTIVE = re.compile(r"^\.\. code-block:: (\w+)\n\n((?:(?:   .*)?\n)+)", re.MULTILINE)


def blocks(document: str) -> Iterator[tuple[str, str]]:
    """Yield the language and the text of each block of a document."""
    text = (ROOT / document).read_text(encoding="utf-8") + "\n"
    for language, body in (FENCE if document.endswith(".md") else DIRECTIVE).findall(text):
        yield {"shell": "sh", "yml": "yaml"}.get(language, language), textwrap.dedent(body).strip()


def commands(block: str) -> Iterator[str]:
    """Yield the commands of a block, without comments."""
    for line in block.replace("\\\n", " ").splitlines():
        command = re.sub(r"(^|\s{2,})#.*", "", line).strip()
        if command:
            yield command


def reached(content: Any, host: Host) -> Any:
    """Return an inventory whose hosts are a simulated one; everything else stays as it is written."""
    if not isinstance(content, Mapping):
        return content
    own = {"ansible_host": host.address, "ansible_user": host.user, "ansible_password": host.password}
    return {
        key: {name: {**(values or {}), **own} for name, values in value.items()}
        if key == "hosts" and isinstance(value, Mapping)
        else reached(value, host)
        for key, value in content.items()
    }


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a copy of the checkout, as somebody has it who has just cloned it."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"], cwd=ROOT, capture_output=True, check=True
    )
    copy = tmp_path / "checkout"
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "winsim/")):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    return copy


def run(command: str, checkout: Path) -> str:
    """Run one command of a document as a user does, and return what it wrote."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment = {
        **kept,
        "HOME": str(checkout.parent / "home"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        # The checkout that is tested must not be found in place of what the reader has installed.
        "ANSIBLE_COLLECTIONS_SCAN_SYS_PATH": "false",
        "no_proxy": "127.0.0.0/8",
    }
    done = subprocess.run(
        ["sh", "-ec", command], cwd=checkout, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout + done.stderr


def run_here(document: str) -> list[str]:
    """Return the commands of a document that are run here."""
    found = [command for language, block in blocks(document) if language == "sh" for command in commands(block)]
    return [command for command in found if command not in ELSEWHERE]


@pytest.mark.slow
@pytest.mark.parametrize("document", [name for name in DOCUMENTS if run_here(name)])
def test_its_commands_run_as_they_are_written(document: str, checkout: Path) -> None:
    if document != "README.md":
        # The guides are for somebody who has installed the collection.
        (install,) = [block for language, block in blocks("README.md") if language == "sh" and "collection install" in block]
        for command in commands(install):
            run(command, checkout)
    ran = 0
    with Simulation([HostSpec(scenario="windows_xp", name="web01", boot_seconds=0.5)]) as simulation:
        for language, block in blocks(document):
            named = re.match(r"# (\S+\.yml)\n", block)
            if language == "yaml" and named:
                content = yaml.safe_load(block)
                inventory = isinstance(content, Mapping)
                text = yaml.safe_dump(reached(content, simulation["web01"])) if inventory else block
                (checkout / named[1]).write_text(text, encoding="utf-8")
            elif language == "sh":
                for command in commands(block):
                    if command not in ELSEWHERE:
                        run(command, checkout)
                        ran += 1
    assert ran == len(run_here(document))


def test_the_tour_names_what_there_is() -> None:
    text = (ROOT / TOUR).read_text(encoding="utf-8")
    for scenario in re.findall(r"--scenario (\S+)", text):
        assert load_scenario(scenario)
    assert set(re.findall(r"netmin\.windows\.(\w+) -e", text)) <= {path.stem for path in ROOT.glob("playbooks/*.yml")}
    assert set(re.findall(r"(?<= )--[a-z-]+", text.partition("Audit and report")[0])) <= set(re.findall(r"--[a-z-]+", winsim_help()))
    for role, option in re.findall(r"-e (minimize|rollback|report)_([a-z_]+)=", text):
        book = yaml.safe_load((ROOT / f"playbooks/{role}.yml").read_text(encoding="utf-8"))
        options = yaml.safe_load((ROOT / f"roles/{role}/meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]
        known = {*options["options"], *book[0]["vars"]["netmin_windows_playbook_variables"]}
        assert f"{role}_{option}" in known


def winsim_help() -> str:
    """Return what the command says of its options."""
    return subprocess.run([sys.executable, "-m", "winsim", "--help"], capture_output=True, text=True, check=True).stdout


def test_what_is_not_run_is_in_a_document() -> None:
    found = {command for document in DOCUMENTS for language, block in blocks(document) if language == "sh" for command in commands(block)}
    assert set(ELSEWHERE) <= found
    assert len(found) > 2 * len(ELSEWHERE)


def test_blocks_and_commands_are_found() -> None:
    assert [*commands("a b  # c\n# d\ne \\\n  f\ng '#h'\n")] == ["a b", "e    f", "g '#h'"]
    assert DIRECTIVE.findall(".. code-block:: shell\n\n   a\n\n   b\n\ntext\n") == [("shell", "   a\n\n   b\n\n")]
