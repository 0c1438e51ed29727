# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The twin of a host: a capture of it is the capture that it was made from, and a change on it ends as on the host.

Every third host is tried; with NETMIN_EVERY_FAULT in the environment all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.action import ip_filter, listeners_info, minimize, proof_info, restore
from ansible_collections.netmin.windows.plugins.plugin_utils._action.base import WindowsAction
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.file import decoded
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import Capture
from ansible_collections.netmin.windows.tests.unit.actions import act
from ansible_collections.netmin.windows.tests.unit.canonical import BY_NATURE, canonical
from ansible_collections.netmin.windows.tests.unit.captured import captured
from ansible_collections.netmin.windows.tests.unit.examples import MANY, examples
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, boot, scenario, simulated
from ansible_collections.netmin.windows.tests.unit.twins import alike, as_file, started, twin_of
from hypothesis import given
from hypothesis import strategies as st

from winsim.scenarios import names
from winsim.twins import CaptureError

THINNED = 3
PARTS = (
    "windows_server_2022+hazard_iis_http_sys",
    "windows_server_2019+hazard_domain_controller",
    "windows_xp+hazard_gpo_conflict",
    "windows_7+hazard_port_proxy",
)
HOSTS = (*names(), *PARTS)
# What a host does beyond all rules shows in no capture: these have faults armed from the start, or names that no Windows has.
BEYOND_RULES = frozenset(
    {name for name in names() if scenario(name).host.faults} - {"windows_xp_service_returns", "windows_xp_slow_start"}
) | {"windows_2000_renamed"}
# From one Windows of each kind, with roles.
LOOPS = (
    *("windows_2000", "windows_xp_false_listening", "windows_7", "windows_server_2012_r2", "windows_10"),
    *("windows_server_2016_dns_server", "windows_server_2022_browser"),
)
DROP: dict[str, Any] = {"residue": "drop", "unknown": True}
NEVER_BACK = "windows_xp_no_return"


def settle(host: Simulated, name: str) -> None:
    """Let delayed services start: after a boot, where the host comes back from one."""
    if name == NEVER_BACK:
        host.clock.advance(600)
    else:
        host.boot()


def capture_of_twin(node: Any) -> Capture:
    """Make the twin of a capture and capture that."""
    with started(twin_of(node)) as twin:
        return captured(twin).capture


@pytest.mark.parametrize("name", HOSTS if MANY else HOSTS[::THINNED])
def test_a_capture_of_the_twin_is_that_of_the_host(name: str) -> None:
    with simulated(name) as host:
        settle(host, name)
        first = captured(host).capture
        endpoints = host.endpoints()
    twin = twin_of(as_file(first))
    with started(twin) as copy:
        # Not even a dynamic port is another at the first look.
        assert copy.endpoints() == endpoints
        assert canonical(captured(copy).capture) == canonical(first)
    assert any(sentence.startswith("timing: ") for sentence in twin.cannot_tell)


Change = Callable[[Simulated], object]


def denied(host: Simulated) -> None:
    """Refuse some classes and a command."""
    host.computer.inject({"kind": "method_denied", "class": "Win32_Share"})
    host.computer.inject({"kind": "method_denied", "class": "Win32_ServerFeature"})
    host.computer.inject({"kind": "method_denied", "class": "StdRegProv", "method": "GetSecurityDescriptor"})


def changed_and_booted(host: Simulated) -> None:
    """Close ports and restart."""
    act(minimize.ActionModule, host)
    boot(host)


CHANGES: dict[str, Change] = {
    "changed and not booted": lambda host: act(minimize.ActionModule, host),
    "changed and booted": changed_and_booted,
    "a timer waits": lambda host: act(minimize.ActionModule, host, confirm={"within": 600, "hold": True}),
    "rules of ours": lambda host: act(ip_filter.ActionModule, host, **DROP),
    "classes are refused": denied,
}


@pytest.mark.parametrize("name", ["windows_xp", "windows_10"])
@pytest.mark.parametrize("change", CHANGES)
def test_a_host_is_copied_as_it_is_and_not_as_it_was_installed(name: str, change: str) -> None:
    with simulated(name) as host:
        host.boot()
        CHANGES[change](host)
        first = captured(host).capture
    assert canonical(capture_of_twin(as_file(first))) == canonical(first)


# What is done on both, in this order; None is a boot.
STEPS: tuple[tuple[type[WindowsAction], dict[str, Any], bool] | None, ...] = (
    (listeners_info.ActionModule, {}, False),
    (minimize.ActionModule, {}, True),
    (minimize.ActionModule, {}, False),
    None,
    (proof_info.ActionModule, {}, False),
    (listeners_info.ActionModule, {}, False),
    (minimize.ActionModule, {}, True),
    (restore.ActionModule, {}, False),
    None,
    (proof_info.ActionModule, {}, False),
    (listeners_info.ActionModule, {}, False),
)


def rehearse(host: Simulated) -> list[Any]:
    """Go there and back, and return what each step says."""
    said: list[Any] = []
    for step in STEPS:
        if step is None:
            boot(host)
        else:
            action, options, check = step
            acted = act(action, host, check=check, **options)
            said.append((action.__module__.rpartition(".")[2], alike(acted.result), alike(str(acted.error or ""))))
    return said


@pytest.mark.parametrize("name", [name for name in HOSTS if name not in BEYOND_RULES] if MANY else LOOPS)
def test_plan_boot_proof_and_rollback_end_as_on_the_host(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        node = as_file(captured(host).capture)
        on_host = rehearse(host)
    with started(twin_of(node)) as twin:
        on_twin = rehearse(twin)
    for (step, said, error), (_step, there, error_there) in zip(on_twin, on_host, strict=True):
        assert (said, error) == (there, error_there), step


def test_the_hosts_that_no_rule_describes_are_few() -> None:
    assert len(BEYOND_RULES) <= 8
    assert BEYOND_RULES.isdisjoint(LOOPS)


# What counts, and what does not


@pytest.fixture(scope="module")
def node() -> Any:
    """Capture a Server 2022."""
    with simulated("windows_server_2022") as host:
        host.boot()
        return as_file(captured(host).capture)


def rows(node: Any, wmi_class: str) -> list[dict[str, Any]]:
    """Return the rows of a class at the first moment."""
    found: list[dict[str, Any]] = query(node, wmi_class)["rows"]
    return found


def query(node: Any, wmi_class: str) -> dict[str, Any]:
    """Return the first answer of a class."""
    found: dict[str, Any] = next(entry for entry in node["moments"][0]["queries"] if entry["wmi_class"] == wmi_class)
    return found


def key(node: Any, name: str) -> dict[str, Any]:
    """Return a key at the first moment."""
    found: dict[str, Any] = next(entry for entry in node["moments"][0]["keys"] if entry["key"].lower() == name.lower())
    return found


def of(listed: list[dict[str, Any]], **wanted: str) -> dict[str, Any]:
    """Return the first row with these cells."""
    return next(row for row in listed if all(row.get(name) == value for name, value in wanted.items()))


OLE, SERVICES = r"SOFTWARE\Microsoft\Ole", r"SYSTEM\CurrentControlSet\Services"
REFUSED = {"kind": "AccessDenied", "message": "no", "code": 5, "subcode": "AccessDenied"}
FAILED = {"kind": "MethodFailed", "message": "no", "return_value": 0x80041001}
SESSION = r"SYSTEM\CurrentControlSet\Control\Session Manager"
RENAMES = {"name": "PendingFileRenameOperations", "asked": "REG_MULTI_SZ", "error": FAILED}
# A number that winsim has never heard of.
ODD = {"kind": "Fault", "message": "no", "code": 0x80071234, "subcode": "InternalError"}
FORBIDDEN = {"kind": "AccessDenied", "message": "no", "code": 0x803381AC, "subcode": "InternalError"}
OFF = {"address": "*", "transport": "HTTPS", "port": 5986, "enabled": False}
STOPPED = {"State": "Stopped", "AcceptStop": "false", "ProcessId": "0"}
COUNTS: dict[str, Callable[[Any], object]] = {
    "a state": lambda node: of(rows(node, "Win32_Service"), Name="Spooler").update(STOPPED),
    "a start mode": lambda node: of(rows(node, "Win32_Service"), Name="Spooler").update(StartMode="Manual"),
    "an exit code": lambda node: of(rows(node, "Win32_Service"), Name="Spooler").update(ExitCode="5"),
    "what takes a stop": lambda node: of(rows(node, "Win32_Service"), Name="Spooler").update(AcceptStop="false"),
    "the program of a process": lambda node: of(rows(node, "Win32_Process"), Name="spoolsv.exe").update(Name="other.exe"),
    "a fixed port": lambda node: of(rows(node, "MSFT_NetTCPConnection"), LocalPort="445").update(LocalPort="446"),
    "an address": lambda node: of(rows(node, "MSFT_NetTCPConnection"), LocalPort="445").update(LocalAddress="127.0.0.1"),
    "an owner": lambda node: of(rows(node, "MSFT_NetUDPEndpoint"), LocalPort="123").update(OwningProcess="4"),
    "a missing socket": lambda node: rows(node, "MSFT_NetUDPEndpoint").pop(),
    "an edge": lambda node: rows(node, "Win32_DependentService").pop(),
    "an adapter": lambda node: rows(node, "Win32_NetworkAdapterConfiguration")[0].update(DHCPEnabled="true"),
    "a share": lambda node: rows(node, "Win32_Share").pop(),
    "a value": lambda node: key(node, OLE)["values"]["EnableDCOM"].update(data="N"),
    "a type": lambda node: key(node, rf"{SERVICES}\Spooler")["types"].update(DisplayName="REG_EXPAND_SZ"),
    "a name of a value": lambda node: key(node, rf"{SERVICES}\Spooler")["types"].update(More="REG_SZ"),
    "a subkey": lambda node: key(node, SERVICES)["subkeys"].append("Zebra"),
    "a refusal": lambda node: refuse_key(node, rf"{SERVICES}\Spooler"),
    "a refused value": lambda node: key(node, SESSION).update(absent=[], refused=[RENAMES]),
    "a refused class": lambda node: query(node, "Win32_Share").update(rows=[], error=ODD),
    "a listener": lambda node: node["moments"][0]["listeners"]["rows"].append(OFF),
    "a shell": lambda node: node["moments"][0]["shell"].update(error=FORBIDDEN),
}


def renumber(node: Any) -> None:
    """Give each process another number wherever it stands."""
    for row in (row for moment in node["moments"] for entry in moment["queries"] for row in entry.get("rows", ())):
        for name in ("ProcessId", "OwningProcess"):
            if row.get(name) not in (None, "0"):
                row[name] = str(int(row[name]) + 1)


# Beside each entry of the list by nature: a change that it allows.
DOES_NOT: dict[str, Callable[[Any], object]] = {
    "which capture": lambda node: node.update(inventory_name="other", captured_at="2026-03-02T12:00:00+00:00"),
    "times": lambda node: rows(node, "Win32_OperatingSystem")[0].update(LastBootUpTime="2003-08-30T08:00:00Z"),
    "process ids": renumber,
    "dynamic ports": lambda node: of(rows(node, "MSFT_NetUDPEndpoint"), LocalAddress="127.0.0.1").update(LocalPort="50001"),
    "sign-ins": lambda node: None,
    "our own session": lambda node: rows(node, "MSFT_NetTCPConnection").append(
        {
            "LocalAddress": "192.0.2.22",
            "LocalPort": "5985",
            "RemoteAddress": "192.0.2.9",
            "RemotePort": "51000",
            "OwningProcess": "4",
            "State": "5",
        }
    ),
    "the endpoint map": lambda node: node.update(rpc_endpoints={"state": "closed", "evidence": "the connection was refused"}),
    "order": lambda node: [moment["queries"].reverse() for moment in node["moments"]],
    "wording": lambda node: [
        query["error"].update(message="other") for moment in node["moments"] for query in moment["queries"] if query.get("error")
    ],
}


def refuse_key(node: Any, name: str) -> None:
    """Let nothing be known of a key but that it was refused."""
    keys = node["moments"][0]["keys"]
    keys[:] = [entry for entry in keys if not entry["key"].lower().startswith(name.lower())]
    keys.append({"key": name, "types_error": REFUSED})


def canonical_of(node: Any) -> dict[str, Any]:
    """Return the canonical form of a capture in its plain form."""
    return canonical(decoded(node, "the capture"))


@pytest.mark.parametrize("what", COUNTS)
def test_what_counts_is_seen(what: str, node: Any) -> None:
    other = deepcopy(node)
    COUNTS[what](other)
    assert canonical_of(other) != canonical_of(node)


@pytest.mark.parametrize("what", DOES_NOT)
def test_what_differs_by_nature_is_not(what: str, node: Any) -> None:
    other = deepcopy(node)
    DOES_NOT[what](other)
    assert canonical_of(other) == canonical_of(node)


def test_each_entry_of_the_list_is_tried() -> None:
    assert DOES_NOT.keys() == BY_NATURE.keys()


def test_another_sign_in_is_the_same_host() -> None:
    with simulated("windows_10") as host:
        host.boot()
        first = captured(host).capture
        host.boot()
        second = captured(host).capture
    assert as_file(first) != as_file(second)
    assert canonical(first) == canonical(second)


@pytest.mark.parametrize("what", COUNTS)
def test_each_of_them_is_so_on_the_twin(what: str, node: Any) -> None:
    """A capture of one moment, so that no later one says otherwise."""
    other = deepcopy(node)
    other["moments"] = other["moments"][:1]
    COUNTS[what](other)
    twin = canonical(capture_of_twin(other))
    assert twin["moments"][0] == canonical_of(other)["moments"][0]


# Files of anybody

ODD_TEXTS = ("", "4", "-1", "9" * 30, "::", "0.0.0.0", "fe80::1", "2003-07-30T08:00:00", "x" * 300)
ODD_VALUES: st.SearchStrategy[Any] = st.sampled_from([*ODD_TEXTS, None, True, -1, 0, 1, 2**70, 1.5, [], [""], {}, ["a", "b"]])


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container with every key or index in it."""
    pending = [node]
    while pending:
        found = pending.pop()
        inside = list(found.items()) if isinstance(found, dict) else list(enumerate(found)) if isinstance(found, list) else []
        for name, item in inside:
            yield found, name
            pending.append(item)


@pytest.fixture(scope="module")
def small() -> Any:
    """Capture an XP."""
    with simulated("windows_xp") as host:
        host.boot()
        return as_file(captured(host).capture)


@examples(25, 400)
@given(data=st.data())
def test_a_capture_with_anything_in_it_is_a_host_or_is_refused_with_a_sentence(data: st.DataObject, small: Any) -> None:
    other = deepcopy(small)
    for _time in range(data.draw(st.integers(1, 4))):
        every = list(places(other))
        inside, name = every[data.draw(st.integers(0, len(every) - 1))]
        if data.draw(st.booleans()):
            inside[name] = data.draw(ODD_VALUES)
        else:
            del inside[name]
    try:
        made = twin_of(other)
    except CaptureError as error:
        refusal = str(error)
        assert refusal.isprintable(), "one line, and nothing that moves a cursor"
        return
    with started(made) as twin:
        assert twin.computer.up == twin.computer.host.visible.reachable
        twin.boot()
        twin.computer.dump()
