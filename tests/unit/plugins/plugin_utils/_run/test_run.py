# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run on one host: what is stored before the first change, what is read back, what is said when something fails."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import (
    ConnectionLost,
    DidNotHold,
    MethodFailed,
    NetminError,
    ProtocolError,
    UnsafePlan,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import each
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast import stored
from ansible_collections.netmin.windows.plugins.plugin_utils._run.gate import Blocks
from ansible_collections.netmin.windows.plugins.plugin_utils._run.options import Wanted
from ansible_collections.netmin.windows.plugins.plugin_utils._run.plain import plain
from ansible_collections.netmin.windows.plugins.plugin_utils._run.run import Run, diff_of, result_of
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import Survey, Terms
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Dependents
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import record
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock, FakeHost, FakeService, FakeSession
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import (
    GUID,
    IDLE_GUID,
    INTERFACES,
    KNOWLEDGE,
    defaults,
    desires,
    windows_2000,
    windows_xp,
)
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._stages.hosts import (
    HOSTS as LATER,
)

HOSTS: list[Callable[[], FakeHost]] = [windows_2000, windows_xp]
LOST = ConnectionLost("host.example: the connection was lost", host="host.example")
SMB = {"smb_device": {"smb_over_tcp": "disabled"}}
SMB_VALUE = (r"SYSTEM\CurrentControlSet\Services\NetBT\Parameters", "SmbDeviceEnabled")


def carry(
    session: FakeSession, wanted: Mapping[str, Any] | None = None, *, check: bool = False, terms: Terms | None = None
) -> dict[str, Any]:
    """Do what an action does, and return its result in plain types."""
    run = Run(KNOWLEDGE, FakeClock(), "run-1")

    def choose(survey: Survey, _blocks: Blocks) -> Wanted:
        return Wanted(defaults(survey) if wanted is None else wanted, terms or Terms(), named=frozenset(wanted or ()))

    prepared = run.prepare(session, choose)
    after = None
    if prepared.plan.changes and not check:
        after = run.carry_out(prepared, session, stop_limit=60)
    result = result_of(run, prepared, after)
    result["diff"] = diff_of(result, prepared)
    return dict(plain(result))


def failing(session: FakeSession, error: BaseException, when: Callable[[tuple[object, ...]], bool], *, answered: bool = True) -> None:
    """Let every call of a kind fail: before it is done, or once it is, so that its answer is lost."""

    def fail(call: tuple[object, ...]) -> None:
        if when(call):
            raise error

    if answered:
        session.before = fail
    else:
        session.after = fail


def verb(name: str) -> Callable[[tuple[object, ...]], bool]:
    return lambda call: call[0] == name


def writes_of(name: str) -> Callable[[tuple[object, ...]], bool]:
    return lambda call: call[0] == "set_value" and call[2] == name


def exact_types(value: object) -> set[type]:
    if isinstance(value, dict):
        return {type(value)}.union(*(exact_types(key) | exact_types(item) for key, item in value.items()))
    if isinstance(value, list):
        return {type(value)}.union(*(exact_types(item) for item in value))
    return {type(value)}


@pytest.mark.parametrize("make", HOSTS)
def test_the_whole_method(make: Callable[[], FakeHost]) -> None:
    session = FakeSession(make())
    result = carry(session)
    assert result["changed"]
    assert "failed" not in result
    assert {change["status"] for change in result["changes"]} == {"done"}
    assert result["reboot_required"]
    assert result["before"] != result["after"]
    again = carry(FakeSession(session.fake))
    assert (again["changed"], again["changes"], again["after"]) == (False, [], result["after"])
    assert again["reboot_required"]


@pytest.mark.parametrize("make", HOSTS)
def test_the_second_run_writes_nothing_and_leaves_the_record_alone(make: Callable[[], FakeHost]) -> None:
    session = FakeSession(make())
    carry(session)
    kept = session.fake.get(OUR_KEY, stored.FORECAST)
    second = FakeSession(session.fake)
    carry(second)
    assert second.writes == []
    assert session.fake.get(OUR_KEY, stored.FORECAST) == kept


@pytest.mark.parametrize("make", HOSTS)
def test_check_mode_writes_nothing_and_shows_what_a_run_then_reads(make: Callable[[], FakeHost]) -> None:
    session = FakeSession(make())
    checked = carry(session, check=True)
    assert session.writes == []
    assert checked["changed"]
    assert {change["status"] for change in checked["changes"]} == {"planned"}
    done = carry(session)
    for key in ("before", "after", "reboot_required", "unchanged"):
        assert checked[key] == done[key], key
    # What still listens afterwards only a run can know.
    assert {row["listens"] for row in checked["forecast"]} == {None}
    assert [{**row, "listens": None} for row in done["forecast"]] == checked["forecast"]
    assert {**done["summary"], "closed": 0} == checked["summary"]
    gone = [row for row in done["forecast"] if row["listens"] is False and row["scope"] != "loopback"]
    assert done["summary"]["closed"] == sum(row["count"] for row in gone)
    shown = [{key: value for key, value in change.items() if key != "status"} for change in checked["changes"]]
    assert shown == [{key: value for key, value in change.items() if key != "status"} for change in done["changes"]]


@pytest.mark.parametrize("make", HOSTS)
def test_the_forecast_is_stored_before_the_first_change(make: Callable[[], FakeHost]) -> None:
    session = FakeSession(make())
    result = carry(session)
    # Before Windows Vista our key gets its access list first.
    writes = [call for call in session.writes if call[0] not in ("create_key", "run_line")]
    first, before, forecast = writes[:3]
    assert first[:3] == ("set_value", OUR_KEY, record.FIRST)
    assert before[:3] == ("set_value", OUR_KEY, "Snapshot run-1")
    assert forecast[:3] == ("set_value", OUR_KEY, stored.FORECAST)
    assert writes[-1][:3] == ("set_value", OUR_KEY, record.CHANGES)
    number = session.calls.index(forecast)
    assert session.calls[number + 1][:3] == ("value", OUR_KEY, stored.FORECAST)
    found = record.read_record(session)
    assert found is not None
    assert [stored.plain_entry(one) for entry in found.forecast for one in each(entry)] == [
        {key: value for key, value in row.items() if key != "listens"} for row in result["forecast"]
    ]
    assert (found.run, found.boot) == ("run-1", "2003-05-01T08:00:10+00:00")


def test_a_forecast_that_does_not_read_back_stops_everything() -> None:
    session = FakeSession(windows_xp())

    def spoil(call: tuple[object, ...]) -> None:
        if call[:3] == ("set_value", OUR_KEY, stored.FORECAST):
            session.fake.put(OUR_KEY, stored.FORECAST, RegistryValue.texts(("less",)))

    session.after = spoil
    result = carry(session)
    assert result["failed"]
    assert not result["changed"]
    assert "does not read back as written; nothing else was changed" in result["msg"]
    assert {change["status"] for change in result["changes"]} == {"not_done"}
    assert {call[1] for call in session.writes if call[0] != "run_line"} == {OUR_KEY}
    # Nothing was changed, so that there is nothing to put back.
    assert not [name for name in session.fake.values(OUR_KEY) or {} if name.startswith("Snapshot")]
    assert not result["reboot_required"]


@pytest.mark.parametrize("error", [LOST, MethodFailed("SetMultiStringValue: access denied", host="host.example", return_value=5)])
def test_a_forecast_that_cannot_be_stored_stops_everything(error: NetminError) -> None:
    session = FakeSession(windows_xp())
    failing(session, error, verb("set_value"))
    result = carry(session)
    assert result["failed"]
    assert str(error) in result["msg"]
    # Nothing was stored, and our key, which was made and protected, is gone again.
    assert [call[0] for call in session.writes] == ["create_key", "run_line", "set_value", "delete_key"]
    assert session.fake.values(OUR_KEY) is None
    assert not result["changed"]


def test_after_is_what_was_read() -> None:
    session = FakeSession(windows_xp())

    def elsewhere(call: tuple[object, ...]) -> None:
        if call[0] == "set_value" and call[2] == "SmbDeviceEnabled":
            session.fake.put(*SMB_VALUE, RegistryValue.dword(1))

    session.after = elsewhere
    result = carry(session, desires(SMB))
    target = rf"HKLM\{SMB_VALUE[0]}\SmbDeviceEnabled"
    assert result["failed"]
    assert result["changes"] == [{**result["changes"][0], "target": target, "before": None, "after": 1, "status": "not_done"}]
    assert result["after"] == {"smb_device": {target: 1}}
    assert f"{target} should be 0 but is 1: Windows accepted the change but did not keep it" in result["msg"]
    assert "Of 1 changes 0 done, 1 not done, 0 unknown" in result["msg"]


def test_a_service_that_came_back_fails_the_task_by_name() -> None:
    session = FakeSession(windows_xp())

    def back(call: tuple[object, ...]) -> None:
        if call[0] == "set_value" and call[2] == "SmbDeviceEnabled":
            session.fake.service("PolicyAgent").state = "Running"

    session.after = back
    result = carry(session)
    assert "service PolicyAgent should be stopped but is running" in result["msg"]
    assert [change["status"] for change in result["changes"]].count("not_done") == 1


def test_a_service_that_has_gone_is_no_reason_to_lose_the_result() -> None:
    session = FakeSession(windows_xp())

    def gone(call: tuple[object, ...]) -> None:
        if call[0] == "stop" and call[2] == "PolicyAgent":
            session.fake.services.remove(session.fake.service("PolicyAgent"))

    session.after = gone
    named = {"name": "PolicyAgent", "state": "stopped", "start_mode": "disabled"}
    result = carry(session, desires({"services": {"services": [named]}}))
    assert [(change["after"], change["status"]) for change in result["changes"]] == [("gone", "done"), ("gone", "done")]
    assert "failed" not in result


@pytest.mark.parametrize("done", [False, True])
def test_a_lost_answer_is_settled_by_reading(done: bool) -> None:
    session = FakeSession(windows_xp())
    failing(session, LOST, writes_of("SmbDeviceEnabled"), answered=not done)
    result = carry(session, desires(SMB))
    assert result["failed"]
    assert "was lost during a change; the host was read again" in result["msg"]
    assert "0 unknown" in result["msg"]
    assert [(change["after"], change["status"]) for change in result["changes"]] == [(0, "done") if done else (None, "not_done")]
    assert result["changed"] is done
    assert len(list(filter(writes_of("SmbDeviceEnabled"), session.writes))) == 1


def test_a_host_lost_for_good_leaves_the_change_unknown() -> None:
    session = FakeSession(windows_xp())
    lost = False

    def fail(call: tuple[object, ...]) -> None:
        nonlocal lost
        lost = lost or call[:1] == ("stop",)
        if lost:
            raise LOST

    session.before = fail
    result = carry(session)
    statuses = [change["status"] for change in result["changes"]]
    assert result["failed"]
    assert result["changed"]
    # Also what was answered before: nobody could read whether Windows has kept it.
    number = statuses.index("not_done")
    assert number > 1
    assert set(statuses[:number]) == {"unknown"}
    assert set(statuses[number:]) == {"not_done"}
    assert f"0 done, {len(statuses) - number} not done, {number} unknown" in result["msg"]
    assert result["after"] is None
    assert {change["after"] for change in result["changes"]} == {None}
    assert "Run the task again to complete them" in result["msg"]
    assert exact_types(result) <= {dict, list, str, int, float, bool, type(None)}


def test_running_again_completes_what_was_interrupted() -> None:
    session = FakeSession(windows_xp())
    failing(session, LOST, lambda call: call[:2] == ("set_netbios", 1))
    first = carry(session)
    assert first["failed"]
    second = FakeSession(session.fake)
    result = carry(second)
    assert "failed" not in result
    done = {(change["target"], str(change["after"])) for change in first["changes"] if change["status"] == "done"}
    assert not done & {(change["target"], str(change["after"])) for change in result["changes"]}
    assert carry(FakeSession(session.fake))["changed"] is False


def test_a_refused_change_names_itself_and_what_follows_is_not_done() -> None:
    session = FakeSession(windows_xp())
    error = MethodFailed("ChangeStartMode on 'SSDPSRV' at host.example: access denied (2)", host="host.example", return_value=2)
    failing(session, error, lambda call: call[0] == "set_start_mode" and call[2] == "SSDPSRV")
    result = carry(session)
    assert result["msg"].startswith(str(error))
    statuses = [change["status"] for change in result["changes"]]
    assert set(statuses[statuses.index("not_done") :]) == {"not_done"}


def test_an_answer_that_cannot_be_read_afterwards_does_not_lose_the_changes() -> None:
    session = FakeSession(windows_xp())

    def nonsense(call: tuple[object, ...]) -> None:
        if call[0] == "set_value" and call[2] == "SmbDeviceEnabled":
            session.fake.service("Spooler").pid = "many"  # type: ignore[assignment]  # text from a host may be anything

    session.after = nonsense
    result = carry(session, desires(SMB))
    assert result["failed"]
    assert result["changed"]
    assert [change["status"] for change in result["changes"]] == ["unknown"]


def test_what_a_host_shows_in_place_of_a_change_is_told_short_and_on_one_line() -> None:
    session = FakeSession(windows_xp())

    def forged(call: tuple[object, ...]) -> None:
        if call[0] == "set_value" and call[2] == "SmbDeviceEnabled":
            session.fake.put(str(call[1]), str(call[2]), RegistryValue.text("1\nok: [web02]\u202e" + "y" * 9000))

    session.after = forged
    result = carry(session, desires(SMB))
    assert result["failed"]
    assert "\n" not in result["msg"]
    assert len(result["msg"]) < 700


def test_the_list_of_changes_is_left_on_the_host_even_when_interrupted() -> None:
    session = FakeSession(windows_xp())
    failing(session, KeyboardInterrupt(), verb("set_netbios"))
    with pytest.raises(KeyboardInterrupt):
        carry(session)
    value = session.fake.get(OUR_KEY, record.CHANGES)
    assert value is not None
    assert isinstance(value.data, tuple)
    lines = [json.loads(line) for line in value.data]
    assert lines[0]["run"] == "run-1"
    assert lines[0]["boot"]
    statuses = [line["status"] for line in lines[1:]]
    assert "done" in statuses
    assert statuses.count("unknown") == 1


def test_what_was_to_close_now_and_did_not_is_a_warning() -> None:
    result = carry(FakeSession(windows_xp()))
    assert "tcp/5000 on 0.0.0.0 should be closed now but is still open" in " ".join(result["warnings"])
    session = FakeSession(windows_xp())
    gone = (":5000 ", ":500 ", ":123 ", ":1900 ", ":137 ", ":138 ", ":139 ")
    table = session.fake.netstat[0]
    session.fake.netstat = [table, "\n".join(line for line in table.splitlines() if not any(port in line for port in gone))]
    assert [text for text in carry(session)["warnings"] if not text.startswith("hazard ")] == []


def test_one_adapter_of_two_is_no_warning() -> None:
    session = FakeSession(windows_xp())
    fake = session.fake
    fake.adapters[1].addresses = ("10.1.1.1",)
    table = fake.netstat[0] + "  TCP    10.1.1.1:139    0.0.0.0:0    LISTENING    4\n"
    gone = ("192.70.106.143:139", ":137 ", ":138 ")
    fake.netstat = [table, "\n".join(line for line in table.splitlines() if not any(port in line for port in gone))]
    result = carry(session, desires({"netbt": {"netbios": "disabled", "adapters": ["192.70.106.143"]}}))
    # The other adapter is told of, and not as something that failed.
    assert [text.partition(":")[0] for text in result["warnings"]] == ["hazard adapters-appearing-later"]


def test_an_adapter_that_asks_for_a_boot() -> None:
    session = FakeSession(windows_xp())
    session.fake.netbios_needs_boot = True
    wanted = desires({"netbt": {"netbios": "disabled", "adapters": ["192.70.106.143"]}})
    assert carry(session, wanted)["reboot_required"]
    session = FakeSession(windows_xp())
    assert not carry(session, wanted)["reboot_required"]


def test_what_takes_no_stop_needs_a_boot_whether_it_listens_or_not() -> None:
    fake = windows_2000()
    spooler = next(service for service in fake.services if service.name == "Spooler")
    session = FakeSession(fake)
    wanted = desires({"services": {"services": [{"name": "Spooler", "state": "stopped", "start_mode": "disabled"}]}})
    spooler.accepts_stop = False
    checked = carry(session, wanted, check=True)
    done = carry(session, wanted)
    assert [change["status"] for change in done["changes"]] == ["done"]
    assert spooler.state == "Running"
    again = carry(session, wanted)
    assert again["changes"] == []
    for result in (checked, done, again):
        assert result["reboot_required"]
        assert result["after"]["services"]["Spooler"] == {"state": "running", "start_mode": "disabled"}
        assert [item["reason"] for item in result["unchanged"]] == ["cannot be stopped while running; ends at the next boot"]


def test_a_refused_plan_writes_nothing() -> None:
    session = FakeSession(windows_xp())
    wanted = desires({"services": {"services": [{"name": "WinRM", "state": "stopped", "start_mode": "disabled"}]}})
    with pytest.raises(UnsafePlan):
        carry(session, wanted, terms=Terms(dependents=Dependents.STOP))
    assert session.writes == []


@pytest.mark.parametrize("make", HOSTS)
@pytest.mark.parametrize("check", [False, True])
def test_results_hold_plain_types_and_nothing_else(make: Callable[[], FakeHost], check: bool) -> None:
    result = carry(FakeSession(make()), check=check)
    assert exact_types(result) <= {dict, list, str, int, float, bool, type(None)}
    json.dumps(result)


def test_text_from_the_host_reaches_no_terminal() -> None:
    fake = windows_xp()
    fake.caption = "Windows \x1b[31mXP"
    fake.adapters[0].description = "Card \x1b]0;title\x07 {{ lookup('pipe', 'id') }}"
    fake.processes[4000] = "evil\x9b.exe"
    fake.netstat[0] += "  UDP    0.0.0.0:9999    *:*    4000\n"
    text = json.dumps(carry(FakeSession(fake)), ensure_ascii=False)
    assert not any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in text)
    assert "\\u001b" not in text
    assert "evil?.exe" in text


def test_the_diff_shows_settings_and_every_listener() -> None:
    result = carry(FakeSession(windows_xp()), check=True)
    settings, listeners = result["diff"]
    assert settings["before"] == result["before"]
    assert settings["after"] == result["after"]
    assert len(listeners["after"]) == 17
    assert listeners["after"]["tcp/445 on 0.0.0.0"].startswith("closes at the next boot: SmbDeviceEnabled is 0")
    assert listeners["after"]["udp/500 on 0.0.0.0"] == "closes now: PolicyAgent will not run"
    assert listeners["after"]["tcp/5985 on 0.0.0.0"].startswith("kept: the management path")


def test_the_summary_counts_the_forecast() -> None:
    assert carry(FakeSession(windows_xp()), check=True)["summary"] == {
        "listeners": 15,
        "closes_now": 7,
        "closes_at_boot": 7,
        "stays": 0,
        "opens": 0,
        "filtered": 0,
        "kept": 1,
        "unknown": 0,
        "closed": 0,
    }


def test_two_adapters_of_one_kind_are_told_apart() -> None:
    fake = windows_xp()
    fake.adapters[1].description = "3Com EtherLink PCI #2"
    fake.adapters[1].addresses = ("10.1.1.1",)
    result = carry(FakeSession(fake), desires({"netbt": {"netbios": "disabled"}}), check=True)
    assert set(result["after"]["netbt"].values()) == {"disabled"}
    assert len(result["after"]["netbt"]) == 2
    assert {change["target"] for change in result["changes"]} == set(result["after"]["netbt"])


@pytest.mark.parametrize("wmi_class", ["Win32_OperatingSystem", "Win32_ComputerSystem"])
def test_a_host_without_a_system_is_one_sentence(wmi_class: str) -> None:
    fake = windows_xp()
    fake.empty_classes.add(wmi_class)
    with pytest.raises(ProtocolError, match=f"host.example.*{wmi_class}"):
        carry(FakeSession(fake))


@pytest.mark.parametrize(("version", "product"), [("", 1), ("five", 1), ("5.1.2600", 9)])
def test_a_host_that_talks_nonsense_is_one_sentence(version: str, product: int) -> None:
    fake = windows_xp()
    fake.version, fake.product = version, product
    with pytest.raises(ProtocolError, match=r"host\.example"):
        carry(FakeSession(fake))


def test_a_start_mode_never_heard_of() -> None:
    fake = windows_xp()
    fake.service("Spooler").start = "Unknown"
    assert "failed" not in carry(FakeSession(fake))


def test_a_build_never_heard_of_is_said() -> None:
    fake = windows_xp()
    fake.build = 2700
    assert "build 2700 is not known; treated as Windows XP" in carry(FakeSession(fake), check=True)["warnings"]


def test_a_write_that_did_not_hold_is_an_error_of_ours_by_name() -> None:
    session = FakeSession(windows_xp())
    session.fake.stop_polls = 10_000
    result = carry(session)
    assert "not stopped after 60 seconds" in result["msg"]
    assert result["msg"].count("PolicyAgent") == 1
    assert issubclass(DidNotHold, NetminError)


# --- what a plan opens, so that a proof does not take it for a stranger -----------------------------------------


SERVICES = r"SYSTEM\CurrentControlSet\Services"
NETBT = (rf"{SERVICES}\NetBT", "Start")
BIND = (rf"{SERVICES}\Rpc\Linkage", "Bind")
LISTEN_ON_INTERNET = (rf"{SERVICES}\RpcSs", "ListenOnInternet")
LLMNR = (r"SOFTWARE\Policies\Microsoft\Windows NT\DNSClient", "EnableMulticast")
RPC_OVER_TCP = (r"SYSTEM\CurrentControlSet\Control", "DisableRPCOverTCP")
CACHED = (rf"{SERVICES}\Dnscache\Parameters", "MaxCachedSockets")
OFF = [((rf"{INTERFACES}\Tcpip_{guid}", "NetbiosOptions"), RegistryValue.dword(2)) for guid in (GUID, IDLE_GUID)]
DRIVER = {"smb_over_tcp": "enabled", "method": "netbt_driver"}
Configured = list[tuple[tuple[str, str], RegistryValue]]


def vista() -> FakeHost:
    """Return a later Windows whose Server service is disabled."""
    fake = LATER["windows_vista"]()
    fake.service("lanmanserver").start = "Disabled"
    return fake


# What is configured, what is asked for, and the recipes whose endpoints come back with it.
OPENS: list[tuple[Callable[[], FakeHost], Configured, dict[str, Any], set[str]]] = [
    (windows_xp, [(SMB_VALUE, RegistryValue.dword(0))], {"smb_device": {"smb_over_tcp": "enabled"}}, {"smb-445"}),
    # Without its driver there is no NetBIOS over TCP/IP either.
    (windows_xp, [(NETBT, RegistryValue.dword(4))], {"smb_device": DRIVER}, {"smb-445", "netbios-137-138-139"}),
    (windows_xp, OFF, {"netbt": {"netbios": "dhcp"}}, {"netbios-137-138-139"}),
    (windows_xp, OFF, {"netbt": {"netbios": "enabled", "adapters": [GUID]}}, {"netbios-137-138-139"}),
    # An adapter without IP: its value is written, and counts once it gets an address.
    (windows_xp, OFF, {"netbt": {"netbios": "enabled", "adapters": [IDLE_GUID]}}, {"netbios-137-138-139"}),
    (windows_2000, [(BIND, RegistryValue.texts(("1",)))], {"rpc_restriction": {"interfaces": ["all"]}}, {"rpc-selective-binding"}),
    (
        windows_2000,
        [(BIND, RegistryValue.texts(("1",))), (LISTEN_ON_INTERNET, RegistryValue.text("N"))],
        {"rpc_restriction": {"interfaces": ["1"], "listen_on_internet": True}},
        {"rpc-selective-binding", "rpc-epmap-135-tcp"},
    ),
    (windows_xp, [(CACHED, RegistryValue.dword(0))], {"name_resolution": {"max_cached_sockets": 3}}, {"dnscache-ephemeral"}),
    # An RPC server, and with the first one of a protocol the endpoint mapper listens there as well.
    (windows_xp, [], {"services": {"services": [{"name": "Fax", "start_mode": "manual"}]}}, {"fax", "rpc-epmap-135-tcp"}),
    # Values that the knowledge names, gone or other than what closes the port.
    (vista, [(LLMNR, RegistryValue.dword(0))], {"name_resolution": {"llmnr": "default"}}, {"llmnr-5355"}),
    (vista, [(RPC_OVER_TCP, RegistryValue.dword(1))], {"rpc_restriction": {"service_control": "default"}}, {"rpc-scm"}),
    # The Server service opens no port itself, and loads the driver that does.
    (vista, [], {"smb_device": {"smb_over_tcp": "enabled"}}, {"smb-445"}),
]


def opened(fake: FakeHost, wanted: Mapping[str, Any] | None) -> set[str]:
    """Plan, and return the recipes whose endpoints the plan opens."""

    def choose(survey: Survey, _blocks: Blocks) -> Wanted:
        return Wanted(defaults(survey) if wanted is None else desires(wanted), Terms(accept=frozenset({"outgoing-smb"})))

    prepared = Run(KNOWLEDGE, FakeClock(), "run-1").prepare(FakeSession(fake), choose)
    assert prepared.plan.changes
    return set(prepared.opens)


@pytest.mark.parametrize(("make", "configured", "wanted", "recipes"), OPENS)
def test_what_is_taken_back_opens_its_endpoints(
    make: Callable[[], FakeHost], configured: Configured, wanted: dict[str, Any], recipes: set[str]
) -> None:
    fake = make()
    fake.services.append(FakeService("Fax", start="Disabled", state="Stopped"))
    for (key, name), value in configured:
        fake.put(key, name, value)
    assert opened(fake, wanted) == recipes


CLOSES: list[dict[str, Any] | None] = [
    None,
    {"smb_device": {"smb_over_tcp": "disabled"}},
    {"netbt": {"netbios": "disabled"}},
    {"rpc_restriction": {"interfaces": ["loopback"], "listen_on_internet": False}},
    {"services": {"services": [{"name": "PolicyAgent", "state": "stopped", "start_mode": "manual"}]}},
]


@pytest.mark.parametrize("wanted", CLOSES)
def test_what_closes_opens_nothing(wanted: dict[str, Any] | None) -> None:
    assert opened(windows_2000(), wanted) == set()
    if wanted is None or "rpc_restriction" not in wanted:
        assert opened(windows_xp(), wanted) == set()
