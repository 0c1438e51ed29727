# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Modules and roles say what the code does: options as the argument specs have them, results as a run returns them."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.netmin.windows.plugins.plugin_utils._action import mapper
from ansible_collections.netmin.windows.plugins.plugin_utils._baseline.allowed import Allowed
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, WinrmListener
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import EndpointMap, MapState, RpcEntry, RpcSequence
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import plain
from ansible_collections.netmin.windows.plugins.plugin_utils._session import epm
from ansible_collections.netmin.windows.plugins.plugin_utils._session.stats import Stats

from . import return_values
from .fake_rpc_filters import FakeFilters
from .fakes import FakeAdapter, FakeClock, FakeHost, FakeService, FakeSession
from .role_arguments import CHECKOUT, PREFIX, ROLES, arguments, render

MODULES = sorted(path.stem for path in (CHECKOUT / "plugins/action").glob("*.py") if path.stem != "__init__")
STAGES = ("dcom_protocols", "ip_filter", "name_resolution", "netbt", "rpc_filters", "rpc_restriction", "services", "smb_device")
COMMON = {"diff", "failed", "msg", "warnings"}
"""What any task may return (Ansible, Common return values); modules do not document it again."""


def action_class(name: str) -> Any:
    """Return the action plugin behind a module."""
    return import_module(f"ansible_collections.netmin.windows.plugins.action.{name}").ActionModule


# Options


def as_spec(options: Mapping[str, Any]) -> dict[str, Any]:
    """Turn documented options into the argument spec that they promise."""
    spec = {}
    for name, option in options.items():
        spec[name] = {key: option[key] for key in ("type", "elements", "choices", "default") if option.get(key) is not None}
        if option.get("required"):
            spec[name]["required"] = True
        if option.get("suboptions"):
            spec[name]["options"] = as_spec(option["suboptions"])
    return spec


@pytest.mark.parametrize("name", MODULES)
def test_options_are_documented_as_they_are(name: str, documents: Mapping[str, Any]) -> None:
    assert as_spec(documents[name]["doc"].get("options", {})) == action_class(name).argument_spec


def described(options: Mapping[str, Any], where: str) -> Iterator[tuple[str, str]]:
    """Yield every sentence about an option, with its place."""
    for name, option in options.items():
        texts = option["description"]
        yield from ((f"{where}.{name}", text) for text in ([texts] if isinstance(texts, str) else texts))
        yield from described(option.get("suboptions", {}), f"{where}.{name}")


@pytest.mark.parametrize("stage", STAGES)
def test_an_option_of_minimize_is_described_as_in_its_own_module(stage: str, documents: Mapping[str, Any]) -> None:
    whole, own = documents["minimize"]["doc"]["options"][stage], documents[stage]["doc"]["options"]
    alone = own[stage]["suboptions"] if stage == "services" else {name: own[name] for name in whole["suboptions"]}
    nested = [(place, text.replace(f"O({stage}.", "O(")) for place, text in described(whole["suboptions"], stage)]
    assert nested == list(described(alone, stage))


# Results


def host() -> FakeHost:
    """Return a host on which every module has something to say."""
    netstat = (
        "\r\nActive Connections\r\n\r\n  Proto  Local Address          Foreign Address        State           PID\r\n"
        "  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING       884\r\n"
        "  TCP    0.0.0.0:445            0.0.0.0:0              LISTENING       4\r\n"
        "  TCP    0.0.0.0:1045           0.0.0.0:0              LISTENING       700\r\n"
        "  TCP    0.0.0.0:5985           0.0.0.0:0              LISTENING       4\r\n"
        "  TCP    192.0.2.10:1045        192.0.2.20:80          ESTABLISHED     700\r\n"
        "  TCP    192.0.2.10:5985        192.0.2.9:50100        ESTABLISHED     4\r\n"
        "  UDP    0.0.0.0:500            *:*                                    704\r\n"
    )
    fake = FakeHost(
        services=[
            FakeService("PolicyAgent", pid=704, path=r"C:\lsass.exe"),
            FakeService("SSDPSRV", start="Disabled", state="Stopped"),
            FakeService("RpcSs", pid=884),
            FakeService("WinRM", pid=700),
            FakeService("Dnscache", pid=701),
            FakeService("LmHosts", pid=702),
            FakeService("NetBT", start="System", kind=ServiceKind.DRIVER),
        ],
        adapters=[FakeAdapter(1, "Ethernet", "{6D7F6A4E-52C1-4F7E-9D0B-3A0A4C7B2E11}", ("192.0.2.10",), "00:00:5E:00:53:01")],
        processes={4: "System", 700: "svchost.exe", 701: "svchost.exe", 704: "lsass.exe", 884: "svchost.exe"},
        netstat=[netstat],
        listeners=[WinrmListener("*", "HTTP", 5985, enabled=True)],
    )
    fake.put(r"SOFTWARE\Microsoft\Rpc", "DCOM Protocols", RegistryValue.texts(("ncacn_ip_tcp",)))
    fake.put(
        rf"SYSTEM\CurrentControlSet\Services\NetBT\Parameters\Interfaces\Tcpip_{fake.adapters[0].guid}",
        "NetbiosOptions",
        RegistryValue.dword(0),
    )
    control = r"SYSTEM\CurrentControlSet\Control"
    fake.put(rf"{control}\ComputerName\ActiveComputerName", "ComputerName", RegistryValue.text("HOST"))
    return fake


def host_for(name: str) -> FakeHost:
    """Return the host for one module: the firewall can drop single ports from Windows Vista on only."""
    fake = host()
    if name == "ip_filter":
        fake.version, fake.build = "6.0.6002", 6002
        fake.services += [FakeService("BFE", pid=705), FakeService("MpsSvc", pid=706)]
        for profile in ("DomainProfile", "StandardProfile", "PublicProfile"):
            fake.put(
                rf"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy\{profile}",
                "EnableFirewall",
                RegistryValue.dword(1),
            )
    if name == "rpc_filters":
        fake.version, fake.build, fake.filters = "6.0.6002", 6002, FakeFilters()
        fake.services.append(FakeService("BFE", pid=705))
    return fake


# Nobody listens there, and this machine refuses.
LISTED = {"protocol": "tcp", "address": "0.0.0.0", "port": 1, "ports": None, "count": 1, "scope": "wildcard", "owner": "x in pid 4"}
MAPPED = {"rpc_endpoints": True}
GIVEN: Mapping[str, Mapping[str, Any]] = {
    "baseline": {"hosts": ["host.example"], "dest": "/no/such/folder/baseline.yml"},
    "capture": MAPPED,
    "drift_info": {"baseline": "baseline.yml", "listeners": True, **MAPPED},
    "doctor": {"level": "method", "i_may_break_it": True, "recipes": ["w32time-123"]},
    "drift_summary_info": {"hosts": ["host.example"]},
    "listeners_info": {"facts": True, **MAPPED},
    "minimize": MAPPED,
    "dcom_protocols": {"enable_dcom": False, "remove": ["ncacn_ip_tcp"], **MAPPED},
    "ip_filter": {"residue": "drop", **MAPPED},
    "name_resolution": {"max_cached_sockets": 0, **MAPPED},
    "netbt": {"netbios": "disabled", "lmhosts": "disabled", **MAPPED},
    "rpc_filters": {"presets": ["print_spooler"], "unverified": "apply", "without_confirm": True, **MAPPED},
    "rpc_restriction": {"intranet_ports": ["4000-4100"], **MAPPED},
    "probe_info": {"address": ["127.0.0.1"], "endpoints": [LISTED], "timeout": 1, "retries": 0},
    "report": {"hosts": ["host.example"], "dest": str(CHECKOUT / "build/test-report.html")},
    "services": {"services": [{"name": "PolicyAgent"}, {"name": "SSDPSRV"}], **MAPPED},
    "summary_info": {"hosts": ["host.example"]},
    "show_info": {"of": "audit"},
    "smb_device": {"smb_over_tcp": "disabled", **MAPPED},
}


RPC_MAP = EndpointMap(
    MapState.READ,
    "192.0.2.10 port 135: 1 entries",
    (RpcEntry(UUID("12345678-1234-abcd-ef00-0123456789ab"), (1, 0), RpcSequence.TCP, "1045", "0.0.0.0", "IPSec Policy agent endpoint"),),
)


def run(name: str, fake: FakeHost, *, check_mode: bool = False, detail: str = "full") -> dict[str, Any]:
    """Return what a module returns on a host in memory; `stats`, which needs a session, is put in as the edge does it."""
    made = action_class(name)
    action = made.__new__(made)
    session = FakeSession(fake)
    # The doctor has no result in check mode: it refuses.
    check_mode = check_mode and name != "doctor"

    def open_again() -> FakeSession:
        return session

    def restart(call: Sequence[object]) -> None:
        if call[0] == "reboot":
            fake.lsass_created = "2003-05-01T09:00:20Z"

    session.before = restart
    # The names are Ansible's.
    action._task = SimpleNamespace(check_mode=check_mode, delegate_to=None, no_log=False, diff=True)  # noqa: SLF001
    action._connection = SimpleNamespace(transport="winrm")  # noqa: SLF001
    action._play_context = SimpleNamespace(remote_addr="192.0.2.10")  # noqa: SLF001
    action._loader = SimpleNamespace(path_dwim=str)  # noqa: SLF001
    action._session, action._spent = None, []  # noqa: SLF001
    action.host_name, action.clock, action.writing = "host.example", FakeClock(), False
    action.open_session = action.open_writable = open_again
    action.open_below = lambda _key: session
    action.reopen = _same(open_again)
    if name == "drift_info":
        action._allowed = Allowed("baseline.yml", 1, (), date(2027, 3, 31))  # noqa: SLF001 - what `completed` reads from a file
    elif name == "baseline":
        action._loader = SimpleNamespace(get_basedir=lambda: "/")  # noqa: SLF001 - the name is Ansible's
        action._write = _into_nothing  # noqa: SLF001 - the one place that writes
        action.variables = {"hostvars": {"host.example": {"audit_result": run("listeners_info", host())}}}
    given = {
        **GIVEN.get(name, {}),
        **({"dir": tempfile.mkdtemp()} if name in ("bundle", "capture") else {}),
        **({"detail": detail} if "detail" in made.argument_spec else {}),
    }
    options = ArgumentSpecValidator(dict(made.argument_spec)).validate(given).validated_parameters
    with patch.object(mapper, "login_for", return_value=None), patch.object(epm, "ask", return_value=RPC_MAP):
        result: dict[str, Any] = plain(action.work(options))
    if not made.touches_host:
        return result
    return {**result, "stats": {**Stats().plain(), "seconds": 1.5, "at": "2026-01-01T00:00:00+00:00", "captured_at": None}}


def _into_nothing(_path: Path, _content: str) -> None:
    """Write no file."""


def _same(open_again: Callable[[], FakeSession]) -> Callable[[object], FakeSession]:
    return lambda _opener: open_again()


def problems(value: object, documented: Mapping[str, Any], where: str, detail: str | None = None) -> Iterator[str]:
    """Yield what a value has that its documentation does not say, and the other way round.

    Args:
        detail: what was asked for; None where that is not known.
    """
    kinds: Mapping[str, tuple[type, ...]] = {
        "bool": (bool,),
        "dict": (dict,),
        "float": (float, int),
        "int": (int,),
        "list": (list,),
        "str": (str,),
    }
    kind = documented["type"]
    if value is None or kind == "raw":
        return
    if type(value) not in kinds[kind]:
        yield f"{where} is {type(value).__name__}, not {kind}"
    for item in value if isinstance(value, list) else [value]:
        if isinstance(value, list) and type(item) not in kinds[documented["elements"]]:
            yield f"{where} holds {type(item).__name__}, not {documented['elements']}"
        if "contains" in documented and isinstance(item, dict):
            yield from differences(item, documented["contains"], where, detail)


ONLY_FULL, SOMETIMES = "with O(detail=full)", "if the entry stands for many changes"


def differences(found: Mapping[str, Any], documented: Mapping[str, Any], where: str, detail: str | None = "full") -> Iterator[str]:
    """Compare a mapping with what is documented of its keys."""
    said = {name: str(entry.get("returned", "")) for name, entry in documented.items()}
    full = {name for name in said if said[name].startswith(ONLY_FULL)}
    may_miss = {name for name in said if SOMETIMES in said[name]} | (full if detail is None else set())
    there = documented.keys() - (full if detail == "summary" else set())
    for name in sorted(found.keys() - there):
        yield f"{where}.{name} is {'documented as part of a full result only' if name in documented else 'not documented'}"
    for name in sorted(there - found.keys() - may_miss):
        yield f"{where}.{name} is documented and missing"
    for name in sorted(found.keys() & there):
        yield from problems(found[name], documented[name], f"{where}.{name}", detail)


@pytest.mark.parametrize("detail", ["summary", "full"])
@pytest.mark.parametrize("check_mode", [True, False], ids=["check", "run"])
@pytest.mark.parametrize("name", MODULES)
def test_results_are_documented_as_they_are(name: str, check_mode: bool, detail: str, documents: Mapping[str, Any]) -> None:
    result = run(name, host_for(name), check_mode=check_mode, detail=detail)
    assert not result.get("failed"), result["msg"]
    found = {key: value for key, value in result.items() if key not in COMMON}
    assert list(differences(found, documents[name]["return"], name, detail)) == []


@pytest.mark.parametrize("name", [*STAGES, "minimize"])
def test_the_host_shows_a_sample_of_every_list(name: str) -> None:
    result = run(name, host_for(name))
    assert result["changes"]
    assert result["forecast"]
    # Only the netstat of Windows 2000 and XP shows listeners that are none, and nothing is filtered there.
    assert bool(result["suspected"]) is (name not in ("ip_filter", "rpc_filters"))


@pytest.mark.parametrize("name", MODULES)
def test_samples_are_of_the_type_that_is_documented(name: str, documents: Mapping[str, Any]) -> None:
    found = []
    for key, entry in documents[name]["return"].items():
        if "sample" in entry:
            found += list(problems(entry["sample"], entry, key))
    assert found == []


def test_a_result_that_is_not_documented_is_seen() -> None:
    documented = {"a": {"type": "list", "elements": "dict", "contains": {"b": {"type": "int"}}}, "c": {"type": "str"}}
    assert list(differences({"a": [{"b": True, "d": 1}]}, documented, "x")) == [
        "x.c is documented and missing",
        "x.a.d is not documented",
        "x.a.b is bool, not int",
    ]


def test_what_a_summary_has_too_much_is_seen() -> None:
    documented = {"a": {"type": "int", "returned": ONLY_FULL}, "b": {"type": "int", "returned": "always"}}
    assert list(differences({"a": 1, "b": 1}, documented, "x", "summary")) == ["x.a is documented as part of a full result only"]
    assert list(differences({"b": 1}, documented, "x", "summary")) == []
    assert list(differences({"b": 1}, documented, "x", "full")) == ["x.a is documented and missing"]


def test_the_results_of_every_module_are_stated() -> None:
    assert sorted(return_values.modules()) == MODULES


@pytest.mark.parametrize("name", MODULES)
def test_the_results_of_a_module_are_written_from_what_is_stated(name: str) -> None:
    written = (CHECKOUT / "plugins/modules" / f"{name}.py").read_text(encoding="utf-8")
    assert written == return_values.render(written, return_values.modules()[name]), "run tests/unit/return_values.py"


MODULE = 'DOCUMENTATION = r"""\nmodule: x\n"""\n\nRETURN = r"""\nold:\n  type: int\n"""\n'


def test_results_are_written_in_full_and_in_order() -> None:
    stated = {"a": {"contains": {"b": {"type": "int"}}, "sample": {"b": 1}, "returned": "always", "type": "dict"}, "c": None}
    made = return_values.render(MODULE, stated)
    assert made == (
        f'DOCUMENTATION = r"""\nmodule: x\n"""\n\n{return_values.HEAD}RETURN = r"""\n'
        "a:\n  type: dict\n  returned: always\n  contains:\n    b:\n      type: int\n      returned: always\n  sample:\n    b: 1\n"
        '"""\n'
    )
    assert return_values.render(made, stated) == made


@pytest.mark.parametrize(
    ("code", "stated", "problem"),
    [
        (MODULE, {"a": {"typ": "int"}}, "a result has no typ"),
        (MODULE, {"a": {"contains": {"b": {"choices": []}}}}, "a result has no choices"),
        ("", {}, "the module has 0 RETURN blocks, not one"),
        (MODULE * 2, {}, "the module has 2 RETURN blocks, not one"),
    ],
)
def test_results_that_cannot_be_written_are_refused(code: str, stated: Mapping[str, Any], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        return_values.render(code, stated)


# Roles


def load(role: str, path: str) -> Any:
    """Return the content of a role's file."""
    return yaml.safe_load((CHECKOUT / "roles" / role / path).read_text(encoding="utf-8"))


def docs_of(documents: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the documentation part alone."""
    return {name: entry["doc"] for name, entry in documents.items()}


def test_every_role_is_known() -> None:
    assert sorted(path.name for path in (CHECKOUT / "roles").iterdir()) == sorted(ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_the_variables_of_a_role_are_those_of_its_modules(role: str, documents: Mapping[str, Any]) -> None:
    written = (CHECKOUT / "roles" / role / "meta/argument_specs.yml").read_text(encoding="utf-8")
    assert written == render(role, docs_of(documents)), "run tests/unit/role_arguments.py"


@pytest.mark.parametrize("role", ROLES)
def test_the_defaults_of_a_role_are_those_of_its_modules(role: str, documents: Mapping[str, Any]) -> None:
    options = arguments(role, docs_of(documents))
    assert (load(role, "defaults/main.yml") or {}) == {name: option["default"] for name, option in options.items() if "default" in option}


@pytest.mark.parametrize("role", ROLES)
def test_a_role_reaches_every_option(role: str, documents: Mapping[str, Any]) -> None:
    others = sorted(path.name for path in (CHECKOUT / "roles" / role / "tasks").glob("*.yml") if path.name != "main.yml")
    tasks = [task for name in ("main.yml", *others) for task in load(role, f"tasks/{name}")]
    registered = []
    for module, prefix in ROLES[role].modules.items():
        (task,) = (task for task in tasks if PREFIX + module in task)
        shared, own = ROLES[role].shared, f"{prefix}_"
        expected = {
            name: f"{{{{ {shared.get(own + name, own + name)}{'' if option.get('default') is not None else ' | default(omit)'} }}}}"
            for name, option in documents[module]["doc"].get("options", {}).items()
        }
        said = {**ROLES[role].said, **ROLES[role].fixed}
        expected |= {name: said[own + name] for name in expected if own + name in said}
        assert (task[PREFIX + module] or {}) == expected
        registered.append(task["register"])
    assert registered[0] == f"{role}_result"


@pytest.mark.parametrize("role", ROLES)
def test_a_role_names_its_variables_in_its_readme(role: str, documents: Mapping[str, Any]) -> None:
    text = (CHECKOUT / "roles" / role / "README.md").read_text(encoding="utf-8")
    assert [name for name in arguments(role, docs_of(documents)) if f"| `{name}` |" not in text] == []


# Playbooks

INVENTORY = "[web]\nweb1\nweb2\n[db]\ndb1\n"


@pytest.mark.parametrize("playbook", ["audit", "baseline", "bundle", "capture", "doctor", "drift", "minimize", "rollback", "verify"])
@pytest.mark.parametrize(
    ("given", "hosts"),
    [
        ([], []),
        (["--extra-vars", "target=db"], ["db1"]),
        (["--limit", "web1"], ["web1"]),
        (["--extra-vars", "target=web", "--limit", "web2,db1"], ["web2"]),
    ],
    ids=["nobody", "target", "limit", "both"],
)
def test_a_playbook_acts_on_hosts_that_are_named_only(playbook: str, given: list[str], hosts: list[str], tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text(INVENTORY, encoding="utf-8")
    tool = str(Path(sys.executable).parent / "ansible-playbook")
    command = [tool, "--inventory", str(tmp_path / "hosts"), PREFIX + playbook, "--list-hosts", *given]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(CHECKOUT / ".cache")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=tmp_path)
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert (done.returncode == 0) is bool(hosts), done.stderr
    if not hosts:
        assert "No host is named" in done.stdout + done.stderr
        assert not any(line.startswith("hosts (") for line in lines)
        return
    assert f"hosts ({len(hosts)}):" in lines
    assert [line for line in lines if line in ("web1", "web2", "db1")] == hosts
