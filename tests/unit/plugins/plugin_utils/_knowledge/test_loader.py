# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The strict loader: every problem at once, with file and path; and the entries that are there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion, ProductType, Side, Windows
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, KnowledgeError, Port, Range, Status, load
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.checks import overlap
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.loader import FOLDER

KNOWLEDGE = load()
RECIPES = sorted(path.stem for path in (FOLDER / "recipes").glob("*.yml"))
VERSIONS = sorted(path.stem for path in (FOLDER / "windows").glob("*.yml"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a copy of the entries to spoil."""
    copied = tmp_path / "knowledge"
    shutil.copytree(FOLDER, copied, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    return copied


def spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def problems(folder: Path) -> tuple[str, ...]:
    with pytest.raises(KnowledgeError) as caught:
        load(folder)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_loads_and_is_its_file(name: str) -> None:
    recipe = KNOWLEDGE.recipe(name)
    assert recipe.id == name
    assert recipe.purpose
    assert recipe.breaks
    for method in recipe.methods:
        assert method.sources
        assert method.status is Status.WORKS or method.because


@pytest.mark.parametrize("name", VERSIONS)
def test_every_version_loads_and_is_its_file(name: str) -> None:
    version = KNOWLEDGE.versions[name]
    assert version.id == name
    assert list(version.builds) == sorted(set(version.builds))
    assert set(version.products) <= {"client", "server"}


def windows_of(name: str) -> list[Windows]:
    """Return every build of a version, for each side that it was released for."""
    version = KNOWLEDGE.versions[name]
    products = [ProductType.WORKSTATION if side == "client" else ProductType.SERVER for side in version.products]
    return [KNOWLEDGE.place(version.nt, build, product) for build in version.builds for product in products]


@pytest.mark.parametrize("name", VERSIONS)
def test_no_two_entries_of_a_method_speak_of_one_windows(name: str) -> None:
    for windows in windows_of(name):
        for recipe in KNOWLEDGE.recipes.values():
            fitting = [method.id for method in recipe.methods_on(windows)]
            assert len(fitting) == len(set(fitting)), (recipe.id, windows)


@pytest.mark.parametrize("name", VERSIONS)
def test_what_is_carried_out_by_itself_is_known_to_work_and_stops_nothing_that_must_go_on(name: str) -> None:
    for windows in windows_of(name):
        never = [item for item in KNOWLEDGE.never_stop if item.when == "always" and item.windows.includes(windows)]
        for recipe_id in KNOWLEDGE.versions[name].minimize:
            usable = [method for method in KNOWLEDGE.recipe(recipe_id).methods_on(windows) if method.status is Status.WORKS or method.end]
            assert usable or windows.build < KNOWLEDGE.versions[name].builds[-1], (recipe_id, windows)
            for method in usable[:1]:
                assert not [item.name for item in never for service in method.services if item.names(service)], (recipe_id, windows)


def test_every_family_of_listeners_closes_or_says_why_it_stays() -> None:
    for recipe in KNOWLEDGE.recipes.values():
        if recipe.listeners:
            assert recipe.stays or recipe.methods, recipe.id
        for method in recipe.methods:
            assert method.services or method.values or method.stage != "services", (recipe.id, method.id)


def test_services_are_silent_or_owners_and_never_both() -> None:
    for windows in (windows for name in VERSIONS for windows in windows_of(name)):
        owners = {
            name.lower()
            for recipe, pattern in KNOWLEDGE.patterns(windows)
            if isinstance(pattern.port, Port)
            for name in pattern.services or recipe.services
        }
        assert not owners & KNOWLEDGE.silent_on(windows), windows


def test_all_problems_at_once(folder: Path) -> None:
    spoil(folder / "recipes" / "smb-445.yml", "purpose:", "porpoise:")
    spoil(folder / "recipes" / "msdtc.yml", "port: 3372", "port: often")
    spoil(folder / "recipes" / "rasman.yml", "status: works", "status: hopefully")
    spoil(folder / "windows" / "windows_xp.yml", "builds: [2600]", "builds: ['2600']")
    spoil(folder / "windows" / "windows_10.yml", 'nt: "10.0"', "nt: 10.0")
    spoil(folder / "never_stop.yml", 'why: "it holds', 'y: "it holds')
    (folder / "sources.yml").write_text("{", encoding="utf-8")
    found = problems(folder)
    assert "recipes/smb-445.yml: $: unknown key 'porpoise'" in found
    assert "recipes/smb-445.yml: $: key 'purpose' is missing" in found
    assert "recipes/msdtc.yml: $.listeners[0].port: int or Port expected, not 'often'" in found
    assert any(text.startswith("recipes/rasman.yml: $.methods[0].status: one of works, partial,") for text in found)
    assert "windows/windows_xp.yml: $.builds[0]: int expected, not '2600'" in found
    assert "windows/windows_10.yml: $.nt: a kernel version in quotes expected, not 10.0" in found
    assert "never_stop.yml: $[0]: unknown key 'y'" in found
    assert any(text.startswith("sources.yml: $: cannot be read") for text in found)


@pytest.mark.parametrize(
    ("name", "old", "new", "problem"),
    [
        ("recipes/dcom-off.yml", "id: dcom-off", "id: dcom-of", "recipes/dcom-off.yml: $: id 'dcom-of' is not the file's name"),
        ("recipes/dcom-off.yml", "stage: dcom_protocols", "stage: dcom", "$.methods[0].stage: there is no stage 'dcom'"),
        ("recipes/rasman.yml", "sources: [article]", "sources: [hearsay]", "source 'hearsay' is not in sources.yml"),
        ("recipes/rasman.yml", "sources: [article]", "sources: []", "recipes/rasman.yml: $.methods[0]: cites no source"),
        ("recipes/iis5.yml", "services: [SMTPSVC]", "services: [Sendmail]", "'Sendmail' is not an owner of the recipe"),
        ("recipes/iis5.yml", "port: 25,", "port: true,", "$.listeners[0].port"),
        ("recipes/iis5.yml", "protocol: tcp", "protocol: sctp", "$.listeners[0].protocol: one of tcp, udp expected, not 'sctp'"),
        ("recipes/iis5.yml", 'until: "5.1"', 'before: "5.1"', "$.listeners[0].windows: unknown key 'before'"),
        ("recipes/iis5.yml", "listeners:", "listeners: none\nlisten:", "$.listeners: a list expected, not 'none'"),
        ("recipes/w32time-123.yml", "breaks: the", "breaks: [the]\nnote: the", "$.breaks: str expected, not ['the']"),
        ("windows/windows_7.yml", "dynamic_ports: [49152, 65535]", "dynamic_ports: [49152]", "dynamic_ports needs first and last"),
        ("windows/windows_7.yml", "builds: [7600, 7601]", "builds: []", "builds at least one"),
        ("windows/windows_xp.yml", "- ike-500-4500", "- ike-500", "windows/windows_xp.yml: $.minimize[0]: there is no recipe 'ike-500'"),
        ("windows/windows_10.yml", "tcp/135", "tcp/epmap", "$.residue[0].listener: 'tcp/epmap' is not a listener"),
        ("windows/windows_10.yml", "recipe: rpc-lsass", "recipe: lsass", "$.residue[5].recipe: there is no recipe 'lsass'"),
        ("recipes/rdp-3389.yml", "hazard: rds", "hazard: rdp", "$.methods[0].hazard: there is no hazard 'rdp'"),
        ("recipes/rdp-3389.yml", "data: 1", "data: one", "$.methods[0].values[0].data: 'one' does not have the type dword"),
        ("recipes/rdp-3389.yml", "port: 3389", "port: 338900", "$.listeners[0].port: 338900 is not a port"),
        ("recipes/rdp-3389.yml", "scenario: windows", "scenario: ./windows", "$.examples[0].scenario: './windows"),
        (
            "recipes/rdp-3389.yml",
            "scenario: windows",
            "scenario: +windows",
            "is not the name of a scenario; write it as windows_xp or windows_xp+",
        ),
        ("recipes/rdp-3389.yml", "outlook: stays", "outlook: hangs", "$.examples[0].outlook: one of closes now, closes at the next boot"),
        ("recipes/rdp-3389.yml", "method: deny_connections", "method: deny", "$.examples[1].method: the recipe has no method 'deny'"),
        ("recipes/rdp-3389.yml", "endpoint: tcp/3389", "endpoint: 3389/tcp", "$.examples[0].endpoint: '3389/tcp' is not a listener"),
        ("recipes/rpc-schedule.yml", 'until: "5.2"', 'until: "6.0"', "$.methods[0]: two entries of 'disable' apply to the same Windows"),
        ("recipes/rpc-schedule.yml", "because: system maintenance", "note: system maintenance", "$.methods[2]: unknown key 'note'"),
        ("recipes/rpc-scm.yml", "status: works", "status: unverified", "$.methods[0]: is unverified and does not say why"),
        ("protected.yml", "start_value: accepted", "start_value: maybe", "$[0].start_value: one of accepted, never, refused expected"),
        ("sources.yml", "do_faq:", "hearsay: nobody\ndo_faq:", "sources.yml: $: nothing cites 'hearsay'"),
        ("hazards.yml", "recipes: [cdp-5040-5050]", "recipes: [moon]", "there is no recipe 'moon'"),
        ("hazards.yml", "methods: [smb-445/netbt_driver]", "methods: [smb-445/moon]", "there is no method 'smb-445/moon'"),
        ("hazards.yml", "namespace: root/WMI", "namespace: WMI", "'WMI' is not a namespace"),
        ("hazards.yml", ", fact: per-user services run", "", "exactly one of fact, services, value, key and query expected"),
        ("hazards.yml", "affects: {recipes: [cdp-5040-5050]}", "affects: {}", "$[35].affects: is empty"),
        ("recipes/rasman.yml", "breaks: VPN", "breaks: all\nbreaks: VPN", "recipes/rasman.yml: $: key 'breaks' occurs twice"),
        ("recipes/rasman.yml", "breaks: VPN", "[a, b]: VPN", "recipes/rasman.yml: $: cannot be read: while constructing a mapping"),
        ("recipes/rasman.yml", "port: rpc", "port: 1, port: rpc", "recipes/rasman.yml: $.listeners[0]: key 'port' occurs twice"),
        ("recipes/rasman.yml", "services: [RasMan]\nlisteners", "listeners", "$.listeners[0]: it has no owner"),
        ("recipes/rasman.yml", "services: [RasMan], confidence", "confidence", "$.methods[0]: names neither services nor values"),
        (
            "recipes/snmp.yml",
            "works, services: [SNMPTRAP, SNMP]",
            "works, services: [SNMP]",
            "leaves udp/162 open, which belongs to SNMPTRAP",
        ),
        ("recipes/rpc-wininit.yml", "stays:", "note:", "recipes/rpc-wininit.yml: $: has listeners, but neither a method nor a reason"),
        ("recipes/lltd.yml", "example: {none: it uses neither TCP nor UDP}\n", "", "lltd.yml: $: has no example; name"),
        ("recipes/lltd.yml", "{none: it uses neither TCP nor UDP}", "{none: ' '}", "recipes/lltd.yml: $.example.none: gives no reason"),
        ("recipes/lltd.yml", "{none: it uses neither TCP nor UDP}", "{}", "recipes/lltd.yml: $.example: key 'none' is missing"),
        ("recipes/rpc-wininit.yml", "examples:\n", "example: {none: no host}\nexamples:\n", "$.example: says that there is none"),
        ("recipes/rpc-wininit.yml", "sources: [listings]", "", "recipes/rpc-wininit.yml: $: cites no source"),
        ("recipes/rpc-wininit.yml", "sources: [listings]", "sources: [hearsay]", "rpc-wininit.yml: $.sources: source 'hearsay' is not in"),
        (
            "recipes/rpc-wininit.yml",
            "endpoint: tcp/rpc",
            "endpoint: udp/rpc",
            "$.examples[0].endpoint: 'udp/rpc-dynamic' is not a listener of",
        ),
        (
            "recipes/rpc-wininit.yml",
            "endpoint: tcp/rpc-dynamic",
            "endpoint: tcp/1.5",
            "$.examples[0].endpoint: 'tcp/1.5' is not a listener; write",
        ),
        (
            "recipes/rpc-wininit.yml",
            "outlook: stays",
            "outlook: stay",
            "$.examples[0].outlook: one of closes now, closes at the next boot,",
        ),
        (
            "recipes/dcom-off.yml",
            "    end: true",
            "    end: true\n    windows: {since: '6.0', until: '5.0'}",
            "$.methods[0].windows: ends before it",
        ),
        ("recipes/cdp-5040-5050.yml", "build_since: 16299}}", "build_since: 2, build_until: 1}}", "listeners[0].windows: ends before it"),
        ("recipes/rpc-lsass.yml", "data: 1}", "data: -1}", "$.methods[0].values[0].data: -1 does not have the type dword"),
        ("recipes/rpc-lsass.yml", "data: 1}", "data: 4294967296}", "$.methods[0].values[0].data: 4294967296 does not have the type dword"),
        ("recipes/rpc-lsass.yml", "data: 1}", "data: [1]}", "$.methods[0].values[0].data: "),
        ("recipes/rpc-lsass.yml", "'SYSTEM", "'HKLM\\SYSTEM", "$.methods[0].values[0].key: 'HKLM\\SYSTEM"),
        ("recipes/rpc-sessionenv.yml", "hazard: rds", "hazard: moon", "$.methods[0].hazard: there is no hazard 'moon'"),
        ("windows/windows_7.yml", "builds: [7600, 7601]", "builds: [7601, 7600]", "windows/windows_7.yml: $.builds: are not in order"),
        ("windows/windows_7.yml", "[49152, 65535]", "[65535, 49152]", "$.dynamic_ports: first and last port expected, in this order"),
        ("windows/windows_7.yml", "[client]", "[desktop]", "$.products: some of client, server expected"),
        ("windows/windows_7.yml", "- smb-445", "- netbios-137-138-139", "$.minimize[1]: 'netbios-137-138-139' is named twice"),
        ("windows/windows_7.yml", "- smb-445", "- rpc-wininit", "$.minimize[1]: 'rpc-wininit' has no method that is used by itself on"),
        ("windows/windows_7.yml", "- smb-445", "- rdp-3389", "$.minimize[1]: 'rdp-3389' has no method that is used by itself on"),
        ("windows/windows_7.yml", "- smb-445", "- lltd", "$.minimize[1]: 'lltd' has no method that is used by itself on Windows 7"),
        ("windows/windows_7.yml", "owners: [RpcSs]", "owners: []", "windows/windows_7.yml: $.residue[0].owners: no owner is named"),
        ("windows/windows_7.yml", "tcp/135", "udp/135", "$.residue[0].listener: 'rpc-epmap-135-tcp' knows no udp/135 on Windows 7"),
        ("never_stop.yml", "- {name: LSM,", "- {name: rpcss,", "never_stop.yml: $[3]: 'rpcss' is named twice for the same Windows"),
        ("protected.yml", "- name: DoSvc", "- name: Dnscache", "protected.yml: $[1]: 'Dnscache' is named twice for the same Windows"),
        ("per_user.yml", "OneSyncSvc", "CDPUserSvc", "per_user.yml: $[1]: 'CDPUserSvc' is named twice for the same Windows"),
        ("hazards.yml", "id: rds", "id: cluster", "'cluster' is named twice"),
        ("silent.yml", "- Appinfo", "- apphostsvc", "silent.yml: $[0]: 'apphostsvc' is named twice"),
        (
            "rpc_interfaces.yml",
            '"00000143-',
            '"00000131-',
            "rpc_interfaces.yml: $[2].uuid: '00000131-0000-0000-c000-000000000046' is there twice",
        ),
        ("rpc_interfaces.yml", '"04eeb297', '"04EEB297', "is no UUID in small letters"),
        ("rpc_interfaces.yml", "  owner: memory\n", "", "says whose it is and not how surely ('owner'), or the other way round"),
        ("rpc_interfaces.yml", "endpoint: PolicyAgent}", "endpoint: NetDDE}", "told_by: names a service that is none of 'services'"),
    ],
)
def test_one_problem(folder: Path, name: str, old: str, new: str, problem: str) -> None:
    spoil(folder / name, old, new)
    found = problems(folder)
    assert any(problem in text for text in found), found


def test_what_an_entry_says_of_itself_is_checked_although_another_does_not_fit(folder: Path) -> None:
    spoil(folder / "recipes" / "smb-445.yml", "purpose:", "porpoise:")
    spoil(folder / "recipes" / "rasman.yml", "stage: services", "stage: service")
    spoil(folder / "windows" / "windows_7.yml", "builds: [7600, 7601]", "builds: [7601, 7600]")
    assert problems(folder) == (
        "recipes/smb-445.yml: $: unknown key 'porpoise'",
        "recipes/smb-445.yml: $: key 'purpose' is missing",
        "recipes/rasman.yml: $.methods[0].stage: there is no stage 'service'",
        "windows/windows_7.yml: $.builds: are not in order",
    )


def test_what_cannot_be_read_is_named_with_its_folder(folder: Path) -> None:
    (folder / "recipes" / "rasman.yml").write_text("a: [", encoding="utf-8")
    (folder / "windows" / "windows_7.yml").write_bytes(b"\xff\xfe\x00")
    found = problems(folder)
    assert found[0].startswith("recipes/rasman.yml: $: cannot be read: ")
    assert any(text.startswith("windows/windows_7.yml: $: cannot be read: ") for text in found)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (Range(), Range(), True),
        (Range(until=NtVersion(5, 2)), Range(since=NtVersion(6, 0)), False),
        (Range(until=NtVersion(5, 2)), Range(since=NtVersion(5, 2)), True),
        (Range(build_until=16298), Range(build_since=16299), False),
        (Range(side=Side.CLIENT), Range(side=Side.SERVER), False),
        (Range(side=Side.CLIENT), Range(), True),
    ],
)
def test_overlap(first: Range, second: Range, expected: bool) -> None:
    assert overlap(first, second) is expected
    assert overlap(second, first) is expected


def test_an_entry_that_is_no_mapping(folder: Path) -> None:
    (folder / "recipes" / "new.yml").write_text("- a\n", encoding="utf-8")
    (folder / "recipes" / "void.yml").write_text("", encoding="utf-8")
    assert problems(folder) == (
        "recipes/new.yml: $: a mapping expected, not ['a']",
        "recipes/void.yml: $: a mapping expected, not None",
    )


def test_a_missing_file(folder: Path) -> None:
    (folder / "never_stop.yml").unlink()
    assert any(text.startswith("never_stop.yml: $: cannot be read") for text in problems(folder))


def test_without_libyaml_the_entries_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.loader.YAML_LOADER", yaml.SafeLoader)
    assert load() == KNOWLEDGE


def place(nt: str, build: int, product: ProductType) -> tuple[str, str]:
    windows = KNOWLEDGE.place(NtVersion.parse(nt), build, product)
    assert windows.build == build
    return windows.id, windows.remark


CLIENT, SERVER, CONTROLLER = ProductType.WORKSTATION, ProductType.SERVER, ProductType.DOMAIN_CONTROLLER


@pytest.mark.parametrize(
    ("nt", "build", "product", "expected"),
    [
        ("5.0", 2195, CLIENT, "windows_2000"),
        ("5.0", 2195, SERVER, "windows_2000"),
        ("5.1", 2600, CLIENT, "windows_xp"),
        ("5.2", 3790, SERVER, "windows_server_2003"),
        ("5.2", 3790, CONTROLLER, "windows_server_2003"),
        ("6.0", 6002, CLIENT, "windows_vista"),
        ("6.0", 6002, SERVER, "windows_server_2008"),
        ("6.1", 7601, CLIENT, "windows_7"),
        ("6.1", 7601, CONTROLLER, "windows_server_2008_r2"),
        ("6.2", 9200, CLIENT, "windows_8"),
        ("6.2", 9200, SERVER, "windows_server_2012"),
        ("6.3", 9600, CLIENT, "windows_8_1"),
        ("6.3", 9600, SERVER, "windows_server_2012_r2"),
        ("10.0", 14393, CLIENT, "windows_10"),
        ("10.0", 14393, SERVER, "windows_server_2016"),
        ("10.0", 17763, SERVER, "windows_server_2019"),
        ("10.0", 19045, CLIENT, "windows_10"),
        ("10.0", 20348, SERVER, "windows_server_2022"),
        ("10.0", 26100, CLIENT, "windows_11"),
        ("10.0", 26100, SERVER, "windows_server_2025"),
    ],
)
def test_client_and_server_are_told_apart_by_product_type(nt: str, build: int, product: ProductType, expected: str) -> None:
    assert place(nt, build, product) == (expected, "")


@pytest.mark.parametrize(
    ("build", "product", "expected", "name"),
    [
        (18000, SERVER, "windows_server_2019", "Windows Server 2019"),
        (17134, SERVER, "windows_server_2016", "Windows Server 2016"),
        (21999, CLIENT, "windows_10", "Windows 10"),
        (40000, CLIENT, "windows_11", "Windows 11"),
        (40000, SERVER, "windows_server_2025", "Windows Server 2025"),
        (40000, CONTROLLER, "windows_server_2025", "Windows Server 2025"),
    ],
)
def test_unknown_builds_count_as_the_older_or_the_newest_and_say_so(build: int, product: ProductType, expected: str, name: str) -> None:
    later = "; only methods known to work on every later Windows are used"
    assert place("10.0", build, product) == (expected, f"build {build} is not known; treated as {name}{later if build == 40000 else ''}")


@pytest.mark.parametrize("product", ProductType)
def test_older_than_all(product: ProductType) -> None:
    with pytest.raises(InvalidOption, match="older than the oldest"):
        place("4.0", 1381, product)


def test_a_recipe_that_does_not_exist() -> None:
    with pytest.raises(InvalidOption, match="did you mean smb-445"):
        KNOWLEDGE.recipe("smb445")
    with pytest.raises(InvalidOption, match=r"no recipe 'zzz'; listeners_info shows the id"):
        Knowledge({}, {}, ()).recipe("zzz")
