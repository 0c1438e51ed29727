# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What no other tool checks: that modules, roles, playbooks and documents fit together."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.netmin.windows.conftest import group_of

CHECKOUT = Path(__file__).parents[2]
PREFIX = "netmin.windows."
ACTIONS = sorted(path.stem for path in (CHECKOUT / "plugins/action").glob("*.py") if path.stem != "__init__")
MODULES = sorted(path.stem for path in (CHECKOUT / "plugins/modules").glob("*.py") if path.stem != "__init__")
ROLES = sorted(path.name for path in (CHECKOUT / "roles").glob("*") if path.is_dir())

FORBIDDEN = re.compile(r"""(?:^|[\s"'=(:])/(?:work|root|farm|opt/pypi)/|\.\./shared|pypi\.org|pythonhosted""")
"""Paths and hosts that exist where the project is developed, and nowhere else."""

MAY_LOOK_BESIDE = re.compile(r"tests/|\.ci/|Makefile$")
"""Recorded answers of hosts that are no part of the project may lie beside the checkout; only tests look for them."""

HEADER = "# Copyright: the netmin.windows contributors\n# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)\n"


def files(*patterns: str) -> list[Path]:
    """Return the files of the repository that match, new ones included, ignored ones left out."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate", "--", *patterns],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [CHECKOUT / name for name in sorted(filter(None, listed.stdout.split("\0"))) if (CHECKOUT / name).is_file()]


def shown(path: Path) -> str:
    """Return a path as it is written in the repository."""
    return path.relative_to(CHECKOUT).as_posix()


def load(path: Path) -> Any:
    """Return the content of a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


# Modules


def test_there_are_modules_roles_and_playbooks() -> None:
    assert ACTIONS
    assert ROLES
    assert files("playbooks/*.yml")


def test_every_action_has_a_module_and_every_module_an_action() -> None:
    assert ACTIONS == MODULES


@pytest.mark.parametrize("name", MODULES)
def test_a_module_is_documented_in_full(name: str, documents: Mapping[str, Any]) -> None:
    entry = documents[name]
    assert entry["doc"]["module"] == name
    assert entry["doc"]["short_description"]
    assert entry["examples"].strip()
    assert entry["return"]
    (play,) = [yaml.safe_load(entry["examples"])]
    assert list(our_tasks(play)), "the examples do not use the module"


@pytest.mark.parametrize("name", MODULES)
def test_a_module_says_what_check_and_diff_mode_do(name: str, documents: Mapping[str, Any]) -> None:
    attributes = documents[name]["doc"]["attributes"]
    assert [mode for mode in ("check_mode", "diff_mode") if mode not in attributes] == []


GROUPS = load(CHECKOUT / "meta/runtime.yml")["action_groups"]
COMMON = {
    "baseline": {"baseline"},
    "changes": {"confirm", "connections", "record_dir", "stop_timeout"},
    "stages": {"accept", "confirm", "connections", "dependents", "keep", "missing", "record_dir", "stop_timeout", "unverified"},
}


@pytest.mark.parametrize("group", GROUPS)
def test_the_actions_of_a_group_are_those_that_share_its_options(group: str, documents: Mapping[str, Any]) -> None:
    options = {name: set(documents[name]["doc"].get("options", {})) for name in MODULES}
    assert GROUPS[group] == [name for name in MODULES if options[name] >= COMMON[group]]


@pytest.mark.parametrize("name", MODULES)
def test_a_module_names_its_groups(name: str, documents: Mapping[str, Any]) -> None:
    groups = [f"{PREFIX}{group}" for group in sorted(GROUPS) if name in GROUPS[group]]
    assert documents[name]["doc"]["attributes"].get("action_group", {}).get("membership", []) == groups


# Tasks against documentation: ansible-lint checks the options of modules with code only, and ours are documentation


def our_tasks(node: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every use of a module of ours, at any depth: its short name and its options."""
    if isinstance(node, list):
        for item in node:
            yield from our_tasks(item)
    elif isinstance(node, Mapping):
        for key, value in node.items():
            if isinstance(key, str) and key.startswith(PREFIX):
                yield key.removeprefix(PREFIX), value or {}
            else:
                yield from our_tasks(value)


def wrong_options(given: Mapping[str, Any], known: Mapping[str, Any], where: str) -> list[str]:
    """Return what is wrong with the options of one task, by the module's documentation."""
    spelled = {alias: name for name, option in known.items() for alias in [name, *option.get("aliases", [])]}
    found = [f"{where}: no option {name}" for name in given if name not in spelled]
    present = {spelled[name] for name in given if name in spelled}
    found += [f"{where}: {name} is missing" for name, option in known.items() if option.get("required") and name not in present]
    for name, value in given.items():
        option = known.get(spelled.get(name, ""), {})
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str) and "{{" in item:
                continue
            if option.get("choices") and item not in option["choices"]:
                found.append(f"{where}: {name} cannot be {item!r}")
            if option.get("suboptions") and isinstance(item, Mapping):
                found += wrong_options(item, option["suboptions"], f"{where}.{name}")
    return found


def wrong_tasks(content: object, documents: Mapping[str, Any], where: str) -> list[str]:
    """Return what is wrong with every task of ours in a playbook, a list of tasks or an example."""
    found = []
    for name, given in our_tasks(content):
        if name in documents:
            found += wrong_options(given, documents[name]["doc"].get("options", {}), f"{where}: {name}")
        elif name not in ROLES:
            found.append(f"{where}: there is no module {name}")
    return found


def test_tasks_use_options_that_exist(documents: Mapping[str, Any]) -> None:
    sources = files("roles/*.yml", "playbooks/*.yml", "extensions/molecule/*.yml", "tests/integration/*.yml", "tests/demo/*.yml")
    found = [problem for path in sources for problem in wrong_tasks(load(path), documents, shown(path))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("name", MODULES)
def test_examples_use_options_that_exist(name: str, documents: Mapping[str, Any]) -> None:
    assert wrong_tasks(yaml.safe_load(documents[name]["examples"]), documents, name) == []


def test_playbooks_in_the_documents_use_options_that_exist(documents: Mapping[str, Any]) -> None:
    fence = re.compile(r"^```ya?ml\n(.*?)^```", re.MULTILINE | re.DOTALL)
    blocks = [(path, block) for path in files("*.md") for block in fence.findall(path.read_text(encoding="utf-8"))]
    found = [problem for path, block in blocks for problem in wrong_tasks(yaml.safe_load(block), documents, shown(path))]
    assert not found, "\n".join(found)


KNOWN = {
    "state": {"choices": ["present", "absent"], "aliases": ["mode"], "required": True},
    "ranges": {"suboptions": {"first": {"required": True}, "last": {}}},
}


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"state": "present"}, None),
        ({"mode": "absent"}, None),
        ({"state": "{{ wanted }}"}, None),
        ({"state": "present", "ranges": [{"first": 1, "last": 2}]}, None),
        ({}, ": state is missing"),
        ({"state": "present", "sate": 1}, ": no option sate"),
        ({"state": "gone"}, ": state cannot be 'gone'"),
        ({"state": "present", "ranges": [{"last": 2}]}, ".ranges: first is missing"),
        ({"state": "present", "ranges": [{"first": 1, "lats": 2}]}, ".ranges: no option lats"),
    ],
)
def test_a_wrong_option_is_named(given: Mapping[str, Any], problem: str | None) -> None:
    play = [{"hosts": "all", "tasks": [{"block": [{"name": "Try", f"{PREFIX}x": given}]}]}]
    found = wrong_tasks(play, {"x": {"doc": {"options": KNOWN}}}, "play")
    assert found == ([] if problem is None else [f"play: x{problem}"])


def test_a_module_that_does_not_exist_is_named() -> None:
    assert wrong_tasks([{f"{PREFIX}nothing": None}], {}, "play") == ["play: there is no module nothing"]


# Roles and playbooks


@pytest.mark.parametrize("role", ROLES)
def test_a_role_stays_a_mapping_of_variables_to_modules(role: str) -> None:
    tasks = {
        path: [line for line in path.read_text(encoding="utf-8").splitlines() if line != "---"]
        for path in files(f"roles/{role}/tasks/*.yml")
    }
    long = [shown(path) for path, lines in tasks.items() if len(lines) > 30]
    assert not long


def role_variables(role: str) -> Iterator[str]:
    """Yield the name of every variable that a role brings, takes or sets."""
    for folder in ("defaults", "vars"):
        for path in files(f"roles/{role}/{folder}/*.yml"):
            yield from load(path) or {}
    for path in files(f"roles/{role}/tasks/*.yml", f"roles/{role}/handlers/*.yml"):
        yield from names_set(load(path))
    yield from argument_spec(role)


def names_set(node: object) -> Iterator[str]:
    """Yield every name that tasks register or set, those in blocks included."""
    if isinstance(node, list):
        for item in node:
            yield from names_set(item)
    elif isinstance(node, Mapping):
        if "register" in node:
            yield node["register"]
        yield from node.get("ansible.builtin.set_fact", {})
        for key in ("block", "rescue", "always"):
            yield from names_set(node.get(key))


def argument_spec(role: str) -> Mapping[str, Any]:
    """Return the options of a role's main entry point."""
    options: Mapping[str, Any] = load(CHECKOUT / "roles" / role / "meta/argument_specs.yml")["argument_specs"]["main"].get("options", {})
    return options


@pytest.mark.parametrize("role", ROLES)
def test_role_variables_start_with_the_name_of_the_role(role: str) -> None:
    assert not [name for name in role_variables(role) if not name.startswith(f"{role}_")]


def test_variables_given_to_a_role_exist() -> None:
    found = []
    for path in files("playbooks/*.yml", "extensions/molecule/*.yml"):
        for role, given in included_roles(load(path)):
            known = argument_spec(role) if role in ROLES else {}
            found += [f"{shown(path)}: role {role} has no variable {name}" for name in given if name not in known]
    assert not found


def included_roles(node: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield every role of ours that a playbook names, with the variables given beside it."""
    if isinstance(node, list):
        for item in node:
            yield from included_roles(item)
    elif isinstance(node, Mapping):
        for key in ("ansible.builtin.include_role", "ansible.builtin.import_role", "role"):
            name = node.get(key)
            name = name.get("name", "") if isinstance(name, Mapping) else name
            if isinstance(name, str) and name.startswith(PREFIX):
                yield name.removeprefix(PREFIX), node.get("vars", {})
        for value in node.values():
            yield from included_roles(value)


def test_plays_that_go_in_batches_let_them_wait_for_each_other() -> None:
    """Another strategy than linear lets each host go on by itself, into the next batch."""
    plays = [play for path in files("playbooks/*.yml", "extensions/molecule/*.yml") for play in load(path) or () if isinstance(play, dict)]
    batches = [play for play in plays if "serial" in play]
    assert batches
    assert [play["name"] for play in batches if play.get("strategy") != "ansible.builtin.linear"] == []


def test_no_play_gathers_facts() -> None:
    """Gathering starts PowerShell on the host, which the oldest ones do not have."""
    lists = [(path, load(path)) for path in files("playbooks/*.yml", "extensions/molecule/*.yml", "tests/demo/*.yml")]
    plays = [(path, play) for path, content in lists if isinstance(content, list) for play in content if "hosts" in play]
    assert plays
    assert not [shown(path) for path, play in plays if play.get("gather_facts") is not False]


# The repository


def test_the_readme_shows_both_commands_on_the_first_screen() -> None:
    first_screen = "\n".join((CHECKOUT / "README.md").read_text(encoding="utf-8").splitlines()[:60])
    assert "make demo" in first_screen
    assert "make test" in first_screen


def test_nothing_points_to_the_machine_it_was_written_on() -> None:
    found = []
    for path in files():
        if path == Path(__file__) or MAY_LOOK_BESIDE.match(shown(path)):
            continue
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        found += [f"{shown(path)}:{number}: {line.strip()}" for number, line in enumerate(lines, 1) if FORBIDDEN.search(line)]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("line", ["see ../shared/notes", 'path = "/work/main"', "home: /root/x", "--index https://pypi.org/simple"])
def test_a_path_of_one_machine_is_seen(line: str) -> None:
    assert FORBIDDEN.search(line)


def test_recorded_answers_of_others_are_not_in_the_repository() -> None:
    """Captures are: each says where it is from, and under which licence it may be here (test_captures.py)."""
    ours = re.compile(r"tests/captures/|winsim/src/winsim/captures/")
    found = [shown(path) for path in files() if re.search(r"captures/|txwinrm|recorded_", shown(path))]
    assert [name for name in found if not ours.match(name)] == []


def test_every_python_file_names_its_licence() -> None:
    sources = [path for path in files("plugins/*.py", "tests/*.py", "winsim/*.py", "conftest.py") if path.name != "__init__.py"]
    assert sources
    assert not [shown(path) for path in sources if HEADER not in path.read_text(encoding="utf-8")[:400]]


def test_every_folder_of_unit_tests_is_a_package_without_code() -> None:
    folders = {path.parent for path in files("tests/unit/*.py")}
    assert not [shown(folder) for folder in folders if not (folder / "__init__.py").is_file() or (folder / "__init__.py").read_bytes()]


def test_no_test_is_skipped_for_want_of_a_module() -> None:
    """A module that is missing or cannot be imported would pass for one that nobody has; `make setup` installs what tests need."""
    skips = re.compile(r"pytest\.importor(?:skip)")
    assert not [shown(path) for path in files("tests/*.py", "winsim/tests/*.py") if skips.search(path.read_text(encoding="utf-8"))]


def test_winsim_is_checked_as_strictly_as_the_rest() -> None:
    names = ("pyproject.toml", "winsim/pyproject.toml")
    ours, its = (tomllib.loads((CHECKOUT / name).read_text(encoding="utf-8"))["tool"] for name in names)
    assert its["mypy"]["strict"] is ours["mypy"]["strict"] is True
    assert "overrides" not in its["mypy"]
    assert set(its["ruff"]["lint"]["select"]) >= set(ours["ruff"]["lint"]["select"])
    assert set(its["ruff"]["lint"]["ignore"]) <= set(ours["ruff"]["lint"]["ignore"])
    assert its["ruff"]["line-length"] <= ours["ruff"]["line-length"]
    for option, wanted in (("filterwarnings", ["error"]), ("empty_parameter_set_mark", "fail_at_collect")):
        assert its["pytest"]["ini_options"][option] == ours["pytest"]["ini_options"][option] == wanted


def test_tests_that_share_plays_or_hosts_stay_on_one_worker() -> None:
    one, other = "tests/integration/test_keep.py", "winsim/tests/winsim_tests/test_server.py"
    assert group_of(f"{one}::test_a[x::y]") == group_of(f"{one}::test_b") != group_of(f"{other}::test_a")
    assert group_of("tests/unit/test_names.py::test_a") != group_of("tests/unit/test_names.py::test_b")
    # Each of them makes a Windows of wine's.
    for file in (CHECKOUT / "tests/unit").rglob("test_*.py"):
        if "tests.unit.wine import" in file.read_text(encoding="utf-8") and file.name != Path(__file__).name:
            name = file.relative_to(CHECKOUT).as_posix()
            assert group_of(f"{name}::test_a") == group_of(f"{name}::test_b"), name


def test_every_tool_is_pinned() -> None:
    lines = (CHECKOUT / "requirements-dev.txt").read_text(encoding="utf-8").splitlines()
    tools = [line for line in lines if line and not line.startswith("#")]
    assert tools
    assert not [line for line in tools if not re.fullmatch(r"[A-Za-z0-9_-]+==[0-9][0-9.]*(; python_version [<>]=? \"3\.[0-9]+\")?", line)]


# The check of the changelog


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a small repository, released once, that holds the check of the changelog."""
    for name in (".ci/changelog-fragment", "plugins/a.py", "changelogs/fragments/1-first.yml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("first\n", encoding="utf-8")
    (tmp_path / ".ci/changelog-fragment").write_bytes((CHECKOUT / ".ci/changelog-fragment").read_bytes())
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    git(tmp_path, "tag", "v0.1.0")
    return tmp_path


def git(clone: Path, *arguments: str) -> None:
    """Run one git command in a repository, whatever the machine's own configuration says."""
    settings = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false", "-c", "tag.gpgsign=false"]
    subprocess.run(["git", *settings, *arguments], cwd=clone, check=True)


def commit(clone: Path, **contents: str) -> None:
    """Commit files of a repository, their names given with `__` for a slash and `_dot_` for a dot."""
    for name, content in contents.items():
        path = clone / name.replace("__", "/").replace("_dot_", ".")
        path.write_text(content, encoding="utf-8")
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message", "Change")


def changelog_check(clone: Path) -> subprocess.CompletedProcess[str]:
    """Run the check of the changelog in a repository."""
    return subprocess.run(["sh", ".ci/changelog-fragment"], cwd=clone, capture_output=True, text=True, check=False)


def test_a_change_without_a_fragment_is_seen(clone: Path) -> None:
    assert changelog_check(clone).returncode == 0
    commit(clone, plugins__a_dot_py="second\n")
    done = changelog_check(clone)
    assert (done.returncode, "plugins/a.py" in done.stderr) == (1, True)
    commit(clone, changelogs__fragments__2_dot_yml="second\n")
    assert changelog_check(clone).returncode == 0


def test_a_branch_needs_a_fragment_of_its_own(clone: Path) -> None:
    commit(clone, plugins__a_dot_py="second\n", changelogs__fragments__2_dot_yml="second\n")
    git(clone, "update-ref", "refs/remotes/origin/main", "HEAD")
    assert changelog_check(clone).returncode == 0
    commit(clone, plugins__a_dot_py="third\n")
    assert changelog_check(clone).returncode == 1


def test_what_a_user_never_gets_needs_no_fragment(clone: Path) -> None:
    commit(clone, README_dot_md="second\n")
    assert changelog_check(clone).returncode == 0


NAMED_FILE = re.compile(r"`([\w./-]+\.(?:py|yml|md|cmd))`")
EXAMPLE = re.compile(r"(?:^|/)(?:ID|NAME|x|hosts|netbt-adapters|my_print_server|close|undo|collect)\.\w+$")
"""Names that stand for a file of the reader's own."""


@pytest.mark.parametrize("path", files("*.md"), ids=shown)
def test_a_document_names_files_that_exist(path: Path) -> None:
    present = ["/" + shown(item) for item in files()]
    named = {name for name in NAMED_FILE.findall(path.read_text(encoding="utf-8")) if not EXAMPLE.search(name)}
    assert {name for name in named if not any(item.endswith("/" + name) for item in present)} == set()


def test_a_file_that_a_document_misnames_is_found() -> None:
    assert NAMED_FILE.findall("see `_core/plan.py`, `x.py` and `make test`") == ["_core/plan.py", "x.py"]
    assert EXAMPLE.search("_stages/x.py")
    assert not EXAMPLE.search("_core/plan.py")
