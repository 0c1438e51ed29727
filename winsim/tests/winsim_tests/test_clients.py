# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clients of others, written against other hosts than these: what they ask for they get.

pywinrm and pypsrp are used throughout the tests. python-dracclient was made for Dell's iDRAC and asks by its own rules (no Content-Type,
MaxElements of its own, lxml); the npm package winrm-client is there where `NODE_PATH` leads to it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator

import pytest
from dracclient.exceptions import WSManInvalidResponse  # type: ignore[import-untyped]  # it ships no types
from dracclient.wsman import Client  # type: ignore[import-untyped]  # it ships no types

from winsim.server import Host, HostSpec, Simulation
from winsim_tests.envelopes import WMI, W

pytestmark = pytest.mark.slow

SERVICES = f"{WMI}/Win32_Service"
CALL = """
const [command, address, user, password, port] = process.argv.slice(1);
require("winrm-client").runCommand(command, address, user, password, Number(port)).then(
  (said) => process.stdout.write(JSON.stringify(said)),
  (error) => { console.error(error); process.exit(1); },
);
"""


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    with Simulation([HostSpec("windows_server_2022", name="srv", auth="basic")]) as running:
        yield running["srv"]


@pytest.fixture
def dracclient(host: Host, monkeypatch: pytest.MonkeyPatch) -> Client:
    monkeypatch.setenv("no_proxy", "127.0.0.0/8")
    return Client(host.address, host.user, host.password, port=host.port, protocol=host.scheme)


def test_dracclient_reads_all_pages(dracclient: Client, host: Host) -> None:
    rows = dracclient.enumerate(SERVICES, max_elems=20).find(f".//{W}Items")
    names = [row.findtext("{*}Name") for row in rows]
    assert len(set(names)) == len(names) > 100
    assert "Spooler" in names


def test_dracclient_asks_by_wql(dracclient: Client) -> None:
    query = "select Name, State from Win32_Service where Name = 'Spooler'"
    (row,) = dracclient.enumerate(f"{WMI}/*", filter_query=query, filter_dialect="wql").find(f".//{W}Items")
    assert (row.findtext("{*}Name"), row.findtext("{*}State")) == ("Spooler", "Running")


def test_dracclient_calls_a_method(dracclient: Client) -> None:
    answer = dracclient.invoke(SERVICES, "StopService", {"Name": "Spooler"}, {})
    assert answer.findtext(".//{*}ReturnValue") == "0"
    again = dracclient.invoke(SERVICES, "StopService", {"Name": "Spooler"}, {})
    assert again.findtext(".//{*}ReturnValue") == "6"  # Microsoft, Win32_Service.StopService: not started


def test_dracclient_is_told_of_a_fault(dracclient: Client) -> None:
    with pytest.raises(WSManInvalidResponse):
        dracclient.enumerate(f"{WMI}/Win32_NoSuchClass")


def test_winrm_client_of_npm_runs_a_command(host: Host) -> None:
    node = shutil.which("node")
    if node is None or subprocess.run([node, "-e", "require('winrm-client')"], capture_output=True, check=False).returncode != 0:
        pytest.skip("node or its package winrm-client is not installed (NODE_PATH names a folder node_modules)")
    command = [node, "-e", CALL, "netstat -an", host.address, host.user, host.password, str(host.port)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout).startswith("Active Connections")
