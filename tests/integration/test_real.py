# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`make real` with a simulated host in the place of the machine: every step but the start of Windows itself."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.netmin.windows.tests.real import machine, outside, run
from ansible_collections.netmin.windows.tests.real.hiding import contents
from ansible_collections.netmin.windows.tests.real.report import PAGE

from winsim.server import HostSpec, Simulation

from .harness import ROOT, changes, on

SCRIPT = ROOT / "tests/real/run.py"
PASSWORD = "Correct-Horse-9"


@dataclass(frozen=True, slots=True)
class Ran:
    """What one run left."""

    status: int
    said: str
    folder: Path
    findings: Mapping[str, Mapping[str, Any]]
    password: str

    @property
    def page(self) -> str:
        """What a person reads."""
        return (self.folder / PAGE).read_text(encoding="utf-8")


def real(simulation: Simulation, folder: Path, *arguments: str) -> Ran:
    """Run the script on the one host of a simulation, beside which the inventory has another that nobody may touch."""
    (name, variables), *_others = on(simulation).items()
    password = str(variables["ansible_password"])
    # As people do: the password is no text of the inventory.
    variables["ansible_password"] = "{{ lookup('ansible.builtin.env', 'REAL_TEST_PASSWORD') }}"
    inventory = folder / "hosts.yml"
    hosts = {name: variables, "bystander": {"ansible_host": "127.0.0.1", "ansible_port": 9, "ansible_connection": "winrm"}}
    inventory.write_text(yaml.safe_dump({"all": {"children": {"windows": {"hosts": hosts}}}}), encoding="utf-8")
    out = folder / "out"
    command = [sys.executable, str(SCRIPT), "--host", name, "--inventory", str(inventory), "--out", str(out), *arguments]
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
        "HOME": str(folder),
        "REAL_TEST_PASSWORD": password,
        "no_proxy": "127.0.0.0/8",
    }
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, timeout=900, check=False)
    rows = json.loads((out / "findings.json").read_text(encoding="utf-8")) if (out / "findings.json").is_file() else []
    return Ran(done.returncode, done.stdout + done.stderr, out, {row["step"]: row for row in rows}, password)


@pytest.fixture(scope="module")
def simulation() -> Iterator[Simulation]:
    """Start a host that is quick to restart."""
    with Simulation([HostSpec(scenario="windows_xp", name="vm01", boot_seconds=0.5, speed=100.0)]) as found:
        yield found


def of_this_machine() -> str:
    """Return the TCP ports that this very machine has at all its addresses, those of simulated hosts included."""
    try:
        # An address of the loopback that nobody took.
        return ",".join(map(str, sorted(outside.scan("127.254.253.1", ()).open_tcp)))
    except outside.NoScan:
        return ""


@pytest.fixture(scope="module")
def whole(simulation: Simulation, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Do every step on a host that may be broken."""
    foreign = of_this_machine()
    arguments = ("--not-its-own", foreign) if foreign else ()
    return real(simulation, tmp_path_factory.mktemp("real"), "--may-break-it", *arguments)


@pytest.mark.slow
def test_every_step_confirms_or_says_why_it_could_not(whole: Ran) -> None:
    ended = {step: row["ended"] for step, row in whole.findings.items()}
    for step in ("audit", "capture", "plan", "minimize", "rollback", "molecule", "rollback_again"):
        assert ended[step] == "confirmed", (step, whole.findings[step], whole.said)
    for step in ("nmap_before", "nmap_after"):
        assert ended[step] == ("confirmed" if shutil.which("nmap") else "not run"), whole.findings[step]
    # No PowerShell runs on a simulated host, so ansible.windows fails there, where it is installed at all.
    assert ended["bench"] in ("not run", "failed")
    assert "ansible.windows" in whole.findings["bench"]["skipped"] + whole.findings["bench"]["failed"]
    assert ended["twin"] == "confirmed", whole.findings["twin"]
    for step in ("doctor_read", "doctor_own_key", "doctor_method"):
        assert ended[step] == "confirmed", whole.findings[step]
    assert list(whole.findings) == [
        "audit",
        "nmap_before",
        "capture",
        "twin",
        "plan",
        "bench",
        "doctor_read",
        "doctor_own_key",
        "doctor_method",
        "minimize",
        "nmap_after",
        "rollback",
        "molecule",
        "rollback_again",
    ]


@pytest.mark.slow
def test_the_page_tells_each_step_and_names_what_it_left(whole: Ran) -> None:
    assert "Windows XP" in whole.page
    for row in whole.findings.values():
        assert f"| {row['step']} | {row['ended']} |" in whole.page
        assert [name for name in row["files"] if not (whole.folder / name).is_file()] == []
    assert "the forecast was proven" in whole.page
    assert "the listeners are those of the beginning" in whole.page


@pytest.mark.slow
def test_no_file_that_is_left_has_the_password(whole: Ran) -> None:
    files = [path for path in whole.folder.rglob("*") if path.is_file()]
    assert any(path.suffix == ".zip" for path in files)
    assert [str(path) for path in files if any(whole.password.encode() in content for content in contents(path))] == []
    assert whole.password not in whole.said
    assert "secrets" not in whole.findings


@pytest.mark.slow
def test_without_leave_nothing_is_changed(simulation: Simulation, tmp_path: Path) -> None:
    before = changes(simulation.hosts[0])
    ran = real(simulation, tmp_path, "--steps", "audit,minimize,molecule,doctor_method")
    assert changes(simulation.hosts[0]) == before
    assert ran.status == 0, ran.said
    assert {step: row["ended"] for step, row in ran.findings.items()} == {
        "audit": "confirmed",
        "minimize": "not run",
        "molecule": "not run",
        "doctor_method": "not run",
    }
    assert "it changes the host, and BREAK=yes was not given" in ran.page


@pytest.mark.slow
def test_a_host_that_does_not_answer_hides_no_step(simulation: Simulation, tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    # Port 9 of the loopback answers nobody.
    hosts = {
        "vm01": {
            "ansible_host": "127.0.0.1",
            "ansible_port": 9,
            "ansible_connection": "winrm",
            "ansible_password": PASSWORD,
            "ansible_user": "x",
        }
    }
    inventory.write_text(yaml.safe_dump({"all": {"hosts": hosts}}), encoding="utf-8")
    out = tmp_path / "out"
    command = [
        sys.executable,
        str(SCRIPT),
        "--host",
        "vm01",
        "--inventory",
        str(inventory),
        "--out",
        str(out),
        "--steps",
        "audit,plan,minimize,rollback",
    ]
    done = subprocess.run([*command, "--may-break-it"], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 1
    rows = json.loads((out / "findings.json").read_text(encoding="utf-8"))
    assert [(row["step"], row["ended"]) for row in rows] == [(step, "failed") for step in ("audit", "plan", "minimize", "rollback")]
    assert "It was never reached." in (out / PAGE).read_text(encoding="utf-8")
    assert PASSWORD not in "".join(path.read_text(encoding="utf-8") for path in out.rglob("*") if path.is_file())


def test_a_host_that_nobody_knows_is_said(tmp_path: Path) -> None:
    inventory = tmp_path / "hosts.yml"
    inventory.write_text("all: {hosts: {other: {}}}\n", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "--host", "vm01", "--inventory", str(inventory)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 2
    assert "has no host 'vm01' that can be used" in done.stderr


# The machine: a program in the place of the container engine, and a simulated host in that of Windows

ENGINE = """\
#!/usr/bin/env python
import json, os, sys
words = sys.argv[1:]
with open(os.environ["FAKE_LOG"], "a") as log:
    log.write(json.dumps({"words": words, "given": sorted(name for name in os.environ if name.startswith("REAL_"))}) + "\\n")
said = {"inspect": os.environ["FAKE_ADDRESS"] if "IPAddress" in " ".join(words) else os.environ["FAKE_STATE"], "logs": "no disk"}
print("c0ffee" if "ps" in words else said.get(words[0], ""))
"""


@dataclass(frozen=True, slots=True)
class Started:
    """A run with a throw-away machine."""

    status: int
    folder: Path
    calls: list[dict[str, Any]]
    password: str


def started(folder: Path, monkeypatch: pytest.MonkeyPatch, *, state: str) -> Started:
    """Let a machine be started, tried and thrown away."""
    engine, log, out = folder / "engine", folder / "calls", folder / "out"
    engine.write_text(ENGINE.replace("/usr/bin/env python", sys.executable), encoding="utf-8")
    engine.chmod(0o755)
    with Simulation([HostSpec(scenario="windows_server_2022", name="vm")]) as simulation:
        (host,) = simulation.hosts
        for name, value in (("FAKE_LOG", str(log)), ("FAKE_ADDRESS", host.address), ("FAKE_STATE", state)):
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(machine, "new_password", lambda: host.password)
        monkeypatch.setattr(machine, "USER", host.user)
        monkeypatch.setattr(machine, "SECONDS_BETWEEN", 0.05)
        # As where there is KVM.
        monkeypatch.setattr("os.access", lambda _path, _mode: True)
        status = run.main(["--windows", "2022", "--engine", str(engine), "--steps", "audit", "--out", str(out)])
        return Started(status, out, [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()], host.password)


@pytest.mark.slow
def test_a_machine_is_started_waited_for_tried_and_thrown_away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = started(tmp_path, monkeypatch, state="running")
    page = (ran.folder / PAGE).read_text(encoding="utf-8")
    assert ran.status == 0, page
    assert "it is Windows Server 2022 (build 20348)" in page
    words = [call["words"] for call in ran.calls]
    first = next(place for place, call in enumerate(words) if "up" in call)
    assert {"REAL_PASSWORD", "REAL_OEM", "REAL_VERSION"} <= set(ran.calls[first]["given"])
    assert words[-1][:1] == ["compose"]
    assert words[-1][-4:] == ["down", "--volumes", "--timeout", "60"]
    # WinRM has to answer several times: the first answer may come before a restart of the set-up.
    assert sum("IPAddress" in " ".join(call) for call in words) >= machine.ANSWERS
    # Whoever lists the processes of the machine sees no password.
    assert ran.password not in json.dumps(words)
    assert ran.password not in "".join(path.read_text(encoding="utf-8") for path in ran.folder.rglob("*") if path.is_file())


@pytest.mark.slow
def test_a_machine_that_ends_is_told_and_thrown_away_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran = started(tmp_path, monkeypatch, state="exited")
    assert ran.status == 2
    assert "make real: the container is exited: no disk" in capsys.readouterr().err
    assert "down" in ran.calls[-1]["words"]
    assert not ran.folder.exists()
