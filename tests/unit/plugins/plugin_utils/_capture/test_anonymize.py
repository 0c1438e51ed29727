# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An anonymized capture: none of the originals is left in it, and the plan on it is the same plan."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from random import Random
from typing import Any
from uuid import UUID

import pytest
from ansible_collections.netmin.windows.plugins.action import listeners_info, minimize, restore, services, snapshot_info
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.addresses import Addresses
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.anonymize import Anonymizer, anonymized
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.file import plain
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import Capture, Key, Moment, Query, StoredValue, ValueKind
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.plain_values import rpc_endpoints_of
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import EndpointMap, MapState, RpcEntry, RpcSequence
from ansible_collections.netmin.windows.tests.unit.actions import act
from ansible_collections.netmin.windows.tests.unit.captured import act_captured, captured
from ansible_collections.netmin.windows.tests.unit.simulated import KNOWLEDGE, boot, booted, simulated
from hypothesis import given, settings
from hypothesis import strategies as st

from .test_file import SMALL, SYSTEM
from .test_same import compared

SCENARIOS = (
    "windows_2000",
    "windows_xp_domain_member",
    "windows_7+hazard_port_proxy",
    "windows_server_2008_r2_german",
    "windows_server_2022_sql_server",
    "windows_server_2022+hazard_gpo_conflict",
    "windows_server_2019+hazard_domain_controller",
    "windows_11",
)
# Numbers of controls look like addresses.
AS_THEY_ARE = ("caption", "controls")
PLANS: tuple[tuple[Any, dict[str, Any]], ...] = (
    (minimize.ActionModule, {}),
    (minimize.ActionModule, {"ip_filter": {"residue": "drop", "unknown": True}, "dependents": "stop"}),
    (listeners_info.ActionModule, {}),
)


def texts(node: Any) -> Iterator[str]:
    """Yield every text of a plain value, names included."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for name, item in node.items():
            yield from (*texts(name), *texts(item))
    elif isinstance(node, list | tuple):
        for item in node:
            yield from texts(item)


def renamed(anonymizer: Anonymizer, node: Any) -> Any:
    """Return a result as it would be with the new names; lists that are sorted by name in the order of the new ones."""
    if isinstance(node, dict):
        left = {
            name: item if name in ("caption", "controls") else renamed(anonymizer, item) for name, item in node.items() if name != "lines"
        }
        return {anonymizer.text(name): item for name, item in left.items()}
    if isinstance(node, list | tuple):
        return sorted((renamed(anonymizer, item) for item in node), key=lambda item: json.dumps(item, sort_keys=True))
    return anonymizer.text(node) if isinstance(node, str) else node


def in_order(node: Any) -> Any:
    """Return a result with its lists sorted."""
    if isinstance(node, dict):
        return {name: item if name in AS_THEY_ARE else in_order(item) for name, item in node.items() if name != "lines"}
    if isinstance(node, list | tuple):
        return sorted(map(in_order, node), key=lambda item: json.dumps(item, sort_keys=True))
    return node


def left_in(capture: Capture, originals: set[str]) -> set[str]:
    """Return the originals that a capture still has, as words of their own."""
    found = "\n".join(texts(plain(capture))).lower()
    return {text for text in originals if re.search(rf"(?<!\w){re.escape(text.lower())}(?!\w)", found)}


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_plan_is_the_same_and_nothing_of_the_original_is_left(name: str) -> None:
    with simulated(name) as host:
        host.boot()
        capture = captured(host).capture
    anonymizer = Anonymizer(capture, KNOWLEDGE, Random(5))
    made = anonymizer.capture(capture).capture
    originals = set(anonymizer.originals())
    assert len(originals) > 8
    assert "host.example" in left_in(capture, originals)
    assert not left_in(made, originals)
    assert (made.anonymized, made.windows) == (True, capture.windows)
    for action, options in PLANS:
        on_original = compared(act_captured(action, capture, check=True, **options))
        on_anonymized = compared(act_captured(action, made, check=True, **options))
        assert renamed(anonymizer, on_original) == in_order(on_anonymized), options


def test_what_earlier_runs_left_stays_what_it_is() -> None:
    with booted("windows_server_2022") as host:
        act(minimize.ActionModule, host)
        boot(host)
        capture = captured(host).capture
    anonymizer = Anonymizer(capture, KNOWLEDGE, Random(6))
    made = anonymizer.capture(capture).capture
    for action in (snapshot_info.ActionModule, restore.ActionModule):
        on_original = compared(act_captured(action, capture, check=True))
        assert "damaged" not in str(on_original)
        assert renamed(anonymizer, on_original) == in_order(compared(act_captured(action, made, check=True)))


SCHEDULE, STRANGE = UUID("1ff70682-0a51-30e8-076d-740be8cee98b"), UUID("5e5c1b1a-9f8e-4d7c-8b6a-0123456789ab")


def with_map(capture: Capture, port: int) -> Capture:
    """Return a capture with a map whose entries name the host, another one and a person wherever they can."""
    tcp = RpcSequence.TCP
    entries = (
        RpcEntry(SCHEDULE, (1, 0), tcp, str(port), "192.0.2.10", "Task Scheduler of PRTQZ01"),
        RpcEntry(STRANGE, (2, 1), tcp, "4711", "198.51.100.77", r"\\FSQZ02\jobs of C:\Users\qzmiller"),
        RpcEntry(SCHEDULE, (1, 0), RpcSequence.PIPE, r"\PIPE\atsvc", r"\\WEBQZ03", "", UUID(int=4711)),
        RpcEntry(STRANGE, (2, 1), RpcSequence.LOCAL, "LRPC-qz4c5f0e1d2c3b4a", "WEBQZ03"),
    )
    found = EndpointMap(MapState.READ, "webqz03.example.test port 135: 4 entries", entries)
    return replace(capture, rpc_endpoints=rpc_endpoints_of(found))


def test_the_endpoint_map_is_anonymized_with_the_rest_and_plans_go_by_it_as_before() -> None:
    with booted("windows_2000") as host:
        rows: Any = host.computer.dump()["endpoints"]
        port = next(row["port"] for row in rows if (row["owner"], row["protocol"]) == ("Schedule", "tcp"))
        capture = with_map(captured(host).capture, port)
    anonymizer = Anonymizer(capture, KNOWLEDGE, Random(7))
    made = anonymizer.capture(capture).capture
    assert not left_in(made, set(anonymizer.originals()))
    shown = json.dumps(plain(made)).lower()
    originals = ("prtqz01", "fsqz02", "jobs", "qzmiller", "webqz03", "lrpc-qz4c5f0e1d2c3b4a", "192.0.2.10", "198.51.100.77", str(STRANGE))
    assert [text for text in (*originals, str(UUID(int=4711))) if text in shown] == []
    assert made.rpc_endpoints is not None
    first, second, third, fourth = made.rpc_endpoints.entries
    assert (first.interface, first.endpoint, first.annotation.partition(" of ")[0]) == (str(SCHEDULE), str(port), "Task Scheduler")
    assert (second.interface, second.endpoint) == (fourth.interface, "4711")
    assert third.endpoint == r"\PIPE\atsvc"
    assert third.address.lstrip("\\") == fourth.address
    outlooks = []
    for one in (capture, made):
        stop = [{"name": "Schedule", "start_mode": "disabled", "state": "stopped"}]
        acted = act_captured(services.ActionModule, one, check=True, services=stop, rpc_endpoints=True)
        assert acted.error is None
        outlooks.append([(row["port"], row["outlook"]) for row in acted.result["forecast"] if row["protocol"] == "tcp"])
    assert outlooks[0] == outlooks[1]
    assert (port, "closes now") in outlooks[0]


def holding(**row: str) -> Capture:
    """Return a small capture with a row of a class."""
    query = Query(wmi_class="Win32_ComputerSystem", namespace="root/cimv2", properties=tuple(row), rows=(row,))
    return replace(SMALL, inventory_name="web01.contoso.test", moments=(Moment(queries=(SYSTEM, query)),))


LABEL = st.from_regex(r"[A-Za-z][A-Za-z0-9-]{4,14}[0-9]{3}", fullmatch=True)
WORDS = st.text(st.characters(categories=("L", "N")), min_size=6, max_size=20).filter(str.isalnum).map(lambda word: f"{word}qz")
BYTE = st.integers(0, 255)


@settings(max_examples=60, deadline=None)
@given(
    computer=LABEL,
    domain=LABEL,
    user=LABEL,
    word=WORDS,
    address=st.tuples(st.integers(11, 99), BYTE, BYTE, BYTE),
    six=st.integers(0x2001_0000 << 96, 0x2ABC_FFFF << 96),
    mac=st.lists(BYTE, min_size=6, max_size=6),
    guid=st.uuids(),
    domain_sid=st.lists(st.integers(1000, 2**32 - 1), min_size=3, max_size=3),
    thumbprint=st.binary(min_size=20, max_size=20),
    around=st.sampled_from(["{}", r"C:\Users\{}\AppData\x.exe", r"\\{}\share$\a.dll", "a={};b", '"{}"', "({})", "x {}, y", "{}."]),
)
def test_no_original_is_left_wherever_it_stands(
    computer: str,
    domain: str,
    user: str,
    word: str,
    address: tuple[int, ...],
    six: int,
    mac: list[int],
    guid: object,
    domain_sid: list[int],
    thumbprint: bytes,
    around: str,
) -> None:
    sid = f"S-1-5-21-{'-'.join(map(str, domain_sid))}-1105"
    secrets = [
        computer,
        f"{domain}.example.test",
        user,
        word,
        ".".join(map(str, address)),
        str(IPv6Address(six)),
        "-".join(f"{byte:02X}" for byte in mac),
        str(guid),
        sid,
        thumbprint.hex(),
    ]
    capture = holding(Name=computer, Domain=secrets[1], UserName=rf"{domain}\{user}")
    key = Key(
        key=rf"SOFTWARE\{word}\{{{guid}}}",
        there=True,
        types=dict.fromkeys(secrets, ValueKind.SZ),
        subkeys=tuple(secrets),
        values={f"v{number}": StoredValue(type=ValueKind.SZ, data=around.format(text)) for number, text in enumerate(secrets)},
        absent=(user,),
    )
    capture = replace(capture, moments=(replace(capture.moments[0], keys=(key,)),))
    made = anonymized(capture, KNOWLEDGE).capture
    shown = json.dumps(plain(made)).lower()
    for secret in (*secrets, domain, "-".join(map(str, domain_sid)), "web01.contoso.test"):
        assert secret.lower() not in shown, secret


def test_a_sid_in_a_security_descriptor_is_replaced_as_in_text() -> None:
    parts = (111111111, 222222222, 333333333)
    binary = b"\x01\x05" + bytes(5) + b"\x05" + b"".join(number.to_bytes(4, "little") for number in (21, *parts, 1105))
    well_known = b"\x01\x02" + bytes(5) + b"\x05" + b"".join(number.to_bytes(4, "little") for number in (32, 544))
    values = {
        "Security": StoredValue(type=ValueKind.BINARY, data=(b"ab" + binary + well_known).hex()),
        "Text": StoredValue(type=ValueKind.SZ, data=f"S-1-5-21-{'-'.join(map(str, parts))}-1105, S-1-5-32-544"),
    }
    capture = holding(Name="WEB01x")
    capture = replace(capture, moments=(replace(capture.moments[0], keys=(Key(key=r"SOFTWARE\A", there=True, values=values),)),))
    (key,) = anonymized(capture, KNOWLEDGE).capture.moments[0].keys
    made = bytes.fromhex(str(key.values["Security"].data))
    numbers = [int.from_bytes(made[2 + start : 6 + start], "little") for start in range(8, 28, 4)]
    assert numbers[0] == 21
    assert not set(numbers[1:]) & {*parts, 1105}
    assert key.values["Text"].data == f"S-1-5-21-{'-'.join(map(str, numbers[1:]))}, S-1-5-32-544"
    assert made.endswith(well_known)


def test_a_name_that_plans_depend_on_is_refused_with_advice() -> None:
    for capture in (holding(Name="SQL"), holding(Name="x1y2z3", Domain="DNS"), replace(holding(Name="x1y2z3"), inventory_name="spooler")):
        with pytest.raises(Refused, match=r"cannot be anonymized: .* is called '.*', which is also a word .*: replace it by hand"):
            anonymized(capture, KNOWLEDGE)


def test_what_is_anonymized_already_is_refused() -> None:
    with pytest.raises(Refused, match="is anonymized already"):
        anonymized(replace(SMALL, anonymized=True), KNOWLEDGE)


def test_two_files_of_one_host_have_nothing_in_common() -> None:
    with booted("windows_xp") as host:
        capture = captured(host).capture
    names = [anonymized(capture, KNOWLEDGE).capture.inventory_name for _time in range(2)]
    assert len({*names, "host.example"}) == 3


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(0, 2**32 - 1), min_size=2, max_size=20, unique=True), st.integers())
def test_addresses_keep_what_they_have_in_common(numbers: list[int], seed: int) -> None:
    addresses = Addresses(Random(seed))
    made = {number: int(addresses.of_4(IPv4Address(number))) for number in numbers}
    assert len(set(made.values())) == len(numbers)
    for one in numbers:
        assert IPv4Address(one).is_loopback == IPv4Address(made[one]).is_loopback
        assert IPv4Address(one).is_multicast == IPv4Address(made[one]).is_multicast
        for other in numbers:
            least = 24 if not IPv4Address(one).is_private else 0
            if one >> 8 == other >> 8 or not least:
                # The same networks contain both, from the length on at which they are told apart.
                assert _common(one, other) == _common(made[one], made[other]) or _common(one, other) < 24


def _common(one: int, other: int) -> int:
    return 32 - (one ^ other).bit_length()


def test_private_addresses_stay_in_their_network_and_public_ones_go_where_nobody_is() -> None:
    addresses = Addresses(Random(3))
    made = addresses.of_4(IPv4Address("10.1.2.3"))
    near = addresses.of_4(IPv4Address("10.1.2.77"))
    assert made in IPv4Network("10.0.0.0/8")
    assert int(made) >> 8 == int(near) >> 8
    assert _common(int(made), int(near)) == _common(3, 77)
    nets = [IPv4Network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15", "240.0.0.0/5")]
    public = [addresses.of_4(IPv4Address(f"{first}.8.8.8")) for first in range(11, 99)]
    assert len(set(public)) == len(public)
    assert all(any(address in net for net in nets) for address in public)
    for kept in ("0.0.0.0", "127.0.0.1", "224.0.0.252", "255.255.255.255", "255.255.254.0"):
        assert str(addresses.of_4(IPv4Address(kept))) == kept
    for kept in ("::", "::1", "ff02::1:3"):
        assert str(addresses.of_6(IPv6Address(kept))) == kept
    assert addresses.of_6(IPv6Address("fe80::1")).is_link_local
    assert str(addresses.of_6(IPv6Address("2a00:1450::1"))).startswith("2001:db8:")
    assert addresses.of_6(IPv6Address("::ffff:10.1.2.3")).ipv4_mapped == made
