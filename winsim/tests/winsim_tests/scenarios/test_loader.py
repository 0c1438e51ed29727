# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Scenario files: strict reading, extending, renaming."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from winsim.host.firewall import LOCAL_RULES
from winsim.host.model import SERVICES, EmptyList, StartMode
from winsim.scenarios import ScenarioError, load_scenario, loader, names
from winsim.scenarios.merge import STRUCTURE, TAKEN_BY, merge, renamed

SMALL = """
extends: windows_xp
title: small
sources: []
"""


def load(folder: Path, text: str) -> str:
    """Return the problems of a file."""
    path = folder / "some.yml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as raised:
        load_scenario(path)
    return str(raised.value)


@pytest.mark.parametrize("name", names())
def test_every_scenario_is_read_and_says_where_it_is_from(name: str) -> None:
    scenario = load_scenario(name)
    assert scenario.name == name
    assert scenario.title
    assert scenario.sources
    assert [account.user for account in scenario.host.accounts] == ["Administrator", "auditor"]


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    problems = load(
        tmp_path,
        SMALL
        + """
colour: blue
""",
    )
    assert "some.yml: $.colour: unknown key" in problems
    problems = load(
        tmp_path,
        SMALL
        + """
windows: {version: 5, shape: round}
adapters: [{name: MS TCP Loopback interface, dhcp: "no"}]
empty_list: sometimes
sockets: [{owner: Messenger, protocol: sctp, port: 1, unless: [{key: x}]}]
registry: {'HKLM\\X': {a: {dword: "1"}, b: {float: 1}}}
faults: [{kind: none}]
""",
    )
    for path in (
        "$.windows.version", "$.windows.shape", "$.adapters[0].dhcp", "$.empty_list", ".protocol", "unless[0].name",
        "X.a", "X.b", "$.faults[0]",
    ):  # fmt: skip
        assert path in problems, path


def test_names_that_are_used_must_exist(tmp_path: Path) -> None:
    problems = load(
        tmp_path,
        SMALL
        + """
mapper: {service: Nobody}
services: [{name: New, display: New, start: auto}]
""",
    )
    assert "New has no image" in problems
    problems = load(
        tmp_path,
        SMALL
        + """
mapper: {service: Nobody}
drivers: [{name: messenger, display: Twice, start: auto, depends: [Nothing]}]
rpc_servers: [{owner: explorer, transports: [tcp]}, {owner: localservice, transports: [tcp]}]
connections: [{owner: nobody, remote_address: 192.0.2.1, remote_port: 80}]
""",
    )
    for part in (
        "$.mapper: Nobody",
        "messenger is defined twice",
        "depends: Nothing",
        "$.connections: nobody",
        "$.rpc_servers: localservice",
    ):
        assert part in problems, part


def test_a_file_that_is_none(tmp_path: Path) -> None:
    assert "no scenario is called nowhere; there are windows_10" in load_error("nowhere")
    assert "is no YAML" in load(tmp_path, "a: [")
    assert "is no YAML" in load(tmp_path, "a: 2001-02-31")
    assert "key 'a' occurs twice" in load(tmp_path, "a: 1\nb: {c: 1}\na: 2")
    assert "key 'c' occurs twice" in load(tmp_path, "b: [{c: 1, c: 1}]")
    assert "is no YAML" in load(tmp_path, "? [a, b]\n: 1")
    assert "is no YAML" in load(tmp_path, "services: [{? {a: 1} : 1}]")
    assert "is no mapping" in load(tmp_path, "- a")
    assert "$.title: is missing" in load(tmp_path, "sources: []")


@pytest.mark.parametrize("base", ["nowhere", "../nowhere", "/nowhere/at/all", "[windows_xp]", "5"])
def test_a_file_extends_one_that_is_there(tmp_path: Path, base: str) -> None:
    assert "some.yml: $.extends: there is no scenario " in load(tmp_path, f"extends: {base}\ntitle: x\nsources: []")


@pytest.mark.parametrize("base", names())
def test_a_file_extends_any_scenario_there_is(tmp_path: Path, base: str) -> None:
    tmp_path.joinpath("some.yml").write_text(f"extends: {base}\ntitle: some host\nwindows: {{computer: SOME}}", encoding="utf-8")
    made, below = load_scenario(tmp_path / "some.yml"), load_scenario(base)
    assert made.host.windows == replace(below.host.windows, computer="SOME")
    assert (made.host.services, made.host.sockets, made.host.registry) == (below.host.services, below.host.sockets, below.host.registry)


def test_what_is_extended_lies_below_all_that_extends_it(tmp_path: Path) -> None:
    for name, base, title in (("one", "windows_server_2003", "first"), ("two", "one", "second"), ("three", "two", "third")):
        text = f"extends: {base}\ntitle: {title}\nservices: [{{name: W32Time, display: {title} clock}}]"
        tmp_path.joinpath(f"{name}.yml").write_text(text, encoding="utf-8")
    made = load_scenario(tmp_path / "three.yml")
    assert made.title == "third"
    assert [service.display for service in made.host.services if service.name == "W32Time"] == ["third clock"]
    assert made.host.windows.version == load_scenario("windows_server_2003").host.windows.version


def test_files_that_extend_each_other_are_refused(tmp_path: Path) -> None:
    for name, base in (("one", "two"), ("two", "three"), ("three", "one")):
        tmp_path.joinpath(f"{name}.yml").write_text(f"extends: {base}\ntitle: x", encoding="utf-8")
    assert load_error(str(tmp_path / "one.yml")) == "three.yml: $.extends: one extends this file"


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    assert load_error(str(tmp_path / "none.yml")) == f"{tmp_path}/none.yml: cannot be read: No such file or directory"
    tmp_path.joinpath("folder.yml").mkdir()
    assert load_error(str(tmp_path / "folder.yml")) == f"{tmp_path}/folder.yml: cannot be read: Is a directory"
    tmp_path.joinpath("bytes.yml").write_bytes(b"title: \xff")
    assert "bytes.yml: $: is no UTF-8: " in load_error(str(tmp_path / "bytes.yml"))


@pytest.mark.parametrize(
    ("rename", "problem"),
    [
        ("[a]", "$.rename: is no mapping"),
        ("{services: [a]}", "$.rename.services: is no mapping"),
        ("{ports: 5}", "$.rename.ports: is no mapping"),
        ("{drivers: {a: b}}", "$.rename.drivers: unknown key; known are ports, services"),
        ("{services: {Nobody: Somebody}}", "$.rename.services.Nobody: there is no service or driver Nobody"),
        ("{services: {Messenger: 5}}", "$.rename.services.Messenger: a name is a text, and not 5"),
        ("{services: {Messenger: Popups, messenger: Mail}}", "$.rename.services.messenger: occurs twice, in another case"),
        ("{ports: {4711: 4712}}", "$.rename.ports.4711: nothing has the port 4711"),
        ("{ports: {5000: 70000}}", "$.rename.ports.5000: a port is a number from 1 to 65535, and not 70000"),
        ("{ports: {'5000': 5001}}", "$.rename.ports.5000: a port is a number from 1 to 65535, and not '5000'"),
    ],
)
def test_names_are_renamed_by_mappings(tmp_path: Path, rename: str, problem: str) -> None:
    assert load(tmp_path, f"{SMALL}rename: {rename}").splitlines()[0] == f"some.yml: {problem}"


def load_error(name: str) -> str:
    with pytest.raises(ScenarioError) as raised:
        load_scenario(name)
    return str(raised.value)


def test_an_extending_file_changes_rows_of_the_same_name(tmp_path: Path) -> None:
    path = tmp_path / "some.yml"
    path.write_text(SMALL + "services: [{name: Messenger, start: disabled}]\nempty_list: ignores\n", encoding="utf-8")
    host = load_scenario(path).host
    messenger = next(service for service in host.services if service.name == "Messenger")
    assert (messenger.start, messenger.display) == (StartMode.DISABLED, "Messenger")
    assert host.empty_list is EmptyList.IGNORES


def test_names_are_the_same_in_any_case(tmp_path: Path) -> None:
    write(tmp_path, "parts/one", r"registry: {'hklm\software\netmin': {first: {dword: 2}, Second: {sz: b}}}")
    path = write(
        tmp_path,
        "some",
        SMALL
        + r"""
parts: [one]
services: [{name: messenger, start: disabled}]
registry: {'HKLM\SOFTWARE\NetMin': {First: {dword: 3}}}
""",
    )
    host = load_scenario(path).host
    assert [(service.name, service.start) for service in host.services if service.name.lower() == "messenger"] == [
        ("Messenger", StartMode.DISABLED)
    ]
    (values,) = [values for key, values in host.registry.items() if key.lower() == r"hklm\software\netmin"]
    assert {name: value.data for name, value in values.items()} == {"first": 3, "Second": "b"}


def test_the_firewall_of_the_registry_is_above_the_table_in_any_case(tmp_path: Path) -> None:
    own = "firewall: {version: '2.0', rules: [{name: A, rule: 'Action=Allow|'}]}\n"
    own += f"registry: {{'{LOCAL_RULES.upper()}': {{a: {{sz: own}}}}}}\n"
    registry = load_scenario(write(tmp_path, "some", SMALL + own)).host.registry
    found = [values for key, values in registry.items() if key.lower() == LOCAL_RULES.lower()]
    assert [{name: value.data for name, value in values.items()} for values in found] == [{"A": "own"}]


ONCE = {
    "services: [{name: Messenger, start: auto}, {name: ClipSrv, start: auto}, {name: messenger, start: manual}]": (
        "$.services[2].name: messenger occurs twice"
    ),
    "drivers: [{name: ACPI, start: boot}, {name: acpi, start: boot}]": "$.drivers[1].name: acpi occurs twice",
    "processes: [{id: netsvcs, name: a}, {id: netsvcs, name: b}]": "$.processes[1].id: netsvcs occurs twice",
    "adapters: [{name: New, guid: a}, {name: New, guid: b}]": "$.adapters[1].name: New occurs twice",
    "accounts: [{user: auditor, password: a}, {user: Auditor, password: b}]": "$.accounts[1].user: Auditor occurs twice",
    "listeners: [{port: 5985}, {port: 5985, address: '*'}]": "$.listeners[1].port: 5985 occurs twice",
    "firewall: {version: '2.0', rules: [{name: A, rule: a}, {name: A, rule: b}]}": "$.firewall.rules[1].name: A occurs twice",
    r"registry: {'HKLM\X': {}, 'hklm\x': {}}": r"$.registry.hklm\x: occurs twice, in another case",
    r"registry: {'HKLM\X': {A: {dword: 1}, a: {dword: 2}}}": r"$.registry.HKLM\X.a: occurs twice, in another case",
    "wmi: {Win32_Share: [{Name: A}, {Name: a}]}": "$.wmi.Win32_Share: the row a occurs twice",
}


@pytest.mark.parametrize(("content", "problem"), ONCE.items(), ids=list(ONCE))
def test_a_file_says_a_thing_once(tmp_path: Path, content: str, problem: str) -> None:
    assert f"some.yml: {problem}" in load(tmp_path, SMALL + content).splitlines()
    write(tmp_path, "parts/one", content)
    assert f"one.yml: {problem}" in load(tmp_path, SMALL + "parts: [one]").splitlines()


def test_a_file_that_stands_alone_says_a_thing_once(tmp_path: Path) -> None:
    alone = (Path(loader.__file__).parent / "windows_xp.yml").read_text(encoding="utf-8")
    doubled = alone.replace("\naccounts:", "\naccounts:\n  - {user: AUDITOR, password: another}", 1)
    assert doubled != alone
    assert "some.yml: $.accounts[" in load(tmp_path, doubled)


def test_services_that_share_a_process_agree_on_it(tmp_path: Path) -> None:
    shared = "services: [{name: A, display: A, start: auto, group: own, pid: 901}, {name: B, display: B, start: auto, group: own%s}]\n"
    small = SMALL.replace("windows_xp", "windows_7")
    path = write(tmp_path, "other", small + shared % "")
    assert [process.pid for process in load_scenario(path).host.processes if process.id == "svchost-own"] == [901]
    wrong = small + shared % ", pid: 902" + "processes: [{id: svchost-own, name: svchost.exe, command: svchost.exe}]\n"
    problems = load(tmp_path, wrong)
    assert ".pid: 902 is another than that of svchost-own, which is 901" in problems
    assert "$.processes: svchost-own is listed, and a service brings a process of this id" in problems


VALUES = {
    "registry: {'HKLM\\X': {a: {binary: zz}}}": "$.registry.HKLM\\X.a: 'zz' is no binary",
    "registry: {'HKLM\\X': {a: {binary: '123'}}}": "$.registry.HKLM\\X.a: '123' is no binary",
    "registry: {'HKLM\\X': {a: {dword: 4294967296}}}": "$.registry.HKLM\\X.a: 4294967296 is no number from 0 to 4294967295",
    "registry: {'HKLM\\X': {a: {dword: -1}}}": "$.registry.HKLM\\X.a: -1 is no number from 0 to 4294967295",
    "registry: {'HKLM\\X': {a: {qword: 18446744073709551616}}}": "$.registry.HKLM\\X.a: 18446744073709551616 is no number from 0 to ",
    "sockets: [{owner: Messenger, protocol: tcp, port: 70000}]": ".port: 70000 is no port from 0 to 65535",
    "sockets: [{owner: Messenger, protocol: tcp, port: 0, between: [0, 70000]}]": ".between[1]: 70000 is no port from 1 to 65535",
    "sockets: [{owner: Messenger, protocol: tcp, port: 9, unless: [{key: k, name: n, data: -1}]}]": ".unless[0].data: -1 is no number from",
    "mapper: {service: RpcSs, port: 0}": "$.mapper.port: 0 is no port from 1 to 65535",
    "netbt: {driver: NetBT, raw_smb: 99999}": "$.netbt.raw_smb: 99999 is no port",
    "netbt: {driver: NetBT, wins: [nowhere]}": "$.netbt.wins[0]: 'nowhere' is no IPv4 address",
    "windows: {first_port: 65536}": "$.windows.first_port: 65536 is no port",
    "windows: {first_port: 5001}": "$.windows: first_port, counts_from and last_port are not in this order",
    "windows: {version: '5'}": "$.windows.version: '5' is no version (10.0.20348)",
    "windows: {installed: yesterday}": "$.windows.installed: 'yesterday' is no time (2026-01-31T08:00:00Z)",
    "windows: {domain_role: 6}": "$.windows.domain_role: 6 is no number from 0 to 5",
    "adapters: [{name: New, guid: g, address: 192.0.2.256}]": ".address: '192.0.2.256' is no IPv4 address",
    "adapters: [{name: New, guid: g, ipv6: ['fe80::1%4', 'fe80']}]": ".ipv6[1]: 'fe80' is no IPv6 address",
    "adapters: [{name: New, guid: g, netbios: 3}]": ".netbios: 3 is no number from 0 to 2",
    "connections: [{owner: Messenger, remote_address: host, remote_port: 80}]": ".remote_address: 'host' is no IP address",
    "connections: [{owner: Messenger, remote_address: 192.0.2.1, remote_port: 0}]": ".remote_port: 0 is no port from 1 to 65535",
    "listeners: [{port: 5987, transport: SPX}]": ".transport: 'SPX' is no text of HTTP, HTTPS",
    "quotas: {max_operations_per_user: -1}": "$.quotas.max_operations_per_user: -1 is no number of 0 or more",
    "timing: {boot: .nan}": "$.timing.boot: nan is no number of 0 or more",
    "timing: {uptime: -5}": "$.timing.uptime: -5 is no number of 0 or more",
    "services: [{name: Messenger, launch_protected: 4}]": ".launch_protected: 4 is no number from 0 to 3",
    "faults: [{kind: socket_stays, protocol: tcp, port: 70000}]": "$.faults[0]: fault socket_stays: port 70000 is no port from 1 to 65535",
    "faults: [{kind: stop_hangs, service: Nobody}]": "$.faults.stop_hangs: Nobody is no service or driver of this host",
}


@pytest.mark.parametrize(("content", "problem"), VALUES.items(), ids=list(VALUES))
def test_a_value_that_a_host_cannot_have_is_refused(tmp_path: Path, content: str, problem: str) -> None:
    assert problem in load(tmp_path, SMALL + content)


def test_known_keys_are_named_once(tmp_path: Path) -> None:
    for text in (SMALL, ""):
        known = load(tmp_path, text + "colour: blue").splitlines()[0].partition("known are ")[2].split(", ")
        assert len(known) == len(set(known))


def test_merging_joins_lists_without_names() -> None:
    base = {"sources": ["a"], "mapper": {"service": "x", "port": 1}, "extends": "y"}
    assert merge(base, {"sources": ["b"], "mapper": {"port": 2}}) == {"sources": ["a", "b"], "mapper": {"service": "x", "port": 2}}


def write(folder: Path, name: str, text: str) -> Path:
    """Write a scenario or a part of somebody's own."""
    path = folder / f"{name}.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_parts_lie_below_the_content_in_their_order(tmp_path: Path) -> None:
    write(tmp_path, "parts/one", "sources: [a, b]\nwindows: {computer: ONE, model: one}\nservices: [{name: Messenger, start: manual}]")
    write(tmp_path, "parts/two", "sources: [b, c]\nwindows: {computer: TWO, model: two}\nservices: [{name: Messenger, display: Post}]")
    path = write(tmp_path, "some", SMALL.replace("[]", "[c, d]") + "parts: [one, two]\nwindows: {computer: OWN}\n")
    scenario = load_scenario(path)
    assert (scenario.host.windows.computer, scenario.host.windows.model) == ("OWN", "two")
    messenger = next(service for service in scenario.host.services if service.name == "Messenger")
    assert (messenger.start, messenger.display) == (StartMode.MANUAL, "Post")
    assert scenario.sources == (*load_scenario("windows_xp").sources, "a", "b", "c", "d")


def test_a_scenario_that_is_extended_brings_its_parts(tmp_path: Path) -> None:
    write(tmp_path, "parts/one", "windows: {computer: ONE, model: one, manufacturer: one}")
    write(tmp_path, "parts/two", "windows: {manufacturer: two}")
    base = (Path(loader.__file__).parent / "windows_xp.yml").read_text(encoding="utf-8")
    write(tmp_path, "base", base + "\nparts: [one]\n")
    path = write(tmp_path, "some", "extends: base\nparts: [two]\ntitle: small\nsources: []\n")
    windows = load_scenario(path).host.windows
    assert (windows.computer, windows.model, windows.manufacturer) == (load_scenario("windows_xp").host.windows.computer, "one", "two")


def test_parts_are_no_scenarios() -> None:
    parts = {path.stem for path in Path(loader.__file__).parent.joinpath("parts").glob("*.yml")}
    assert parts
    assert not parts & set(names())


def test_a_problem_is_reported_where_it_is(tmp_path: Path) -> None:
    write(tmp_path, "parts/one", "colour: blue\nservices: [{name: New, start: sometimes}, {start: auto}]\nsources: text")
    write(tmp_path, "parts/two", "sockets: [{owner: Messenger, protocol: tcp}]\nwindows: {computer: 5}")
    assert load(tmp_path, SMALL + "parts: [one, two]\nempty_list: never\n").splitlines() == [
        "one.yml: $.colour: unknown key; known are " + load_keys(),
        "one.yml: $.sources: is no list of texts",
        "one.yml: $.services[0].start: 'sometimes' is none of boot, system, auto, manual, disabled",
        "one.yml: $.services[1].name: is missing",
        "two.yml: $.windows.computer: 5 is no str",
        "two.yml: $.sockets[0].port: is missing",
        "some.yml: $.empty_list: 'never' is none of takes, refuses, ignores",
    ]


def load_keys() -> str:
    return ", ".join(sorted((*loader.REQUIRED, *loader.OPTIONAL, *STRUCTURE)))


@pytest.mark.parametrize(
    ("part", "own", "wanted"),
    [
        ("parts: [two]", "parts: [one]", "one.yml: $.parts[0]: there is no part two; there are"),
        ("parts: [one]", "parts: [one]", "one.yml: $.parts: a part of a part is made of nothing else"),
        ("extends: windows_xp", "parts: [one]", "one.yml: $.extends: a part extends nothing"),
        ("{}", "parts: one", "some.yml: $.parts: is no list"),
        ("{}", "parts: [one, nobody]", "some.yml: $.parts[1]: there is no part nobody; there are"),
        ("- a", "parts: [one]", "one.yml: $: is no mapping"),
        ("a: [", "parts: [one]", "one.yml: $: is no YAML"),
    ],
)
def test_what_a_part_may_not_be(tmp_path: Path, part: str, own: str, wanted: str) -> None:
    write(tmp_path, "parts/one", part)
    assert load(tmp_path, SMALL + own).startswith(wanted)


def test_rows_are_taken_away_from_what_lies_below(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "some",
        SMALL
        + """
without:
  services: [messenger, ClipSrv]
  drivers: [ACPI]
  sockets: [{owner: SSDPSRV, port: 5000}, {owner: ssdpsrv, port: 1900, protocol: udp}]
  rpc_servers: [messenger]
services: [{name: ClipSrv, display: another, start: manual, image: clip.exe}]
""",
    )
    below, host = load_scenario("windows_xp").host, load_scenario(path).host
    assert {service.name for service in below.services} - {service.name for service in host.services} == {"Messenger", "ACPI"}
    assert next(service for service in host.services if service.name == "ClipSrv").display == "another"
    assert "SSDPSRV" in {socket.owner for socket in below.sockets}
    assert "SSDPSRV" not in {socket.owner for socket in host.sockets}
    assert "Messenger" in {server.owner for server in below.rpc_servers}
    assert "Messenger" not in {server.owner for server in host.rpc_servers}


def test_a_part_takes_away_from_those_below_it(tmp_path: Path) -> None:
    write(tmp_path, "parts/one", "sockets: [{owner: Messenger, protocol: tcp, port: 7}, {owner: Messenger, protocol: udp, port: 7}]")
    write(tmp_path, "parts/two", "without: {sockets: [{owner: Messenger, port: 7, protocol: tcp}]}")
    host = load_scenario(write(tmp_path, "some", SMALL + "parts: [one, two]\n")).host
    assert [str(socket.protocol) for socket in host.sockets if socket.port == 7] == ["udp"]


def test_what_is_taken_away_must_be_there(tmp_path: Path) -> None:
    write(tmp_path, "parts/one", "without: {services: [Nobody]}")
    problems = load(
        tmp_path,
        SMALL
        + """
parts: [one]
without:
  services: [Messenger, Messenger, [a]]
  processes: spoolsv
  sockets: [{owner: SSDPSRV, port: 4711}, {owner: SSDPSRV}, SSDPSRV]
  registry: ['HKLM']
""",
    )
    assert problems.splitlines() == [
        "one.yml: $.without.services[0]: there is no row Nobody to take away",
        "some.yml: $.without.services[1]: there is no row Messenger to take away",
        "some.yml: $.without.services[2]: is no name",
        "some.yml: $.without.processes: is no list",
        "some.yml: $.without.sockets[0]: there is no row SSDPSRV/4711 to take away",
        "some.yml: $.without.sockets[1]: is no mapping of owner, port and perhaps protocol",
        "some.yml: $.without.sockets[2]: is no mapping of owner, port and perhaps protocol",
        "some.yml: $.without.registry: unknown key; known are " + ", ".join(sorted(TAKEN_BY)),
    ]
    assert load(tmp_path, SMALL + "without: [Messenger]") == "some.yml: $.without: is no mapping"


def test_a_name_that_only_the_whole_lacks_is_the_scenarios(tmp_path: Path) -> None:
    problems = load(tmp_path, SMALL + "without: {services: [NetDDEdsdm]}")
    assert problems == "some.yml: $.services.NetDDE.depends: NetDDEdsdm is no service or driver of this host"


def test_a_registry_value_replaces_one_of_another_type(tmp_path: Path) -> None:
    key = r"HKLM\SOFTWARE\Microsoft\Ole"
    path = write(tmp_path, "some", SMALL + f"registry: {{'{key}': {{EnableDCOM: {{dword: 1}}}}}}\n")
    assert load_scenario(path).host.registry[key]["EnableDCOM"].plain() == 1


def test_renaming_reaches_services_ports_and_keys() -> None:
    document = yaml.safe_load(
        rf"""
services: [{{name: Old, depends: [OLD, Other]}}]
sockets: [{{owner: old, port: 25}}]
dhcp_client: Old
registry: {{'{SERVICES}\Old\Parameters': {{}}, 'HKLM\SOFTWARE\Old': {{}}}}
rename: {{services: {{Old: New}}, ports: {{25: 3025}}}}
"""
    )
    assert renamed(document) == {
        "services": [{"name": "New", "depends": ["New", "Other"]}],
        "sockets": [{"owner": "New", "port": 3025}],
        "dhcp_client": "New",
        "registry": {rf"{SERVICES}\New\Parameters": {}, r"HKLM\SOFTWARE\Old": {}},
    }


def test_the_rules_of_the_firewall_have_the_version_of_the_table_unless_they_say_their_own(tmp_path: Path) -> None:
    part = """---
title: rules
firewall:
  version: "2.10"
  rules:
    - {name: A, rule: "Action=Allow|"}
    - {name: B, rule: "Action=Allow|", version: "2.0"}
    - {name: C, rule: "Action=Allow|"}
"""
    tmp_path.joinpath("parts").mkdir()
    tmp_path.joinpath("parts", "rules.yml").write_text(part, encoding="utf-8")
    path = tmp_path / "own.yml"
    own = f"{SMALL}parts: [rules]\nfirewall: {{version: '2.27', rules: [{{name: A, rule: 'Action=Block|'}}]}}\n"
    own += f"registry: {{'{LOCAL_RULES}': {{C: {{sz: 'v2.30|Action=Allow|'}}}}}}\n"
    path.write_text(own, encoding="utf-8")
    rules = load_scenario(path).host.registry[LOCAL_RULES]
    assert {name: value.data for name, value in rules.items()} == {
        "A": "v2.27|Action=Block|",
        "B": "v2.0|Action=Allow|",
        "C": "v2.30|Action=Allow|",
    }
