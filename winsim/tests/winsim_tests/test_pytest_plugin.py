# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The fixture as others use it, and the README's example of it."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from pathlib import Path
from urllib.request import ProxyHandler, build_opener

import pytest
import winrm

from winsim.pytest_plugin import StartHosts
from winsim.scenarios import ScenarioError

README = Path(__file__).parents[2] / "README.md"
OPENER = build_opener(ProxyHandler({}))


def test_hosts_say_how_they_are_reached(winsim_hosts: StartHosts, tmp_path: Path) -> None:
    file = tmp_path / "mine.yml"
    file.write_text("extends: windows_server_2022\ntitle: mine\n", encoding="utf-8")
    xp, other, mine = winsim_hosts("2*windows_xp", file)
    assert (xp.name, other.name, mine.name) == ("xp-1", "xp-2", "mine")
    assert (xp.port, xp.auth, xp.user) == (5985, "ntlm", "Administrator")
    assert len({host.address for host in (xp, other, mine)}) == 3
    assert mine.inventory_variables["ansible_host"] == mine.address
    with OPENER.open(f"{mine.window_url}/services", timeout=30) as answer:
        assert json.load(answer)["LanmanServer"]["state"] == "running"


def test_it_can_be_called_again(winsim_hosts: StartHosts) -> None:
    (first,) = winsim_hosts("windows_xp", auth="basic")
    (second,) = winsim_hosts("windows_xp", tls=True)
    for host in (first, second):
        # Without `ignore` a CA bundle of the environment makes the library warn.
        session = winrm.Session(host.url, auth=(host.user, host.password), transport=host.auth, proxy=None, server_cert_validation="ignore")
        assert session.run_cmd("netstat", ["-an"]).status_code == 0
    assert (first.scheme, second.scheme) == ("http", "https")


def test_a_scenario_that_does_not_exist_is_named(winsim_hosts: StartHosts) -> None:
    with pytest.raises(ScenarioError, match="no scenario is called windows_95"):
        winsim_hosts("windows_95")


def pytest_of_others(folder: Path, *arguments: str, **files: str) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder that knows nothing of winsim; warnings are errors."""
    for name, content in files.items():
        folder.joinpath(f"{name}.py").write_text(content, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-W", "error", "--strict-markers", "-p", "no:cacheprovider", *arguments]
    # pywinrm warns where the environment names a CA bundle, and a proxy of the environment would be asked for the loopback.
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith(("_ca_bundle", "_proxy"))}
    return subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.slow
def test_the_example_of_the_readme_runs(tmp_path: Path) -> None:
    (example,) = re.findall(r"^```python\n(import winrm\n.*?)^```", README.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    done = pytest_of_others(tmp_path, test_example=example)
    assert re.search(r"^\d+ passed", done.stdout, re.MULTILINE), done.stdout + done.stderr
    assert done.returncode == 0


@pytest.mark.slow
def test_hosts_end_with_the_test(tmp_path: Path) -> None:
    source = """
import pathlib, pytest

def test_one(winsim_hosts):
    (host,) = winsim_hosts("windows_xp")
    pathlib.Path("where").write_text(f"{host.address} {host.port}")
    raise ValueError("the test breaks off")
"""
    done = pytest_of_others(tmp_path, test_others=source)
    assert "1 failed" in done.stdout, done.stdout + done.stderr
    address, port = tmp_path.joinpath("where").read_text(encoding="utf-8").split()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((address, int(port)), timeout=5)


@pytest.mark.slow
def test_whoever_does_not_use_it_does_not_pay_for_it(tmp_path: Path) -> None:
    source = "import sys\n\ndef test_one():\n    assert 'winsim.server' not in sys.modules and 'aiohttp' not in sys.modules\n"
    done = pytest_of_others(tmp_path, test_others=source)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "winsim_hosts" in pytest_of_others(tmp_path, "--fixtures").stdout
