# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The parts of `make real` that need no host: which Windows there are, what opens WinRM, secrets, the page, and steps that fail."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import load as knowledge
from ansible_collections.netmin.windows.tests.benchmark import peers
from ansible_collections.netmin.windows.tests.integration.harness import Outcome, Played
from ansible_collections.netmin.windows.tests.real import machine, outside, run, steps
from ansible_collections.netmin.windows.tests.real.hiding import HIDDEN, SHORTEST, Secrets, contents, forms
from ansible_collections.netmin.windows.tests.real.report import PAGE, Ended, Finding, Folder, page
from ansible_collections.netmin.windows.tests.real.steps import STEPS, Step, StepFailed, StepSkipped, Trial, do
from ansible_collections.netmin.windows.tests.real.target import BIN, NoTarget, Target, one_of
from ansible_collections.netmin.windows.tests.real.versions import ALL, NoSuchWindows, version_named
from ansible_collections.netmin.windows.tests.unit.simulated import simulated
from hypothesis import given
from hypothesis import strategies as st

from winsim.batch import run as console_run

CHECKOUT = Path(__file__).parents[2]
REAL = CHECKOUT / "tests/real"
WORKFLOW = CHECKOUT / ".github/workflows/real.yml"
NAMES = [version.name for version in ALL]


def load(path: Path) -> Any:
    """Return the content of a YAML file."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


# Which Windows


@pytest.mark.parametrize("version", ALL, ids=lambda version: version.name)
def test_every_windows_has_a_family_and_is_one_that_this_collection_knows(version: Any) -> None:
    assert (REAL / "oem" / version.family / "install.bat").is_file()
    assert set(version.ids) <= set(knowledge().versions)


@pytest.mark.parametrize(
    ("given_name", "name"),
    [("2022", "2022"), (" Windows 11 ", "11"), ("2008 R2", "2008r2"), ("server_2012_r2", "2012r2"), ("XP", "xp"), ("8.1", "8.1")],
)
def test_a_windows_is_found_however_it_is_written(given_name: str, name: str) -> None:
    assert version_named(given_name).name == name


@pytest.mark.parametrize(("name", "said"), [("2000", "no WinRM was ever made"), ("12", "is none of xp, 2003"), ("", "is none of")])
def test_a_windows_that_cannot_be_had_is_said(name: str, said: str) -> None:
    with pytest.raises(NoSuchWindows, match=said):
        version_named(name)


# install.bat

SCRIPTS = sorted((REAL / "oem").glob("*/install.bat"))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.parent.name)
def test_install_bat_opens_winrm_without_powershell_and_says_what_it_did(script: Path) -> None:
    lines = script.read_text(encoding="ascii").splitlines()
    commands = [line for line in lines if line and not line.startswith(("rem", "@echo"))]
    assert not [line for line in commands if re.search(r"powershell|pwsh|\.ps1", line, re.IGNORECASE)]
    assert any("winrm create winrm/config/Listener" in line and 'Port="5985"' in line for line in commands)
    assert any("5985" in line and "firewall" in line for line in commands)
    # What fails on one Windows is in the log and stops nothing; winrm is a script, which would end this one if it were not called.
    assert not [line for line in commands if "%log%" not in line and not line.startswith("set log=")]
    assert not [line for line in commands if line.lstrip().startswith("winrm ")]
    # Nothing that was not there in Windows XP: no `setx`, no `wmic`, no `timeout`.
    assert {re.split(r"[ (]", line)[0] for line in commands} <= {"set", "echo", "for", "reg", "sc", "net", "call", "netsh"}


def test_the_machine_gets_the_script_of_its_family_with_the_line_ends_of_windows(tmp_path: Path) -> None:
    folder = machine.write_oem(tmp_path / "oem", version_named("2022"))
    content = (folder / "install.bat").read_bytes()
    assert content.count(b"\r\n") == content.count(b"\n") > 10
    assert b"LocalAccountTokenFilterPolicy" in content


# What a simulated console does not have: the script of WinRM, and netsh where it changes a firewall.
NOT_AT_THE_CONSOLE = re.compile(r"^(?:call winrm|netsh) .*\r\n", re.MULTILINE)
LEFT: Mapping[str, tuple[str, str, str, int]] = {
    "windows_xp": ("xp", r"HKLM\SYSTEM\CurrentControlSet\Control\Lsa", "forceguest", 0),
    "windows_7": ("7", r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System", "LocalAccountTokenFilterPolicy", 1),
    "windows_server_2022": ("2022", r"HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion\Policies\System", "LocalAccountTokenFilterPolicy", 1),
}


@pytest.mark.parametrize("name", LEFT)
def test_install_bat_runs_to_its_end_at_a_console(name: str, tmp_path: Path) -> None:
    windows, key, value, number = LEFT[name]
    given_files = tmp_path / "files"
    given_files.mkdir()
    (given_files / "note.txt").write_text("so that there is something beside it", encoding="utf-8")
    folder = machine.write_oem(tmp_path / "oem", version_named(windows), given_files)
    script = folder / "install.bat"
    left, count = NOT_AT_THE_CONSOLE.subn("", script.read_bytes().decode("ascii"))
    assert count >= 3
    script.write_bytes(left.encode("ascii"))
    with simulated(name) as host:
        outcome = console_run(host.computer, r"C:\OEM\install.bat", drives={r"C:\OEM": folder})
        assert outcome.console.strip() == "", "what it does is in its log"
        assert (folder / "netmin.log").read_text(encoding="ascii").splitlines()[-1] == "WinRM was opened"
        state: Any = host.computer.state()
        keys = {name.lower(): values for name, values in state["registry"].items()}
        assert keys[key.lower()][value]["value"] == number
        assert state["services"]["WinRM"]["start_mode"].lower() == "auto"


def test_windows_xp_is_not_started_without_the_winrm_that_it_does_not_have(tmp_path: Path) -> None:
    with pytest.raises(machine.NoMachine, match="REAL_FILES"):
        machine.write_oem(tmp_path / "oem", version_named("xp"))
    given_files = tmp_path / "files"
    given_files.mkdir()
    (given_files / "WindowsXP-KB968930-x86-ENG.exe").write_bytes(b"MZ")
    folder = machine.write_oem(tmp_path / "with", version_named("xp"), given_files)
    assert sorted(path.name for path in folder.iterdir()) == ["WindowsXP-KB968930-x86-ENG.exe", "install.bat"]


def test_a_password_is_new_each_time_and_meets_what_windows_asks_of_one() -> None:
    passwords = {machine.new_password() for _time in range(20)}
    assert len(passwords) == 20
    for password in passwords:
        assert re.fullmatch(r"[A-Za-z0-9]{20,32}", password)
        assert all(re.search(kind, password) for kind in ("[A-Z]", "[a-z]", "[0-9]"))


def test_a_machine_that_cannot_run_windows_is_told_why(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "there is no program 'no-such-engine'" in machine.cannot("no-such-engine")
    monkeypatch.setattr("shutil.which", lambda _name: "/usr/bin/docker")
    monkeypatch.setattr("os.access", lambda _path, _mode: False)
    assert "/dev/kvm" in machine.cannot("docker")


# Secrets


@given(st.text(min_size=SHORTEST, max_size=30), st.text(max_size=30), st.text(max_size=30))
def test_no_form_of_a_secret_is_left_in_a_text(secret: str, before: str, after: str) -> None:
    secrets = Secrets([secret])
    for form in forms(secret):
        hidden = secrets.hide(f"{before}{form}{after}")
        # What is put in its place may complete a form by chance; then the rest was no secret.
        assert form not in hidden.replace(HIDDEN, "\0") or form in before + "\0" + after


@pytest.mark.parametrize("code", ["utf-8", "utf-16-le"])
def test_a_file_with_a_secret_is_removed_and_told(tmp_path: Path, code: str) -> None:
    secrets = Secrets(["Correct-Horse-9"])
    (tmp_path / "fine.txt").write_text("nothing", encoding="utf-8")
    (tmp_path / "log.txt").write_bytes("user Correct-Horse-9".encode(code))
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("wire/1.xml", f"<a>{'x' * 99}</a>".encode() + "Correct-Horse-9".encode(code))
    assert [path.name for path in secrets.remove_leaks(tmp_path)] == ["a.zip", "log.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["fine.txt"]


def test_what_a_step_writes_has_no_secret_in_it(tmp_path: Path) -> None:
    folder = Folder(tmp_path, Secrets(['quo"ted & <secret>']))
    folder.write_json("a.json", {"password": 'quo"ted & <secret>'})
    folder.write("b.xml", "<p>quo&quot;ted &amp; &lt;secret&gt;</p>")
    for path in tmp_path.iterdir():
        assert HIDDEN in path.read_text(encoding="utf-8")
        assert not [content for content in contents(path) if b"secret" in content]


def test_a_password_in_a_vault_is_hidden_and_one_that_cannot_be_opened_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "key"
    key.write_text("key of the vault", encoding="utf-8")
    program = [str(BIN / "ansible-vault"), "encrypt_string", "--vault-password-file", str(key), "--name", "ansible_password"]
    vaulted = subprocess.run([*program, "Correct-Horse-9"], capture_output=True, text=True, check=True).stdout
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(f"all:\n  hosts:\n    vm01:\n      {vaulted.replace(chr(10), chr(10) + '      ').strip()}\n", encoding="utf-8")
    monkeypatch.setenv("ANSIBLE_VAULT_PASSWORD_FILE", str(key))
    with one_of(str(inventory), "vm01") as target:
        assert target.secrets.hide("it is Correct-Horse-9.") == f"it is {HIDDEN}."
        assert "Correct-Horse-9" not in target.inventory.read_text(encoding="utf-8")
    key.write_text("another key", encoding="utf-8")
    with (
        pytest.raises(NoTarget, match="ansible_password of vm01 cannot be evaluated, so it could not be hidden"),
        one_of(str(inventory), "vm01"),
    ):
        pass


def test_an_earlier_run_is_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in (PAGE, "findings.json", "steps/audit.log", "give_away/a.zip", "notes.txt", "more/b.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    run.remove_earlier(tmp_path)
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")) == ["more", "more/b.txt", "notes.txt"]


def test_a_password_of_digits_makes_nothing_else_of_a_number(tmp_path: Path) -> None:
    folder = Folder(tmp_path, Secrets(["202020"]))
    folder.write_json("a.json", {"port": 202020, "said": "it is 202020"})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"port": 202020, "said": f"it is {HIDDEN}"}


def test_a_password_that_cannot_be_told_from_other_text_is_refused(tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text("all: {hosts: {vm01: {ansible_password: '135'}}}\n", encoding="utf-8")
    with pytest.raises(NoTarget, match="ansible_password of vm01 has less than 6 characters"), one_of(str(inventory), "vm01"):
        pass


# Steps and the page


def trial(folder: Path) -> Trial:
    """Return a trial of a host that is never asked."""
    secrets = Secrets(["never-shown"])
    return Trial(Target("vm01", folder / "hosts.json", {"ansible_host": "192.0.2.9"}, secrets), Folder(folder, secrets))


def failing(reason: Exception) -> Step:
    """Return a step that ends so."""

    def act(_trial: Trial, _found: Finding) -> None:
        raise reason

    return Step("try", act)


@pytest.mark.parametrize(
    ("reason", "ended", "said"),
    [
        (StepFailed("no answer"), Ended.FAILED, "no answer"),
        (StepSkipped("no nmap"), Ended.SKIPPED, "no nmap"),
        (KeyError("listeners"), Ended.FAILED, "KeyError"),
    ],
)
def test_a_step_that_breaks_is_a_finding_like_any_other(tmp_path: Path, reason: Exception, ended: Ended, said: str) -> None:
    found = do(failing(reason), trial(tmp_path), may_change=True)
    assert found.ended is ended
    assert said in found.failed + found.skipped
    assert said in page("vm01", "It was never reached.", [found])


def test_what_was_contradicted_before_a_step_broke_is_told() -> None:
    found = Finding("try", contradicted=["445 is open"], failed="then it broke")
    assert found.ended is Ended.CONTRADICTED
    shown = page("vm01", "", [found])
    assert "445 is open" in shown
    assert "then it broke" in shown


def test_what_changes_a_host_needs_leave(tmp_path: Path) -> None:
    changing = [step.name for step in STEPS if step.changes]
    assert set(changing) >= {"minimize", "rollback", "molecule", "doctor_own_key", "doctor_method"}
    for step in STEPS:
        if step.changes:
            assert "BREAK=yes" in do(step, trial(tmp_path), may_change=False).skipped


def test_a_host_cannot_write_into_the_page() -> None:
    found = Finding("try", contradicted=["a\n## Confirmed\n- all <img src=x> | is well"])
    assert "\n## Confirmed\n- all" not in page("vm01", "", [found])
    assert "<img" not in page("vm01", "", [found])


LISTED: Mapping[str, Any] = {
    "listeners": [
        {"protocol": "tcp", "port": 135, "ports": None, "dynamic": False, "owner": "RpcSs in pid 9"},
        {"protocol": "tcp", "port": 49664, "ports": "49664-49666, 49670", "dynamic": True, "owner": "lsass.exe in pid 5"},
        {"protocol": "udp", "port": 500, "ports": None, "dynamic": False, "owner": "IKEEXT in pid 7"},
    ]
}


def scanned(monkeypatch: pytest.MonkeyPatch, tcp: set[int], udp: set[int]) -> None:
    """Let every scan see these ports."""
    monkeypatch.setattr(outside, "scan", lambda *_address, **_more: outside.Scan(frozenset(tcp), frozenset(udp), "<nmaprun/>"))


def test_a_port_that_is_open_outside_and_not_listed_is_a_contradiction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = trial(tmp_path)
    one.seen["audit"] = LISTED
    before = Step("nmap_before", steps.nmap_before)
    scanned(monkeypatch, {135, 49665}, {500})
    assert do(before, one, may_change=True).ended is Ended.CONFIRMED
    scanned(monkeypatch, {135, 4444}, set())
    found = do(before, one, may_change=True)
    assert found.contradicted == ["open from outside and not listed: tcp/4444"]


def test_a_port_that_was_proven_closed_and_is_open_outside_is_a_contradiction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = trial(tmp_path)
    rows = [
        {"protocol": "tcp", "port": 445, "dynamic": False, "outcome": "closed"},
        {"protocol": "tcp", "port": 135, "dynamic": False, "outcome": "open"},
        {"protocol": "tcp", "port": 49664, "dynamic": True, "outcome": "closed"},
    ]
    one.seen["proof"] = {"proof": {"endpoints": rows}}
    after = Step("nmap_after", steps.nmap_after)
    scanned(monkeypatch, {135, 49664}, set())
    assert do(after, one, may_change=True).ended is Ended.CONFIRMED
    scanned(monkeypatch, {445}, set())
    assert do(after, one, may_change=True).contradicted == ["proven closed, and open from outside: tcp/445"]


def test_nothing_is_compared_with_a_step_that_brought_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scanned(monkeypatch, {445}, set())
    for act in (steps.nmap_before, steps.nmap_after):
        assert do(Step("try", act), trial(tmp_path), may_change=True).ended is Ended.SKIPPED


ASSUMED = {
    "id": "srv2-needs-srvnet",
    "assumed": "srv2 depends on srvnet",
    "expected": None,
    "seen": "depends on srvnet",
    "verdict": "confirmed",
}


@pytest.mark.parametrize(
    ("rows", "ended", "said"),
    [
        ([ASSUMED], Ended.CONFIRMED, "of all assumptions 1 confirmed"),
        (
            [ASSUMED, {**ASSUMED, "verdict": "contradicted", "expected": "srvnet", "seen": "nothing"}],
            Ended.CONTRADICTED,
            "srv2-needs-srvnet: srv2 depends on srvnet; expected srvnet, seen nothing",
        ),
        ([], Ended.FAILED, "the doctor returned no assumption"),
    ],
)
def test_what_the_doctor_contradicts_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[Any], ended: Ended, said: str
) -> None:
    asked: list[str] = []

    def play(_target: Target, _name: str, *arguments: str, minutes: int) -> Played:
        asked.extend(arguments)
        return Played(0, "", (Outcome("vm01", "look", "ok", {"assumptions": rows}),))

    monkeypatch.setattr(Target, "playbook", play)
    found = do(Step("doctor_method", steps.doctor("method")), trial(tmp_path / "out"), may_change=True)
    assert found.ended is ended
    assert said in "\n".join((*found.confirmed, *found.contradicted, found.failed))
    assert {"doctor_level=method", "doctor_i_may_break_it=true"} <= set(asked)


# The comparison with ansible.windows

NETSTAT = """
Active Connections

  Proto  Local Address          Foreign Address        State           PID
  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING       9
  TCP    [::]:49664             [::]:0                 ABHOEREN        5
  TCP    192.0.2.9:5985         192.0.2.1:50000        ESTABLISHED     4
  UDP    0.0.0.0:500            *:*                                    7
"""
PLANNED = {"changed": True}


def answers(**results: Any) -> peers.RunTasks:
    """Return a way to run tasks that knows their results by the last part of the module's name."""

    def answer(tasks: Any) -> Played:
        (task,) = tasks
        module = next(name for name in task if "." in name).rpartition(".")[2]
        result = results[module]
        return Played(0, "", (Outcome("vm01", task["name"], "failed" if "msg" in result else "ok", result),))

    return answer


def test_what_both_say_alike_is_no_contradiction() -> None:
    rows = [LISTED["listeners"][0], {**LISTED["listeners"][1], "ports": "49664"}, LISTED["listeners"][2]]
    run = answers(listeners_info={"listeners": rows}, win_command={"stdout": NETSTAT}, services=PLANNED, win_service=PLANNED)
    pairs = peers.compare(run, installed=lambda: True)
    assert [(pair.problem, pair.contradicted) for pair in pairs] == [("", ()), ("", ())]
    assert all(pair.ours is not None and pair.theirs is not None for pair in pairs)


def test_what_both_say_differently_is_told() -> None:
    run = answers(
        listeners_info=LISTED, win_command={"stdout": NETSTAT.replace(":135 ", ":136 ")}, services=PLANNED, win_service={"changed": False}
    )
    listing, service = peers.compare(run, installed=lambda: True)
    assert listing.contradicted == ("only netstat lists tcp/136", "netstat does not list tcp/135, tcp/49665, tcp/49666, tcp/49670")
    assert service.contradicted == ("netmin.windows would change it, ansible.windows would change nothing",)


def test_one_that_fails_is_told_and_not_compared() -> None:
    run = answers(listeners_info=LISTED, win_command={"msg": "no PowerShell"}, services=PLANNED, win_service=PLANNED)
    listing, service = peers.compare(run, installed=lambda: True)
    assert (listing.theirs, listing.contradicted) == (None, ())
    assert "ansible.windows.win_command failed: no PowerShell" in listing.problem
    assert service.problem == ""
    with pytest.raises(peers.NotInstalled):
        peers.compare(run, installed=lambda: False)


# Files of others' formats


@pytest.mark.parametrize(
    ("schema", "path"), [("vendor.compose-spec", REAL / "compose.yml"), ("vendor.github-workflows", WORKFLOW)], ids=["compose", "workflow"]
)
def test_a_file_is_as_its_schema_says(schema: str, path: Path) -> None:
    program = str(Path(sys.executable).with_name("check-jsonschema"))
    done = subprocess.run([program, "--builtin-schema", schema, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_compose_file_asks_for_what_the_script_gives_and_publishes_nothing_but_the_screen() -> None:
    text = (REAL / "compose.yml").read_text(encoding="utf-8")
    given_variables = set(re.findall(r'"(REAL_\w+)": ', (REAL / "machine.py").read_text(encoding="utf-8")))
    assert set(re.findall(r"\$\{(REAL_\w+):\?", text)) == given_variables
    assert load(REAL / "compose.yml")["services"]["windows"]["ports"] == ["127.0.0.1:8006:8006"]


def test_the_workflow_tries_every_windows_that_needs_nothing_from_a_person() -> None:
    matrix = load(WORKFLOW)["jobs"]["windows"]["strategy"]["matrix"]["windows"]
    assert [str(name) for name in matrix] == [version.name for version in ALL if not version.needs]


def test_workflows_ask_for_no_rights_and_hand_no_text_of_others_to_a_shell() -> None:
    for path in (CHECKOUT / ".github/workflows").glob("*.yml"):
        workflow = load(path)
        assert workflow["permissions"] == {"contents": "read"}, path.name
        for job in workflow["jobs"].values():
            assert "timeout-minutes" in job
            for step in job["steps"]:
                if step.get("uses", "").startswith("actions/checkout@"):
                    assert step["with"]["persist-credentials"] is False
                assert not re.search(r"\$\{\{\s*(inputs|github\.event)", step.get("run", "")), step


def test_make_hands_on_every_option() -> None:
    makefile = (CHECKOUT / "Makefile").read_text(encoding="utf-8")
    recipe = makefile[makefile.index("real: setup") : makefile.index(".PHONY: docs")]
    offered = set(re.findall(r'"(--[\w-]+)"', (REAL / "run.py").read_text(encoding="utf-8"))) - {"--out"}
    assert set(re.findall(r"--[\w-]+", recipe)) == offered


def test_every_step_is_told_in_the_documents() -> None:
    text = (CHECKOUT / "docs/real.md").read_text(encoding="utf-8")
    assert [step.name for step in STEPS if f"`{step.name}`" not in text] == []
    assert [version.name for version in ALL if f"`{version.name}`" not in text] == []


def test_no_file_beside_a_script_hides_a_module_of_python() -> None:
    """Python looks into the folder of a script first."""
    for folder in (REAL, CHECKOUT / "tests/witness", CHECKOUT / "tests/benchmark"):
        assert not {path.stem for path in folder.glob("*.py")} & set(sys.stdlib_module_names)
