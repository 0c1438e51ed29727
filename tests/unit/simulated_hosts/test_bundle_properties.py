# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Bundles for hosts that are made up: odd names, odd values, and whatever goes wrong on the way there and back."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle import files
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.reg import Exports
from ansible_collections.netmin.windows.plugins.plugin_utils._bundle.script import Target
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import Record
from ansible_collections.netmin.windows.plugins.plugin_utils._host.netbios import NetbiosOption
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.change import Effective
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.netbios import SetNetbios
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.saved import Saved
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SetStartMode
from ansible_collections.netmin.windows.tests.unit.examples import examples
from ansible_collections.netmin.windows.tests.unit.simulated import Simulated, scenario, simulated
from hypothesis import given
from hypothesis import strategies as st

from winsim.batch import CLOSED, Outcome, registry_files, run
from winsim.host.model import ServiceSpec
from winsim.host.model import StartMode as HostMode
from winsim.registry_value import RegistryType as HostType
from winsim.registry_value import RegistryValue as HostValue

from .test_bundle import restart
from .test_bundle import settings as settings_of

W2K = NtVersion(5, 0)
HOSTS = {"windows_2000": (W2K, 2195), "windows_xp": (NtVersion(5, 1), 2600), "windows_10": (NtVersion(10, 0), 19045)}
SERVICES = r"SYSTEM\CurrentControlSet\Services"
ADAPTERS = rf"{SERVICES}\NetBT\Parameters\Interfaces"
COMPUTER = r"HKLM\SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName"
PRODUCT = r"HKLM\SYSTEM\CurrentControlSet\Control\ProductOptions"
FOLDERS = (r"C:\CLOSE", r"C:\a b", r"C:\R&D (1)", r"C:\100%", r"C:\x!y^z")
# What cmd.exe leaves alone between quotes, and what programs of Windows make something of all the same.
SIGNS = "abXY09 &()'=,;.-_+@#$~{}[]<>|/?*:"
NAMES = st.text(SIGNS, min_size=1, max_size=12).map(str.strip).filter(lambda name: name and not name.startswith((";", "/")))
KEY_NAMES = NAMES.filter(lambda name: not set(name) & set("/?*:<>|"))
WORDS = st.text(SIGNS + "\\", max_size=14).map(str.strip).filter(lambda text: not text.endswith("\\"))
ENTRIES = st.text("abXY09 &()'=,;.-_", min_size=1, max_size=14).map(str.strip).filter(bool)
TEXTS, NUMBERS = WORDS.map(RegistryValue.text), st.integers(0, 0xFFFFFFFF).map(RegistryValue.dword)
LISTS = st.lists(ENTRIES, min_size=1, max_size=6).map(lambda found: RegistryValue.texts(tuple(found)))
BYTES = st.binary(min_size=1, max_size=60).map(lambda found: RegistryValue(RegistryType.BINARY, found))
VALUES = st.none() | NUMBERS | TEXTS | LISTS | BYTES


@dataclass(frozen=True)
class Wanted:
    """One value of a made-up plan, and what is beside it to be taken for it by mistake."""

    key: str
    name: str
    before: RegistryValue | None
    after: RegistryValue | None
    beside: Mapping[str, RegistryValue]
    below: RegistryValue | None


@dataclass(frozen=True)
class MadeUp:
    """A made-up host and what a plan wants of it."""

    name: str
    services: Mapping[str, HostMode]
    values: tuple[Wanted, ...]
    adapters: int
    folder: str


@st.composite
def wanted(draw: st.DrawFn, name: str) -> Wanted:
    """Draw a value; of two states that differ."""
    before = draw(VALUES)
    after = draw(st.one_of(st.none(), NUMBERS, TEXTS, LISTS).filter(lambda found: found != before))
    if (
        name == "windows_2000"
        and after is not None
        and after.type is RegistryType.MULTI_SZ
        and (before is None or before.type != after.type)
    ):
        # Nothing shows where its regedit breaks what was never there.
        after = draw((NUMBERS | TEXTS).filter(lambda found: found != before))
    key = "SOFTWARE\\" + "\\".join(draw(st.lists(KEY_NAMES, min_size=1, max_size=2)))
    value = draw(NAMES)
    longer = [found for found in (before, after) if found is not None and isinstance(found.data, bytes)]
    beside = {f"{value}2": item for item in longer} | draw(st.dictionaries(NAMES, NUMBERS | TEXTS, max_size=2))
    return Wanted(
        key,
        value,
        before,
        after,
        {other: item for other, item in beside.items() if other.lower() != value.lower()},
        draw(st.none() | NUMBERS),
    )


@st.composite
def made_up(draw: st.DrawFn) -> MadeUp:
    """Draw a host: its services, its values, how many of its adapters the plan changes, and where the bundle is."""
    name = draw(st.sampled_from(sorted(HOSTS)))
    services = draw(
        st.dictionaries(
            KEY_NAMES.filter(lambda name: "=" not in name).map("Svc {}".format),
            st.sampled_from([HostMode.AUTO, HostMode.MANUAL]),
            max_size=2,
        )
    )
    values = draw(st.lists(wanted(name), min_size=1, max_size=3, unique_by=lambda item: item.key.lower()))
    return MadeUp(
        name, {key.lower(): mode for key, mode in services.items()}, tuple(values), draw(st.integers(0, 2)), draw(st.sampled_from(FOLDERS))
    )


@dataclass(frozen=True)
class Desk:
    """The host, and the bundle in a folder of its disk."""

    host: Simulated
    made: MadeUp
    folder: Path
    changes: tuple[Change, ...]

    def run(self, script: str, **options: Any) -> Outcome:
        """Run a script of the bundle."""
        return run(self.host.computer, rf"{self.made.folder}\{script}", (), drives={self.made.folder: self.folder}, **options)

    def value(self, key: str, name: str) -> HostValue | None:
        """Return a value as the host has it now."""
        return self.host.computer.host.registry.value(rf"HKLM\{key}", name)

    def planned(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """Return the registry as the plan wants it, from the settings before."""
        registry = {key.lower(): dict(values) for key, values in before["registry"].items()}
        for change in self.changes:
            if isinstance(change, SetRegistryValue):
                key, name, after = change.key, change.name, change.after
            elif isinstance(change, SetStartMode):
                key, name, after = rf"{SERVICES}\{change.name}", "Start", RegistryValue.dword(4)
            elif isinstance(change, SetNetbios):
                key, name, after = rf"{ADAPTERS}\Tcpip_{change.guid}", "NetbiosOptions", RegistryValue.dword(2)
            else:
                continue
            values = registry.setdefault(rf"HKLM\{key}".lower(), {})
            values.pop(name, None)
            if after is not None:
                values[name] = {"type": f"REG_{after.type.name}", "value": after.plain()}
                _with_parents(registry, rf"HKLM\{key}".lower())
        return registry


def _with_parents(registry: dict[str, Any], key: str) -> None:
    while "\\" in key:
        registry.setdefault(key, {})
        key = key.rpartition("\\")[0]


def registry_of(host: Simulated) -> dict[str, Any]:
    """Return the registry; names of keys have no case."""
    return {key.lower(): dict(values) for key, values in settings_of(host)["registry"].items()}


def host_value(value: RegistryValue) -> HostValue:
    """Return a value as the simulated host has it."""
    return HostValue(HostType(int(value.type)), value.data)


@contextmanager
def desk(made: MadeUp) -> Iterator[Desk]:
    """Start the host with what was made up, and write a bundle for it."""
    base = scenario(made.name).host
    (process,) = (each.process for each in base.services if each.name.lower() == "rpcss")
    invented = tuple(
        ServiceSpec(name=name, display=f"{name} shown", start=mode, process=process, image=r"C:\svc.exe", shared=True, by_hand=True)
        for name, mode in made.services.items()
    )
    with tempfile.TemporaryDirectory() as place, simulated(made.name, host=replace(base, services=(*base.services, *invented))) as host:
        registry = host.computer.host.registry
        for item in made.values:
            values = {**item.beside, **({} if item.before is None else {item.name: item.before})}
            for name, value in values.items():
                registry.create(rf"HKLM\{item.key}")
                registry.write(rf"HKLM\{item.key}", name, host_value(value))
            if item.below is not None:
                registry.create(rf"HKLM\{item.key}\below")
                registry.write(rf"HKLM\{item.key}\below", item.name, host_value(item.below))
        restart(host)
        changes, saved = planned(made, host)
        folder = Path(place)
        exports = collected(folder / "collected", host) if made.name == "windows_2000" else None
        bundle = written(made, host, changes, saved, exports)
        (folder / "bundle").mkdir()
        for name, content in bundle.items():
            (folder / "bundle" / name).write_bytes(content)
        yield Desk(host, made, folder / "bundle", changes)


def planned(made: MadeUp, host: Simulated) -> tuple[tuple[Change, ...], tuple[Saved, ...]]:
    """Return the plan, and what it touches as it is now."""
    changes: list[Change] = []
    saved: list[Saved] = []
    registry = host.computer.host.registry
    given: dict[str, Any] = {"stage": "services", "effective": Effective.BOOT, "why": "a & b > c % d"}
    for name, mode in made.services.items():
        before = {HostMode.AUTO: StartMode.AUTO, HostMode.MANUAL: StartMode.MANUAL}[mode]
        changes.append(SetStartMode(kind=ServiceKind.SERVICE, name=name, before=before, after=StartMode.DISABLED, **given))
    for name in made.services:
        service = host.computer.host.services.find(name)
        if service is not None and service.running:
            changes.append(StopService(kind=ServiceKind.SERVICE, name=name, **given))
    for item in made.values:
        parts = item.key.split("\\")
        keys = ("\\".join(parts[:count]) for count in range(len(parts), 0, -1))
        absent = tuple(key for key in keys if not registry.exists(rf"HKLM\{key}")) if item.after is not None else ()
        changes.append(SetRegistryValue(key=item.key, name=item.name, before=item.before, after=item.after, **given))
        saved.append(Saved("services", "registry", (item.key, item.name), item.before, item.after, absent=absent))
    there = [name for name in registry.subkeys(rf"HKLM\{ADAPTERS}") or () if name.lower().startswith("tcpip_")]
    for number, name in enumerate(there[: made.adapters]):
        guid, was = name.partition("_")[2], registry.number(rf"HKLM\{ADAPTERS}\{name}", "NetbiosOptions")
        if was != NetbiosOption.DISABLED:
            option = NetbiosOption(was or 0)
            changes.append(SetNetbios(index=number, adapter="NIC #1 & 2", guid=guid, before=option, after=NetbiosOption.DISABLED, **given))
            value = None if was is None else RegistryValue.dword(was)
            saved.append(Saved("netbt", "netbios", (guid,), value, RegistryValue.dword(2)))
    return tuple(changes), tuple(saved)


def collected(folder: Path, host: Simulated) -> Path:
    """Return what `collect` would have found of the values."""
    folder.mkdir()
    content = registry_files.export(host.computer.host.registry, r"HKLM\SOFTWARE")
    assert content is not None
    (folder / "software.reg").write_bytes(content)
    (folder / "collect.txt").write_text("netmin.windows collect 1\nkey software.reg HKEY_LOCAL_MACHINE\\SOFTWARE\ndone\n", "ascii")
    return folder


def written(made: MadeUp, host: Simulated, changes: Sequence[Change], saved: Sequence[Saved], exports: Path | None) -> Mapping[str, bytes]:
    """Render a bundle."""
    registry = host.computer.host.registry
    nt, build = HOSTS[made.name]
    product = registry.text(PRODUCT, "ProductType") or ""
    target = Target("plc7", registry.text(COMPUTER, "ComputerName") or "", "Windows", nt, build, product, "run")
    record = Record.of("run", "", ())
    return files.made(target, Plan(tuple(changes)), saved, record, collect=b"", exports=Exports(exports)).files


FEW = examples(25, 300)


@FEW
@given(made_up())
def test_the_plan_comes_true_and_the_way_back_leads_to_where_it_began(made: MadeUp) -> None:
    """After close.cmd the registry is what the plan says and nothing else; after undo.cmd it is what it was."""
    with desk(made) as here:
        before = settings_of(here.host)
        outcome = here.run("close.cmd")
        assert outcome.exit_code == 0, outcome.console
        assert registry_of(here.host) == here.planned(before)
        for name in made.services:
            service = here.host.computer.host.services.find(name)
            assert service is not None
            assert not service.running
        restart(here.host)
        assert here.run("close.cmd").exit_code == 0
        back_again(here, before)


def back_again(here: Desk, before: Mapping[str, Any]) -> None:
    """Undo, restart, and undo what starts by hand."""
    back = here.run("undo.cmd")
    assert back.exit_code in ((0, 9) if here.made.name == "windows_2000" else (0,)), back.console
    restart(here.host)
    last = here.run("undo.cmd")
    assert last.exit_code == 0, last.console
    assert settings_of(here.host) == before


@FEW
@given(made_up(), st.data())
def test_a_run_that_ends_anywhere_is_gone_on_with(made: MadeUp, data: st.DataObject) -> None:
    """Whichever of the scripts it was."""
    with desk(made) as here:
        before = settings_of(here.host)
        steps = data.draw(st.integers(0, 600), label="steps of close.cmd")
        if here.run("close.cmd", killed_after_step=steps).exit_code == CLOSED and data.draw(st.booleans(), label="goes on"):
            outcome = here.run("close.cmd")
            assert outcome.exit_code == 0, outcome.console
            assert registry_of(here.host) == here.planned(before)
        here.run("undo.cmd", killed_after_step=data.draw(st.integers(0, 600), label="steps of undo.cmd"))
        back_again(here, before)


@FEW
@given(made_up(), st.integers(0, 3000), st.booleans())
def test_a_disk_that_gets_full_is_no_success(made: MadeUp, room: int, closing: bool) -> None:
    """A script that says that all is done has done it, and one with room ends it."""
    with desk(made) as here:
        before = settings_of(here.host)
        if closing:
            outcome = here.run("close.cmd", disk_full_after=room)
            assert outcome.exit_code != 0 or registry_of(here.host) == here.planned(before), outcome.console
        assert here.run("close.cmd").exit_code == 0
        outcome = here.run("undo.cmd", disk_full_after=room)
        there, was = registry_of(here.host), {key.lower(): dict(cells) for key, cells in before["registry"].items()}
        # A key that was made for a value, and is empty, may be left: whether it is empty may not have been found out.
        assert outcome.exit_code != 0 or {key: cells for key, cells in there.items() if cells or key in was} == was
        back_again(here, before)


@FEW
@given(made_up(), st.data())
def test_what_somebody_changed_since_is_left_alone_and_named(made: MadeUp, data: st.DataObject) -> None:
    """Before close.cmd nothing is changed, after it all else is put back."""
    with desk(made) as here:
        item = data.draw(st.sampled_from(made.values), label="changed")
        other = data.draw(st.none() | NUMBERS | TEXTS | LISTS | BYTES | longer(item), label="to")
        registry = here.host.computer.host.registry
        if other in (item.before, item.after):
            return

        def set_to(value: RegistryValue | None) -> None:
            if value is not None:
                registry.create(rf"HKLM\{item.key}")
                registry.write(rf"HKLM\{item.key}", item.name, host_value(value))
            else:
                registry.delete_value(rf"HKLM\{item.key}", item.name)

        before = settings_of(here.host)
        if registry.exists(rf"HKLM\{item.key}"):
            set_to(other)
            changed = settings_of(here.host)
            outcome = here.run("close.cmd")
            assert outcome.exit_code == 6, outcome.console
            assert "differs: HKLM" in outcome.console
            assert settings_of(here.host) == changed
            set_to(item.before)
            assert settings_of(here.host) == before
        assert here.run("close.cmd").exit_code == 0
        set_to(other)
        outcome = here.run("undo.cmd")
        assert outcome.exit_code == 9, outcome.console
        assert outcome.console.count("left alone:") == 1, outcome.console
        found = here.value(item.key, item.name)
        assert found == (None if other is None else host_value(other))
        for one in made.values:
            if one is not item:
                assert here.value(one.key, one.name) == (None if one.before is None else host_value(one.before))


def longer(item: Wanted) -> st.SearchStrategy[RegistryValue | None]:
    """Return values that begin like one of the plan's and go on."""
    found: list[RegistryValue | None] = []
    for value in (item.before, item.after):
        if value is None:
            continue
        if isinstance(value.data, bytes):
            found += [replace(value, data=value.data + b"\0"), replace(value, data=value.data[:-1] + b"\xfe\0")]
        elif isinstance(value.data, tuple):
            found += [replace(value, data=(*value.data, "x")), replace(value, data=(*value.data[:-1], f"{value.data[-1]}x"))]
        elif isinstance(value.data, str):
            found += [replace(value, data=f"{value.data}x"), replace(value, data=value.data.swapcase())]
    return st.sampled_from([value for value in found if value not in (item.before, item.after)] or [None])


@pytest.mark.parametrize("name", sorted(HOSTS))
@FEW
@given(sign=st.sampled_from('"%^!\n\t\x1a\xe4'), place=st.sampled_from(["service", "key", "name", "text"]))
def test_what_a_batch_file_cannot_say_is_refused(name: str, sign: str, place: str) -> None:
    """A bundle is not written rather than written with something else in it."""
    odd = f"a{sign}b"
    value = Wanted(
        rf"SOFTWARE\{odd if place == 'key' else 'Vendor'}",
        odd if place == "name" else "Value",
        RegistryValue.text(odd if place == "text" else "x"),
        RegistryValue.dword(1),
        {},
        None,
    )
    made = MadeUp(name, {odd: HostMode.AUTO} if place == "service" else {}, (value,), 0, FOLDERS[0])
    with pytest.raises(Refused, match="cannot be written into a"), desk(made):
        pass
