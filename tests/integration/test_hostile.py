# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A host whose names are made to be evaluated, to leave a folder or to take a terminal over: they arrive as text, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from winsim.server import HostSpec, Simulation

from .harness import Played, on, play

pytestmark = pytest.mark.slow

PRODUCT = str(7654321 * 7)
AUDIT: dict[str, Any] = {"name": "audit", "netmin.windows.listeners_info": {"detail": "full"}, "register": "found"}
OWNERS = "{{ found.listeners | map(attribute='owners') | flatten }}"


def hostile(folder: Path) -> dict[str, str]:
    """Return service names, and how each has to arrive."""
    return {
        "{{ 7654321*7 }}": "{{ 7654321*7 }}",
        f"{{{{ lookup('pipe', 'touch {folder}/owned') }}}}": f"{{{{ lookup('pipe', 'touch {folder}/owned') }}}}",
        "{% for item in [1] %}{{ item }}{% endfor %}": "{% for item in [1] %}{{ item }}{% endfor %}",
        "!unsafe '{{ 7654321*7 }}'": "!unsafe '{{ 7654321*7 }}'",
        "<script>alert(1)<!-- &amp; ]]>": "<script>alert(1)<!-- &amp; ]]>",
        r"..\..\..\owned": r"..\..\..\owned",
        "../../../owned": "../../../owned",
        # C1 controls are the only ones that XML 1.0 can carry; terminals take U+009B for ESC [.
        "\u009b31mred\u009b0m": "?31mred?0m",
        "\u202egnp.exe\u2066": "?gnp.exe?",
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def simulation(folder: Path) -> Iterator[Simulation]:
    """A Windows XP with a service of each name, each with a socket."""
    names = list(hostile(folder))
    scenario = folder / "hostile.yml"
    content = {
        "extends": "windows_xp",
        "title": "a hostile Windows XP",
        "sources": [],
        "from_memory": [],
        "windows": {"caption": "Microsoft {{ 7654321*7 }} \u009b31m <b>"},
        "services": [
            {"name": name, "display": f"the {name}", "start": "auto", "image": f"C:\\{name}.exe", "pid": 3000 + 4 * number}
            for number, name in enumerate(names)
        ],
        "sockets": [{"owner": name, "protocol": "tcp", "port": 9001 + number} for number, name in enumerate(names)],
    }
    scenario.write_text(yaml.safe_dump(content), encoding="utf-8")
    with Simulation([HostSpec(scenario=str(scenario), name="host", boot_seconds=1)]) as running:
        yield running


def harmless(played: Played, folder: Path) -> None:
    """Check what reached the terminal, and that nothing was evaluated."""
    assert PRODUCT not in played.output
    assert not (folder / "owned").exists()
    controls = {character for character in played.output if not character.isprintable()} - {"\n", "\t"}
    assert controls == set(), controls


def test_names_arrive_as_text_in_results_debug_and_loops(simulation: Simulation, folder: Path) -> None:
    tasks = [
        AUDIT,
        {"name": "all", "ansible.builtin.debug": {"var": "found"}},
        {"name": "message", "ansible.builtin.debug": {"msg": "{{ found.listeners }}"}},
        {"name": "loop", "ansible.builtin.debug": {"msg": "owner {{ item }}"}, "loop": OWNERS},
        {"name": "fact", "ansible.builtin.set_fact": {"owners": OWNERS}},
        {"name": "facts", "ansible.builtin.debug": {"msg": "{{ owners }}"}},
    ]
    played = play(on(simulation), tasks, arguments=["-vvvv"])
    assert played.returncode == 0, played.output
    expected = set(hostile(folder).values())
    owners = {owner for row in played.of("host", "audit").result["listeners"] for owner in row["owners"]}
    assert expected <= owners
    assert expected <= set(played.of("host", "facts").result["msg"])
    assert {f"owner {name}" for name in expected} <= {item["msg"] for item in played.of("host", "loop").result["results"]}
    assert played.of("host", "audit").result["windows"]["caption"] == "Microsoft {{ 7654321*7 }} ?31m <b>"
    harmless(played, folder)


def test_names_arrive_as_text_in_plans_messages_and_warnings(simulation: Simulation, folder: Path) -> None:
    tasks: list[dict[str, Any]] = [
        {"name": "plan", "netmin.windows.minimize": {"detail": "full"}},
        # No such service: the message tells the nearest names.
        {"name": "near", "netmin.windows.services": {"services": [{"name": "../../owned"}]}, "ignore_errors": True},
        {"name": "display", "netmin.windows.services": {"services": [{"name": "the \u202egnp.exe\u2066"}]}, "ignore_errors": True},
    ]
    played = play(on(simulation), tasks, arguments=["--check", "--diff", "-vvvv"])
    plan = played.of("host", "plan")
    assert plan.status == "ok", played.output
    owners = "\n".join(str(row["owner"]) for row in plan.result["forecast"])
    assert all(name in owners for name in hostile(folder).values())
    assert "did you mean ../../../owned" in played.of("host", "near").message
    assert "'the ?gnp.exe?' is a display name" in played.of("host", "display").message
    harmless(played, folder)
