# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Both hosts walk through the article, step by step, with WMI calls alone; after each step `netstat` is what the article prints.

Up to the first boot ports, addresses and PIDs are compared exactly. A boot keeps neither PIDs nor dynamic ports (the article's
tables do, as they were taken without one): from then on fixed ports are compared exactly, the others by protocol and owner.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
import yaml

from winsim.endpoint import Protocol

from .beside import ARTICLE
from .providers.walk import RPC, SERVICES, Listed, Walk, walk

WINRM = (Protocol.TCP, "0.0.0.0", 5985)
HOSTS = {"windows_2000": "win2000", "windows_xp": "winxp"}
KERNEL = {"windows_2000": 8, "windows_xp": 4}
DRIVER, DEVICE = "cifs-method-1-netbt-driver", "cifs-method-2-smbdeviceenabled"
RENAMED = {
    "iisadmin": "WebAdmin", "w3svc": "WebServer", "smtpsvc": "MailServer", "policyagent": "KeyExchange", "msdtc": "Coordinator",
    "lmhosts": "NameHelper", "messenger": "Popups", "schedule": "Tasks", "rasman": "DialOut", "netbt": "NetXT",
    "lanmanworkstation": "FileClient", "lanmanserver": "FileServer", "dnscache": "NameCache",
}  # fmt: skip

Step = dict[str, Any]


@pytest.fixture(scope="module")
def article() -> dict[str, Any]:
    """The article as data."""
    loaded = yaml.safe_load(ARTICLE.at().read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def steps_of(article: Mapping[str, Any], scenario: str) -> list[Step]:
    """Return the steps of one host, the table of the default install first."""
    steps: list[Step] = article["hosts"][HOSTS[scenario]]["steps"]
    return steps


def take(host: Walk, action: Mapping[str, Any], cifs: str) -> bool:
    """Do what a step says, with the start mode set as well; tell whether it needs a boot."""
    kind = action["kind"]
    for service in (*action.get("services_stopped", ()), *action.get("services_disabled", ())):
        name = host.name(service)
        for dependent in action.get("dependents_stopped_with_it", ()):
            host.disable(host.name(dependent))
        host.disable(name)
        host.stop(name)
    if kind == "netbios_off_per_adapter":
        host.netbios_off()
    elif kind == "cifs_445":
        return take_cifs(host, cifs)
    elif kind == "registry":
        key = action["key"].removeprefix("HKEY_LOCAL_MACHINE\\")
        method = {"REG_SZ": "SetStringValue", "REG_DWORD": "SetDWORDValue"}[action["type"]]
        argument = {"REG_SZ": "sValue", "REG_DWORD": "uValue"}[action["type"]]
        host.write(key, action["name"], method, **{argument: str(action["data"])})
    elif kind == "registry_multi_sz_remove":
        before = host.registry("GetMultiStringValue", RPC, action["name"]).get("sValue", [])
        assert isinstance(before, list)
        host.write(RPC, action["name"], "SetMultiStringValue", sValue=[entry for entry in before if entry not in action["remove"]])
    return False


def take_cifs(host: Walk, method: str) -> bool:
    """Close raw SMB with one of the article's two methods."""
    netbt = host.name("netbt")
    if method == DEVICE:
        host.write(rf"{SERVICES}\{netbt}\Parameters", "SmbDeviceEnabled", "SetDWORDValue", uValue="0")
        return True
    for service in ("lanmanworkstation", "lanmanserver", "netbt"):
        host.stop(host.name(service))
    host.write(rf"{SERVICES}\{netbt}", "Start", "SetDWORDValue", uValue="4")
    return False


def chosen(step: Step, choice: int) -> Mapping[str, Any]:
    """Return a step's action, one of several where the article leaves the choice."""
    action: Mapping[str, Any] = step["action"]
    return action["choices"][choice] if action["kind"] == "one_of" else action


def table(step: Step, scenario: str) -> set[Listed]:
    """Return a step's table with the management listener that these systems never had."""
    rows = {Listed(Protocol(row["proto"]), row["addr"], row["port"], row.get("pid")) for row in step["listeners"]}
    return {*rows, Listed(*WINRM, KERNEL[scenario] if scenario == "windows_xp" else None)}


def owners(steps: list[Step]) -> dict[tuple[Protocol, int], str]:
    """Return who owns the dynamic ports of the default install, by the article."""
    found: dict[tuple[Protocol, int], str] = {}
    for row in steps[0]["attribution"]:
        owner = row["owner"].lower()
        if "rpc over" in owner or owner.startswith("dnscache"):
            name = "iisadmin" if "inetinfo" in owner else owner.split()[0]
            found[Protocol(row["proto"]), row["port"]] = name
    return found


def fixed(rows: Iterable[Listed], dynamic: Iterable[tuple[Protocol, int]]) -> set[tuple[Protocol, str, int]]:
    """Return the rows whose port is no dynamic one."""
    ports = set(dynamic)
    return {(row.protocol, row.address, row.port) for row in rows if (row.protocol, row.port) not in ports}


def check_after_boot(host: Walk, expected: set[Listed], known: Mapping[tuple[Protocol, int], str]) -> None:
    """Compare fixed ports exactly, the others by protocol, address and owner."""
    shown = host.listening()
    assert fixed(shown, host.dynamic_ports()) == fixed(expected, known)
    wanted = {(row.protocol, row.address, known[row.protocol, row.port]) for row in expected if (row.protocol, row.port) in known}
    assert host.dynamic() == wanted
    assert {(row.protocol, row.port) for row in shown} >= host.dynamic_ports()


@pytest.mark.parametrize("choice", [0, 1], ids=["dnscache stopped", "MaxCachedSockets"])
@pytest.mark.parametrize("cifs", [DRIVER, DEVICE])
@pytest.mark.parametrize("scenario", HOSTS)
def test_every_step(article: Mapping[str, Any], scenario: str, cifs: str, choice: int) -> None:
    host = walk(scenario)
    steps = steps_of(article, scenario)
    known = owners(steps)
    assert host.listening() == table(steps[0], scenario)
    booted = False
    for step in steps[1:]:
        action = chosen(step, choice)
        boot = take(host, action, cifs) or step["reboot"] is True or action["kind"] == "registry" or "implied" in str(step["reboot"])
        if boot:
            host.reboot()
            booted = True
        if booted:
            check_after_boot(host, table(step, scenario), known)
        else:
            assert host.listening() == table(step, scenario), step["id"]
    assert {(row.protocol, row.address, row.port) for row in host.listening()} == {WINRM}
    host.reboot()
    assert {(row.protocol, row.address, row.port) for row in host.listening()} == {WINRM}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("scenario", HOSTS)
def test_any_order_ends_the_same(article: Mapping[str, Any], scenario: str, seed: int) -> None:
    """The same steps in another order, on a host whose ports are shuffled, with boots in between, end in the same set."""
    draw = random.Random(seed)
    host = walk(scenario, seed=seed)
    steps = steps_of(article, scenario)[1:]
    draw.shuffle(steps := list(steps))
    for step in steps:
        take(host, chosen(step, draw.randrange(2)), draw.choice((DRIVER, DEVICE)))
        if draw.random() < 0.3:
            host.reboot()
    host.reboot()
    assert {(row.protocol, row.address, row.port) for row in host.listening()} == {WINRM}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("scenario", HOSTS)
def test_part_of_the_steps_in_any_order(article: Mapping[str, Any], scenario: str, seed: int) -> None:
    """What stays open depends on which steps were taken, not on their order."""
    draw = random.Random(seed)
    some = draw.sample(steps_of(article, scenario)[1:], 4)
    ends = []
    for shuffled in (some, some[::-1]):
        host = walk(scenario)
        for step in shuffled:
            take(host, chosen(step, 0), DEVICE)
        host.reboot()
        ends.append((fixed(host.listening(), host.dynamic_ports()), host.dynamic()))
    assert ends[0] == ends[1]
    assert len(ends[0][0]) > 1


def test_a_copy_under_other_names_closes_as_well(article: Mapping[str, Any]) -> None:
    host = walk("windows_2000_renamed")
    host.names = RENAMED
    before = {row.port for row in host.listening()}
    assert not before & {25, 80, 135, 443, 445, 1025, 3456}
    for step in steps_of(article, "windows_2000")[1:]:
        if take(host, chosen(step, 0), DEVICE) or step["reboot"] is True:
            host.reboot()
    assert {(row.protocol, row.address, row.port) for row in host.listening()} == {WINRM}
