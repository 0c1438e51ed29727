# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One list of services and ports for a mixed fleet: refused at once, or skipped where a host does not have them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, NotFound, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import minimize_wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Prepared, Run
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.simulated import DEFAULTS, KNOWLEDGE, simulated

# Of a published benchmark; no Windows has all of them.
NAMES = ("Browser", "Fax", "IISADMIN", "irmon", "LxssManager", "FTPSVC", "sshd", "PNRPsvc", "p2psvc", "p2pimsvc", "Spooler", "RpcLocator")
KEEP = ({"service": "MSSQLSERVER"}, {"port": "tcp/49999"}, {"port": "udp/137"})


def prepared(name: str, services: Sequence[str] | None = NAMES, keep: Sequence[Mapping[str, str]] = KEEP, **given: Any) -> Prepared:
    wishes = [{"name": wish, "state": "stopped", "start_mode": "disabled"} for wish in services or ()] or None
    kept = [{**entry, "reason": "needed"} for entry in keep]
    options = {**DEFAULTS, "services": wishes, "stages": ("services",), "keep": kept, **given}
    with simulated(name) as host:
        run = Run(KNOWLEDGE, FakeClock(), "20260101T000000Z-000001")
        return run.prepare(host.session, lambda survey, blocks: minimize_wanted(options, survey, KNOWLEDGE, blocks))


@pytest.mark.parametrize("name", ["windows_xp", "windows_7", "windows_server_2022"])
def test_all_that_a_host_does_not_have_is_refused_at_once(name: str) -> None:
    with pytest.raises(Refused) as caught:
        prepared(name, missing="refuse")
    said = str(caught.value)
    assert "there is no service 'MSSQLSERVER'" in said
    assert "tcp/49999" in said
    assert sum(f"there is no service '{other}'" in said for other in NAMES) >= 4


@pytest.mark.parametrize("name", ["windows_2000", "windows_xp", "windows_7", "windows_server_2012_r2", "windows_11", "windows_server_2025"])
def test_what_a_host_does_not_have_is_skipped_and_told(name: str) -> None:
    with simulated(name) as host:
        have = {service.lower() for service in NAMES if host.computer.host.services.find(service) is not None}
    made = prepared(name, missing="skip", accept=["management-agents"])
    absent = {item.target for item in made.plan.unchanged if item.reason is Reason.ABSENT}
    assert absent >= {f"service {service}" for service in NAMES if service.lower() not in have}
    assert absent >= {"keep service MSSQLSERVER", "keep port tcp/49999"}
    assert "keep port udp/137" not in absent
    assert all("Spooler" not in target for target in absent)


def test_a_misspelt_name_that_is_skipped_is_told_with_what_was_perhaps_meant() -> None:
    made = prepared("windows_server_2022", ["Spoolr"], missing="skip", keep=[{"service": "Dnscach"}])
    told = {item.target: item.detail for item in made.plan.unchanged if item.reason is Reason.ABSENT}
    assert "did you mean Spooler" in told["service Spoolr"]
    assert "did you mean Dnscache" in told["keep service Dnscach"]


@pytest.mark.parametrize(
    ("services", "keep", "kind", "words"),
    [
        (["Print Spooler"], (), NotFound, "key name is 'Spooler'"),
        (None, ({"service": "Print Spooler"},), NotFound, "key name is 'Spooler'"),
        (None, ({"port": "445"},), InvalidOption, "is not a port"),
        (None, ({"recipe": "smb445"},), InvalidOption, "did you mean smb-445"),
        (None, ({"port": "tcp/445", "service": "MSSQLSERVER"},), InvalidOption, "exactly one"),
    ],
)
def test_what_no_host_can_have_is_refused_all_the_same(
    services: Sequence[str] | None, keep: Sequence[Mapping[str, str]], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        prepared("windows_server_2022", services, keep, missing="skip")
