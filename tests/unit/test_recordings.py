# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What others recorded from real hosts, as captures: what it confirms, and that whatever was not recorded is an error and never an answer.

The recordings lie beside the checkout; where they do not, these tests are skipped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.netmin.windows.plugins.action import listeners_info, minimize
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.captured import CapturedHost
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.file import read_capture, write_capture
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import Capture
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NotCaptured
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Where
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import SERVICES_KEY, RegistryType
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion, ProductType, Windows
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.examine import look
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor.ground import Ground
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import SERVICE_PROPERTIES, read_adapters, read_nt
from ansible_collections.netmin.windows.plugins.plugin_utils._host.listing import read_listing
from ansible_collections.netmin.windows.tests.beside import CAPTURES
from ansible_collections.netmin.windows.tests.unit.captured import act_captured
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE
from ansible_collections.netmin.windows.tests.witness import recordings
from ansible_collections.netmin.windows.tests.witness.recordings import RECORDINGS, SERVER, Recording, capture_of

BY_NAME = {recording.name: recording for recording in RECORDINGS}
HIVES = [recording for recording in RECORDINGS if recording.name.startswith("hive")]
EACH = pytest.mark.parametrize("recording", RECORDINGS, ids=lambda recording: recording.name)
EACH_HIVE = pytest.mark.parametrize("recording", HIVES, ids=lambda recording: recording.name)
# What a plan misses first, however much of the rest was recorded.
MISSES: Mapping[str, str] = {
    "answers of Server 2003": "the configuration of WinRM's listeners",
    "answers of Server 2012": "the query of Win32_ComputerSystem",
}
# Start as a key has it (Microsoft, CreateService: dwStartType).
STARTS = {0: "boot", 1: "system", 2: "auto", 3: "manual", 4: "disabled"}


def opened(recording: Recording, folder: Path) -> tuple[CapturedHost, Capture]:
    """Make a capture, write it, and open it as a host."""
    paths = [CAPTURES.at(name) for name in recording.files]
    path = folder / "recording.zip"
    write_capture(path, capture_of(recording, paths))
    capture = read_capture(path)
    return CapturedHost(capture, host=recording.name), capture


def hive_of(recording: Recording) -> dict[str, Any]:
    """Return what was recorded of a hive."""
    (name,) = recording.files
    found: dict[str, Any] = yaml.safe_load(CAPTURES.at(name).read_text(encoding="utf-8"))
    return found


# What was not recorded


@EACH
def test_no_plan_and_no_listing_is_made_of_a_part_of_a_host(recording: Recording, tmp_path: Path) -> None:
    _reader, capture = opened(recording, tmp_path)
    for module in (listeners_info, minimize):
        error = act_captured(module.ActionModule, capture, check=True).error
        assert isinstance(error, NotCaptured)
        assert MISSES.get(recording.name, "the query of Win32_OperatingSystem") in str(error)


@EACH_HIVE
def test_a_hive_says_nothing_of_what_runs_and_of_names_that_it_lacks(recording: Recording, tmp_path: Path) -> None:
    reader, _capture = opened(recording, tmp_path)
    for ask in (
        lambda: reader.query("Win32_Service", SERVICE_PROPERTIES),
        lambda: reader.subkeys(SERVICES_KEY),
        lambda: reader.value_types(rf"{SERVICES_KEY}\Dnscache\Parameters"),
        lambda: reader.value(rf"{SERVICES_KEY}\Dnscache\Parameters", "MaxCachedSockets", RegistryType.DWORD),
        lambda: reader.value(rf"{SERVICES_KEY}\NoSuchService", "Start", RegistryType.DWORD),
    ):
        with pytest.raises(NotCaptured):
            ask()


@EACH_HIVE
def test_every_value_of_a_capture_was_recorded(recording: Recording, tmp_path: Path) -> None:
    _reader, capture = opened(recording, tmp_path)
    recorded = hive_of(recording)
    texts = set(texts_of(recorded))
    kept = [(key.key, name, value) for key in capture.moments[0].keys for name, value in key.values.items()]
    assert kept
    for key, name, value in kept:
        assert name in texts, (key, name)
        assert {str(item) for item in (value.data if isinstance(value.data, tuple) else (value.data,))} <= texts, (key, name)
    services = {name for name, row in recorded["services"].items() if "Start" in row}
    # Of one the whole key was recorded.
    services |= {key.partition("\\")[2] for key, values in recorded["values"].items() if "Start" in values}
    assert {key.rpartition("\\")[2] for key, name, _value in kept if name == "Start" and key.startswith(SERVICES_KEY)} == services


def texts_of(node: Any) -> Iterable[str]:
    """Yield every text of a recording."""
    if isinstance(node, dict):
        for name, item in node.items():
            yield str(name)
            yield from texts_of(item)
    elif isinstance(node, list):
        for item in node:
            yield from texts_of(item)
    else:
        yield str(node)


# What was


def test_answers_of_server_2003_are_read(tmp_path: Path) -> None:
    reader, _capture = opened(BY_NAME["answers of Server 2003"], tmp_path)
    assert read_nt(reader) == NtVersion(5, 2)
    # Seven rows were recorded, one of them with IP enabled.
    enabled = [row for row in reader.query("Win32_NetworkAdapterConfiguration") if row.flag("IPEnabled")]
    assert [row.number("Index") for row in enabled] == [7]
    assert read_adapters(reader)


def test_services_of_a_list_that_was_broken_off_are_known_by_name_alone(tmp_path: Path) -> None:
    reader, capture = opened(BY_NAME["answers of Server 2008 R2"], tmp_path)
    (query,) = capture.moments[0].queries
    assert len(query.rows) == 51
    (row,) = reader.query("Win32_Service", SERVICE_PROPERTIES, where=Where("Name", ("AeLookupSvc",)))
    assert row.text("StartMode") == "Manual"
    for where in (None, Where("Name", ("AeLookupSvc", "WinRM"))):
        with pytest.raises(NotCaptured):
            reader.query("Win32_Service", SERVICE_PROPERTIES, where=where)


def test_no_command_line_of_a_recording_is_kept(tmp_path: Path) -> None:
    _reader, capture = opened(BY_NAME["answers of Server 2008 R2"], tmp_path)
    (query,) = capture.moments[0].queries
    paths = [str(row["PathName"]) for row in query.rows if "PathName" in row]
    assert paths
    assert [path for path in paths if "svchost" not in path.lower() and " -" in path] == []


def test_netstat_of_windows_2000_is_listed(tmp_path: Path) -> None:
    reader, _capture = opened(BY_NAME["netstat of Windows 2000"], tmp_path)
    listing = read_listing(reader, KNOWLEDGE.versions["windows_2000"], ())
    count = {protocol: sum(endpoint.protocol is protocol for endpoint in listing.endpoints) for protocol in Protocol}
    assert count == {Protocol.TCP: 13, Protocol.UDP: 9}
    assert {endpoint.pid for endpoint in listing.endpoints} == {None}


# What the doctor says


def windows_of(recording: Recording) -> Windows:
    """Return the Windows of a recording; where its build was not recorded, the oldest of its version."""
    version = KNOWLEDGE.versions[recording.windows]
    product = ProductType.SERVER if recording.product_type == SERVER else ProductType.WORKSTATION
    return KNOWLEDGE.place(NtVersion.parse(recording.version), recording.build or version.builds[0], product)


@EACH
def test_a_recording_contradicts_nothing_that_is_assumed(recording: Recording, tmp_path: Path) -> None:
    reader, _capture = opened(recording, tmp_path)
    windows, why = windows_of(recording), "the recording does not hold it"
    ground = Ground(reader, KNOWLEDGE, windows, None, why, None, why, tuple, captured=True)
    verdicts = {item.id: look(ground, item) for item in KNOWLEDGE.assumptions_on(windows)}
    assert {name: verdict for name, verdict in verdicts.items() if str(verdict.word) == "contradicted"} == {}
    assert {name for name, verdict in verdicts.items() if str(verdict.word) == "confirmed"} >= CONFIRMS.get(recording.name, set())


CONFIRMS: Mapping[str, set[str]] = {
    "hive of Windows 7 SP1": {"firewall-grammar"},
    "hive of Windows 8.1": {"firewall-grammar"},
    "hive of Windows 10 1709": {"firewall-grammar"},
    "answers of Server 2003": {"wmi-operating-system", "wmi-adapters"},
    "answers of Server 2012": {"wmi-operating-system", "wmi-operating-system-sku"},
    "netstat of Windows 2000": {"netstat-2000"},
}


@EACH_HIVE
def test_a_hive_confirms_how_services_start_and_what_they_depend_on(recording: Recording, tmp_path: Path) -> None:
    """The doctor asks WMI for it; a hive has the values that WMI reads."""
    reader, _capture = opened(recording, tmp_path)
    looked, otherwise = 0, []
    for assumption in KNOWLEDGE.assumptions_on(windows_of(recording)):
        service = assumption.look.service
        if service is None or (found := configured(reader, service.name)) is None:
            continue
        looked += 1
        start, requires = found
        if service.start and start not in service.start:
            otherwise.append(f"{service.name} starts by {start}, and {assumption.id} says {service.start}")
        otherwise += [f"{service.name} does not depend on {name}" for name in service.requires if name not in requires]
    assert otherwise == []
    assert looked >= (1 if "XP" in recording.name else 5)


def configured(reader: CapturedHost, service: str) -> tuple[str, Names] | None:
    """Return how a service starts and what it depends on, as its key says; None where it was not recorded."""
    key = rf"{SERVICES_KEY}\{service}"
    try:
        start = reader.value(key, "Start", RegistryType.DWORD)
    except NotCaptured:
        return None
    try:
        depends = reader.value(key, "DependOnService", RegistryType.MULTI_SZ)
    except NotCaptured:
        depends = None
    if start is None or not isinstance(start.data, int):
        return None
    return STARTS[start.data], Names(depends.data if depends is not None and isinstance(depends.data, tuple) else ())


# The script


def test_the_script_writes_only_where_it_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    CAPTURES.at("registry")
    assert recordings.main([]) == 2
    assert "name a folder outside the checkout" in capsys.readouterr().err
    assert recordings.main([str(tmp_path / "made")]) == 0
    assert sorted(path.stem for path in (tmp_path / "made").iterdir()) == sorted(BY_NAME)


def test_a_recording_that_is_not_there_is_told_and_ends_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NETMIN_CAPTURES", str(tmp_path / "nothing"))
    assert recordings.main([str(tmp_path / "made")]) == 0
    assert capsys.readouterr().err.count("nothing is at") == len(RECORDINGS)
