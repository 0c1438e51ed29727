# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Taking a capture: one pass that asks everything that a plan, a proof, a listing or the doctor could ask of
this Windows, whatever the options.

What is asked follows from the code that reads and from the knowledge: each function that reads is run once, or each branch of it, on a
reader that keeps the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NetminError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import STANDARD_CIMV2, Reader, Where
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import OUR_KEY, SERVICES_KEY, RegistryType
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rehearsal import wants_of
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import AskMapper
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._doctor import examine as doctor
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.stored import FORECAST
from ansible_collections.netmin.windows.plugins.plugin_utils._host import firewall, shells
from ansible_collections.netmin.windows.plugins.plugin_utils._host.connections import ESTABLISHED, PROPERTIES, read_established
from ansible_collections.netmin.windows.plugins.plugin_utils._host.dynamic_ports import read_ranges
from ansible_collections.netmin.windows.plugins.plugin_utils._host.guards import SECURITY, read_guard
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import (
    DRIVERS,
    Host,
    read_host,
    read_processes,
    read_services,
    read_system,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._host.identity import read_identity
from ansible_collections.netmin.windows.plugins.plugin_utils._host.listing import LISTEN, WMI_ENDPOINTS_SINCE, Listing
from ansible_collections.netmin.windows.plugins.plugin_utils._host.port_proxy import read_forwarded
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import DELAYED, START, Setting, read_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Probe
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.hazards import is_like
from ansible_collections.netmin.windows.plugins.plugin_utils._run.probes import POLICY, RSOP_SINCE
from ansible_collections.netmin.windows.plugins.plugin_utils._run.survey import STAGE_BY_NAME, take_listing
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.switches import TYPES
from ansible_collections.netmin.windows.plugins.plugin_utils._undo import access, confirm, parts, record, restore, snapshot, timer

from .model import SCHEMA_VERSION, Capture, Said, Services
from .plain_values import REFUSALS, rpc_endpoints_of
from .recorder import Recorder

POLICIES = (
    r"SOFTWARE\Policies\Microsoft",
    r"SOFTWARE\Policies\Microsoft\Windows",
    r"SOFTWARE\Policies\Microsoft\Windows NT",
)
PARENTS = (r"SYSTEM\CurrentControlSet\Control", r"SOFTWARE\Microsoft\Windows NT\CurrentVersion")
Progress = Callable[[str], None]
# Said once for so many services.
EVERY = 50


@dataclass(frozen=True, slots=True)
class Taken:
    """What a pass has brought.

    Attributes:
        refused: what the host refused, in its words.
        of_services: how many services the registry was asked of.
    """

    capture: Capture
    host: Host
    refused: tuple[str, ...]
    of_services: int


def take(
    reader: Reader,
    knowledge: Knowledge,
    *,
    inventory_name: str,
    now: datetime,
    collection: str,
    services: Services = Services.ALL,
    from_files: bool = False,
    ask_mapper: AskMapper | None = None,
    progress: Progress = lambda _what: None,
) -> Taken:
    """Ask a host everything.

    Args:
        now: the controller's time.
        collection: this release.
        from_files: the reader is one of files that a script left, not a host.
        ask_mapper: asks for the endpoint map, where it is wanted.
        progress: told what is asked for.

    Raises:
        HostError: the host cannot be read at all, or was lost; then there is no capture.
    """
    recorder = Recorder(reader)
    progress("asks for services, processes, adapters and endpoints")
    host = read_host(recorder, knowledge)
    if host.windows.nt >= WMI_ENDPOINTS_SINCE:
        with suppress(*REFUSALS):
            _ask_connections(recorder)
    listing = take_listing(recorder, host, knowledge)
    rpc_map = None
    if ask_mapper is not None:
        progress("asks for the endpoint map")
        rpc_map = rpc_endpoints_of(ask_mapper())
    with_own_names = _names(host, knowledge) if services is Services.KNOWN else _all_names(host, knowledge)
    progress("asks for settings and signs of hazards")
    for work in _works(recorder, host, listing, knowledge):
        with suppress(*REFUSALS):
            work()
    _ask_for_doctor(recorder, host, knowledge)
    product_type = _product_type(recorder)
    _ask_services(recorder, host, with_own_names, progress)
    # After what each service said: the way back of earlier runs may ask of some of them once more.
    with suppress(NetminError):
        _ask_way_back(recorder)
    progress("asks once more for what may still be starting")
    recorder.later()
    _ask_later(recorder, host, knowledge)
    said = Said(
        id=host.windows.id,
        name=host.windows.name,
        version=str(host.windows.nt),
        build=host.windows.build,
        product_type=product_type,
    )
    capture = Capture(
        schema_version=SCHEMA_VERSION,
        inventory_name=inventory_name,
        captured_at=now.isoformat(timespec="seconds"),
        collection=collection,
        windows=said,
        services=services,
        moments=recorder.moments(),
        from_files=from_files,
        rpc_endpoints=rpc_map,
    )
    return Taken(capture, host, tuple(recorder.refused), len(with_own_names))


def _works(recorder: Recorder, host: Host, listing: Listing, knowledge: Knowledge) -> Iterable[Callable[[], object]]:
    """Yield what is read beside the host itself and its services, each by itself: one that is refused ends no other."""
    nt = host.windows.nt
    # Everything below a key of a service that is not there needs no question any more.
    yield lambda: recorder.subkeys(SERVICES_KEY)
    # And most policies are not there: three lists answer for all of them.
    for key in POLICIES:
        yield partial(recorder.subkeys, key)
    yield lambda: read_established(recorder, host, listing)
    yield lambda: read_ranges(recorder, nt)
    settings: dict[Setting, None] = {}

    def read_stage(name: str) -> None:
        settings.update(dict.fromkeys(STAGE_BY_NAME[name].read(recorder, host, knowledge)))

    if nt >= WMI_ENDPOINTS_SINCE:
        # Asked anyhow at the end, whether keys below them are there; asked first, they spare the values of those that are not.
        for key in PARENTS:
            yield partial(recorder.subkeys, key)
    for stage in STAGES:
        yield partial(read_stage, stage)
    if nt >= firewall.SINCE:
        yield lambda: firewall.read_firewall(recorder, host, wanted=True)
        yield lambda: firewall.blind(recorder, nt)
    yield lambda: read_forwarded(recorder)
    for hazard in knowledge.hazards:
        for probe in hazard.detect:
            if probe.windows.includes(host.windows) and _is_worth(probe, host):
                yield partial(_ask_probe, recorder, probe)
    if nt >= RSOP_SINCE:
        yield lambda: recorder.query("RSOP_RegistryPolicySetting", ("registryKey", "valueName", "GPOID"), namespace=POLICY)
        yield lambda: recorder.query("RSOP_SystemService", ("Service", "StartupMode", "GPOID"), namespace=POLICY)
    yield lambda: _ask_record(recorder, nt)
    yield lambda: _ask_timer(recorder)
    yield lambda: read_setting(recorder, shells.POLICY)
    yield lambda: read_identity(recorder)
    yield recorder.open_shell
    # By now most keys are known to be there by something that is below them.
    yield lambda: _ask_keys(recorder, settings)


def _is_worth(probe: Probe, host: Host) -> bool:
    """Tell whether a probe can be asked on this host: whether what it needs runs does not depend on options, but it may be starting."""
    services = (s for s in host.services.values() if not s.stopped or s.start_mode.starts_by_itself)
    return not probe.needs or any(is_like(service.name, probe.needs) for service in services)


def _ask_keys(recorder: Recorder, read: Iterable[Setting]) -> None:
    """Find out which keys are there that a change may have to make: a snapshot keeps that."""
    for key in dict.fromkeys(setting.key for setting in read):
        # Files of a host tell of some keys and not of others.
        with suppress(*REFUSALS):
            _ask_key(recorder, key)


def _ask_key(recorder: Recorder, key: str) -> None:
    while "\\" in key and not recorder.has_key(key):
        key = key.rpartition("\\")[0]


def _ask_connections(recorder: Recorder) -> None:
    """Ask for listeners and connections in one, which a plan asks for one after the other."""
    where = Where("State", (LISTEN, ESTABLISHED))
    recorder.query("MSFT_NetTCPConnection", (*PROPERTIES, where.property), where=where, namespace=STANDARD_CIMV2)


def _ask_probe(recorder: Recorder, probe: Probe) -> None:
    """Look for a sign of a hazard, whether or not it is worth it for the plan of the moment."""
    if probe.query is not None:
        query = probe.query
        where = Where(query.where, query.values) if query.where else None
        recorder.query(query.wmi_class, query.properties, where=where, namespace=query.namespace)
    elif probe.value is not None:
        recorder.value(probe.value.key, probe.value.name, TYPES[probe.value.type])
    elif probe.key is not None and probe.key.subkeys is not None:
        recorder.subkeys(probe.key.key)
    elif probe.key is not None:
        recorder.value_types(probe.key.key)


def _ask_record(recorder: Recorder, nt: NtVersion) -> None:
    """Read all that runs have left in our own key, and whether they have left keys below it."""
    with suppress(parts.Cluttered):
        for name, kind in (parts.names_in(recorder) or {}).items():
            with suppress(*REFUSALS):
                recorder.value(OUR_KEY, name, kind)
    recorder.subkeys(OUR_KEY)
    access.strangers(recorder, nt)
    for name in (record.FIRST, FORECAST, record.CHANGES, firewall.RECORD.name):
        with suppress(*REFUSALS):
            recorder.value(OUR_KEY, name, RegistryType.MULTI_SZ)
    record.read_restored(recorder)


def _ask_timer(recorder: Recorder) -> None:
    """Read the timer that waits, and whether its script runs; of command lines nothing else is kept."""
    names = recorder.value_types(timer.KEY)
    if names is None:
        return
    for name, kind in names.items():
        with suppress(*REFUSALS):
            recorder.value(timer.KEY, name, kind)
    recorder.query("Win32_Process", ("Name", "CommandLine"), where=Where("Name", (confirm.SHELL,)))


def _ask_way_back(recorder: Recorder) -> None:
    """Read what a restore compares with what earlier runs left."""
    stored = snapshot.read_snapshots(recorder)
    goals = restore.goals_of(stored.snapshots, restore.RestoreScope(), record.read_history(recorder).finished())
    restore.read_now(recorder, goals)


def _all_names(host: Host, knowledge: Knowledge) -> Names:
    """Return every service and driver of the host that a plan may meet, and those that the knowledge names."""
    edges = (name for edge in (host.dependents, host.requires) for names in edge.values() for name in names)
    return Names((*(service.name for service in host.services.values()), *edges, *_named(knowledge)))


def _names(host: Host, knowledge: Knowledge) -> Names:
    """Return those of the host's services that the knowledge names, and what they depend on or depends on them."""
    known = _named(knowledge)
    own = [service.name for service in host.services.values() if service.name in known]
    near = [other.name for name in own for other in (*host.all_required(name), *host.all_dependents(name))]
    return Names((*own, *near, *known))


def _named(knowledge: Knowledge) -> Names:
    recipes = knowledge.recipes.values()
    owners = [name for recipe in recipes for name in (*recipe.services, *recipe.drivers, *recipe.serves)]
    stopped = [name for recipe in recipes for method in recipe.methods for name in method.services]
    lists = [entry.name for entries in (knowledge.never_stop, knowledge.protected, knowledge.per_user) for entry in entries]
    every = (*owners, *stopped, *lists, *map(str, DRIVERS.values), *firewall.SERVICES, "WinRM", "LmHosts")
    return Names(name for name in every if "*" not in name)


def _ask_services(recorder: Recorder, host: Host, names: Names, progress: Progress) -> None:
    """Ask of each service how it starts and what guards it; one that is not there is known from the list of keys."""
    every = tuple(names)
    for start in range(0, len(every), EVERY):
        progress(f"asks for the settings of services ({start} of {len(every)})")
        works = [partial(_ask_service, name=name, nt=host.windows.nt) for name in every[start : start + EVERY]]
        recorder.ahead(wants_of(recorder, *works), over=host.spare_connections)
        for work in works:
            with suppress(*REFUSALS):
                work(recorder)


def _ask_service(reader: Reader, name: str, nt: NtVersion) -> None:
    key = rf"{SERVICES_KEY}\{name}"
    there = Names(reader.value_types(key) or ())
    for value in (START, DELAYED):
        if value in there:
            read_setting(reader, Setting(key, value, RegistryType.DWORD))
    if there:
        read_guard(reader, name, nt)
        # A protected service is one whatever its list says.
        read_setting(reader, Setting(rf"{key}\{SECURITY}", SECURITY, RegistryType.BINARY))


def _ask_later(recorder: Recorder, host: Host, knowledge: Knowledge) -> None:
    """Ask once more for what changes while a host settles."""
    works: tuple[Callable[[], object], ...] = (
        lambda: read_system(recorder),
        lambda: read_processes(recorder),
        lambda: read_services(recorder, host.windows.nt, host.dependents),
        lambda: take_listing(recorder, host, knowledge),
    )
    for work in works:
        with suppress(*REFUSALS):
            work()


def _ask_for_doctor(recorder: Recorder, host: Host, knowledge: Knowledge) -> None:
    """Ask what the doctor asks; that the host does not have what nobody has is no refusal that a person needs to know of."""
    before = dict(recorder.refused)
    doctor.ask(recorder, host, knowledge)
    recorder.refused = before


def _product_type(recorder: Recorder) -> int:
    system = recorder.query("Win32_OperatingSystem")[0]
    return system.number("ProductType") or 0
