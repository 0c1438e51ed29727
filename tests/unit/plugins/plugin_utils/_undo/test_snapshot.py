# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Snapshots as text on the host: written and understood again; what is damaged is passed over; a bounded number is kept."""

from __future__ import annotations

import json

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects import filter_rule, netbios, registry_value, running, start_mode
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import SAVED
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.saved import Saved
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import snapshot
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.snapshot import (
    MOST,
    Snapshot,
    from_lines,
    needless,
    read_snapshots,
)
from ansible_collections.netmin.windows.tests.unit.fakes import FakeHost, FakeSession
from ansible_collections.netmin.windows.tests.unit.records import value_of

KEY = r"SYSTEM\CurrentControlSet\Control"
VALUES = [
    RegistryValue.dword(4294967295),
    RegistryValue.text("a \u00e9 \x07"),
    RegistryValue(RegistryType.EXPAND_SZ, "%x%"),
    RegistryValue.texts(("a", "")),
    RegistryValue.texts(()),
    RegistryValue(RegistryType.BINARY, b"\x00\xff"),
    RegistryValue(RegistryType.QWORD, 2**63),
    None,
]


def lines_of(taken: Snapshot) -> tuple[str, ...]:
    data = value_of(taken).data
    assert isinstance(data, tuple)
    return tuple(str(line) for line in data)


@pytest.mark.parametrize("before", VALUES)
def test_a_value_is_understood_as_it_was_written(before: RegistryValue | None) -> None:
    taken = Snapshot("r1", (Saved("netbt", registry_value.OBJECT, (KEY, "v"), before, RegistryValue.dword(0), absent=(KEY,)),))
    assert from_lines(lines_of(taken)) == taken
    assert all(line.isascii() and "\n" not in line for line in lines_of(taken))


def test_services_adapters_and_rules_are_understood_as_they_were_written() -> None:
    taken = Snapshot(
        "r1",
        (
            Saved("services", start_mode.OBJECT, ("BITS",), "auto", "disabled", delayed=True, ran=True),
            Saved("smb_device", running.STOPPED, ("srvnet",), None, None, kind=ServiceKind.DRIVER),
            Saved("netbt", netbios.OBJECT, ("{A}",), None, RegistryValue.dword(2), label="Ethernet"),
            Saved("ip_filter", filter_rule.OBJECT, ("netmin.windows tcp/135",), "", "v2.0|Name=x|"),
        ),
    )
    assert from_lines(lines_of(taken)) == taken


# Written by the version before the kinds had files of their own. Hosts keep such records for years: these lines never change.
# Made of what the filter does; it never changes.
PERMIT_KEY = "44928809-ced2-5239-8f31-5b8efdc28e2d"
STORED = (
    r'{"schema_version": 1, "run": "20260101T000000Z-000001", "objects": 9}',
    (
        r'{"stage": "rpc_restriction", "object": "registry", "name": ["SOFTWARE\\Microsoft\\Rpc\\Internet", "Ports"], "before": null, '
        r'"after": {"type": "MULTI_SZ", "data": ["5000-5020"]}, "absent": ["SOFTWARE\\Microsoft\\Rpc\\Internet"]}'
    ),
    (
        r'{"stage": "name_resolution", "object": "registry", "name": ["SYSTEM\\K", "Blob"], "before": {"type": "BINARY", "data": "00ff"}, '
        r'"after": {"type": "QWORD", "data": 9223372036854775808}}'
    ),
    (
        r'{"stage": "services", "object": "start mode", "name": ["BITS"], "before": "auto", "after": "disabled", "kind": "Win32_Service", '
        r'"delayed": true, "ran": true}'
    ),
    r'{"stage": "services", "object": "stopped", "name": ["BITS"], "before": null, "after": null, "kind": "Win32_Service"}',
    r'{"stage": "smb_device", "object": "stopped", "name": ["srvnet"], "before": null, "after": null, "kind": "Win32_SystemDriver"}',
    r'{"stage": "services", "object": "started", "name": ["Spooler"], "before": null, "after": null, "kind": "Win32_Service"}',
    (
        r'{"stage": "netbt", "object": "netbios", "name": ["{6D7F6A4E-52C1-4F7E-9D0B-3A0A4C7B2E11}"], "before": null, '
        r'"after": {"type": "DWORD", "data": 2}, "label": "3Com EtherLink PCI"}'
    ),
    (
        r'{"stage": "ip_filter", "object": "inbound rule", "name": ["netmin.windows tcp/rpc Schedule"], "before": "", '
        r'"after": "v2.0|Action=Block|Active=TRUE|Dir=In|Protocol=6|LPort=RPC|Svc=Schedule|Name=netmin.windows tcp/rpc Schedule|"}'
    ),
    (
        f'{{"stage": "rpc_filters", "object": "RPC filter", "name": ["{PERMIT_KEY}"], "before": "", '
        '"after": "permit 12345678-1234-abcd-ef00-0123456789ab ncacn_np S-1-5-32-544"}'
    ),
)


def test_a_stored_snapshot_is_understood_for_good() -> None:
    internet, guid = r"SOFTWARE\Microsoft\Rpc\Internet", "{6D7F6A4E-52C1-4F7E-9D0B-3A0A4C7B2E11}"
    rule = FilterRule("netmin.windows tcp/rpc Schedule", Protocol.TCP, "RPC", service="Schedule")
    understood = from_lines(STORED)
    assert understood.run == "20260101T000000Z-000001"
    assert understood.saved == (
        Saved("rpc_restriction", "registry", (internet, "Ports"), None, RegistryValue.texts(("5000-5020",)), absent=(internet,)),
        Saved(
            "name_resolution",
            "registry",
            (r"SYSTEM\K", "Blob"),
            RegistryValue(RegistryType.BINARY, b"\x00\xff"),
            RegistryValue(RegistryType.QWORD, 2**63),
        ),
        Saved("services", "start mode", ("BITS",), "auto", "disabled", delayed=True, ran=True),
        Saved("services", "stopped", ("BITS",), None, None),
        Saved("smb_device", "stopped", ("srvnet",), None, None, kind=ServiceKind.DRIVER),
        Saved("services", "started", ("Spooler",), None, None),
        Saved("netbt", "netbios", (guid,), None, RegistryValue.dword(2), label="3Com EtherLink PCI"),
        Saved("ip_filter", "inbound rule", (rule.name,), "", rule.text),
        Saved("rpc_filters", "RPC filter", (PERMIT_KEY,), "", "permit 12345678-1234-abcd-ef00-0123456789ab ncacn_np S-1-5-32-544"),
    )
    assert {saved.object for saved in understood.saved} == set(SAVED)
    # And written as it was, so that an older release reads what a newer one leaves.
    assert lines_of(understood) == STORED


def test_of_an_older_record_nobody_knows_whether_a_service_ran() -> None:
    head = json.dumps({"schema_version": 1, "run": "r1", "objects": 1})
    line = {"stage": "services", "object": "start mode", "name": ["BITS"], "before": "auto", "after": "disabled", "kind": "Win32_Service"}
    assert from_lines((head, json.dumps(line))).saved == (Saved("services", start_mode.OBJECT, ("BITS",), "auto", "disabled"),)


HEAD = json.dumps({"schema_version": 1, "run": "r1", "objects": 1})
LINE = {"stage": "netbt", "object": "registry", "name": [KEY, "v"], "before": None, "after": None}


@pytest.mark.parametrize(
    "lines",
    [
        (),
        ("{",),
        ("[]",),
        (HEAD,),
        (json.dumps({"schema_version": 3, "run": "r1", "objects": 0}),),
        (HEAD, json.dumps({**LINE, "object": "file"})),
        (HEAD, json.dumps({**LINE, "name": [KEY]})),
        (HEAD, json.dumps({**LINE, "before": {"type": "DWORD", "data": "7"}})),
        (HEAD, json.dumps({**LINE, "before": {"type": "DWORD", "data": True}})),
        (HEAD, json.dumps({**LINE, "before": {"type": "DWORD", "data": 1.0}})),
        (HEAD, json.dumps({**LINE, "before": {"type": "DWORD", "data": 2**32}})),
        (HEAD, json.dumps({**LINE, "before": {"type": "QWORD", "data": -1}})),
        (HEAD, json.dumps({**LINE, "before": {"type": "SZ", "data": True}})),
        (HEAD, json.dumps({**LINE, "before": {"type": "MULTI_SZ", "data": "ab"}})),
        (HEAD, json.dumps({**LINE, "before": {"type": "MULTI_SZ", "data": ["a", 1]}})),
        (HEAD, json.dumps({**LINE, "before": {"type": "NONE", "data": 7}})),
        (HEAD, json.dumps({**LINE, "before": {"type": "BINARY", "data": "xx"}})),
        (HEAD, json.dumps({**LINE, "kind": "Win32_Process"})),
        (HEAD, "[" * 100_000),
    ],
)
def test_what_is_damaged_is_passed_over_and_named(lines: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=r"."):
        from_lines(lines)
    fake = FakeHost()
    fake.put(OUR_KEY, snapshot.value_name("r1"), RegistryValue.texts(lines))
    fake.put(OUR_KEY, snapshot.value_name("r2"), RegistryValue.texts(lines_of(Snapshot("r2", ()))))
    fake.put(OUR_KEY, snapshot.value_name("r3"), RegistryValue.text("somebody's"))
    fake.put(OUR_KEY, snapshot.value_name("r4"), RegistryValue.texts(lines_of(Snapshot("r2", ()))))
    stored = read_snapshots(FakeSession(fake))
    assert ([item.run for item in stored.snapshots], stored.unreadable) == (["r2"], ("r1", "r3", "r4"))


def test_the_first_and_what_alone_knows_an_object_are_kept() -> None:
    def one(number: int, name: str) -> Snapshot:
        return Snapshot(f"r{number:03}", (Saved("services", running.STOPPED, (name,), None, None),))

    same = [one(number, "A") for number in range(MOST + 3)]
    assert needless(same[:MOST]) == ()
    assert needless(same) == ("r001", "r002", "r003")
    same[1] = one(1, "B")
    assert needless(same) == ("r002", "r003", "r004")
    assert needless([one(number, f"S{number}") for number in range(MOST + 3)]) == ()


@pytest.mark.parametrize(
    ("run", "known", "given"),
    [
        ("20260102T000000Z-aaaaaa", (), "20260102T000000Z-aaaaaa"),
        ("20260102T000000Z-aaaaaa", ("20260101T000000Z-ffffff",), "20260102T000000Z-aaaaaa"),
        ("20260102T000000Z-aaaaaa", ("20260102T000000Z-bbbbbb",), "20260102T000001Z-aaaaaa"),
        ("20250102T000000Z-aaaaaa", ("20251231T235959Z-bbbbbb", "zzz"), "20260101T000000Z-aaaaaa"),
        ("20260102T000000Z-aaaaaa", ("99991231T235959Z-bbbbbb",), "20260102T000000Z-aaaaaa"),
        ("20260102T000000Z-aaaaaa", ("99999999T999999Z-bbbbbb",), "20260102T000000Z-aaaaaa"),
    ],
)
def test_an_id_sorts_after_those_that_are_there(run: str, known: tuple[str, ...], given: str) -> None:
    assert snapshot.following(run, known) == given
