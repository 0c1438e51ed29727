# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""List, explain and plan one host with any set of stages: what every module and `minimize` share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import NetminError, ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Forecast
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import NotRead, Read, Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rehearsal import Work, wants_of
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc import UNASKED, AskMapper, EndpointMap
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import RpcFilters
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.forecast import forecast
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.residue import reasons
from ansible_collections.netmin.windows.plugins.plugin_utils._host.dynamic_ports import with_ranges
from ansible_collections.netmin.windows.plugins.plugin_utils._host.firewall import read_firewall
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import (
    Host,
    lists_of,
    read_first,
    read_host,
    read_services,
    services_listed,
    with_newcomers,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._host.listing import Listing, read_listing
from ansible_collections.netmin.windows.plugins.plugin_utils._host.management import ManagementPath, read_path
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained, Explainer, management_ports, settled_ports
from ansible_collections.netmin.windows.plugins.plugin_utils._host.port_proxy import with_forwarded
from ansible_collections.netmin.windows.plugins.plugin_utils._host.rpc_filters import read_rpc_filters
from ansible_collections.netmin.windows.plugins.plugin_utils._host.seen import Seen
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Place, Settings, read_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change, kind_of, project
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import touched as touched_by
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Unchanged
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import (
    dcom_protocols,
    ip_filter,
    name_resolution,
    netbt,
    rpc_filters,
    rpc_restriction,
    services,
    smb_device,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.future import Future
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Dependents, Kept, Missing, Skipped, Stage
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.record import read_history

STAGE_BY_NAME: Mapping[str, Stage] = {
    stage.name: stage
    for stage in (
        dcom_protocols.STAGE,
        ip_filter.STAGE,
        name_resolution.STAGE,
        netbt.STAGE,
        rpc_filters.STAGE,
        rpc_restriction.STAGE,
        services.STAGE,
        smb_device.STAGE,
    )
}


@dataclass(frozen=True, slots=True)
class Survey:
    """One host as it was read at one time.

    Attributes:
        states: what each stage read, by stage name.
        more: settings beside those of the stages.
        keys: which keys that may be deleted are there.
        path: the management path, where a plan needs it.
        rpc_map: the endpoint map, where it was asked.
        ask_mapper: asks for it again.
    """

    host: Host
    states: Mapping[str, Settings]
    listing: Listing
    explained: tuple[Explained, ...]
    more: Settings = field(default_factory=dict)
    keys: Mapping[str, bool] = field(default_factory=dict)
    path: ManagementPath | None = None
    rpc_map: EndpointMap = UNASKED
    ask_mapper: AskMapper | None = None

    @property
    def configured(self) -> dict[Place, RegistryValue | None]:
        """All registry values that were read."""
        return {setting.place: value for state in (*self.states.values(), self.more) for setting, value in state.items()}

    @property
    def seen(self) -> Seen:
        """The objects that changes are about."""
        return Seen(self.host.services, self.configured, self.keys, self.host.firewall, self.host.rpc_filters)

    def after(self, seen: Seen) -> Survey:
        """Return the same survey with other objects; values that it does not know are left out."""

        def again(settings: Settings) -> Settings:
            return {setting: seen.value(setting) for setting in settings}

        states = {name: again(state) for name, state in self.states.items()}
        return replace(self, host=seen.on(self.host), states=states, more=again(self.more), keys=seen.keys)


def read_survey(reader: Reader, knowledge: Knowledge, ask_mapper: AskMapper | None = None) -> Survey:
    """Read a host: its facts, every stage's settings, its endpoints with their owners.

    Args:
        ask_mapper: asks for the endpoint map, where owners are to be told by it as well.
    """
    stages = tuple(STAGE_BY_NAME[name] for name in STAGES)
    look_ahead(
        reader, knowledge, stages, lambda known, first: take_listing(known, first, knowledge), lambda known, _first: read_history(known)
    )
    host = read_host(reader, knowledge)
    host = replace(host, firewall=read_firewall(reader, host, wanted=False))
    states = {name: STAGE_BY_NAME[name].read(reader, host, knowledge) for name in STAGES}
    listing = take_listing(reader, host, knowledge)
    host = with_newcomers(reader, host, (row.pid for row in listing.endpoints))
    rpc_map = UNASKED if ask_mapper is None else ask_mapper()
    host, explained = explain(reader, host, knowledge, states, listing, rpc_map)
    return Survey(host, states, listing, explained, rpc_map=rpc_map, ask_mapper=ask_mapper)


def look_ahead(
    reader: Reader, knowledge: Knowledge, stages: Iterable[Stage], *more: Callable[[Reader, Host], object], planning: bool = True
) -> None:
    """Ask side by side for what the Windows and the knowledge name: lists of a host, settings of some stages; and for what these name.

    Args:
        more: further work that needs no more of the host than its first answers.
        planning: see `read_host`, which is to be asked for the same.
    """
    first = read_first(reader, knowledge)
    listed: tuple[Work, ...] = (*(partial(_done_with, work=work, first=first) for work in more), *lists_of(first, planning=planning))
    of_lists = wants_of(reader, *listed)
    chosen = tuple(stages)
    host: Host | None = None

    def wants() -> tuple[Read, ...]:
        nonlocal host
        host = host or _as_far_as_read(reader, knowledge, planning=planning)
        return (*of_lists(), *(read for stage in chosen for read in stage.wants(reader, host or first, knowledge)))

    reader.ahead(wants, over=first.spare_connections)


def _done_with(reader: Reader, work: Callable[[Reader, Host], object], first: Host) -> None:
    work(reader, first)


def _as_far_as_read(reader: Reader, knowledge: Knowledge, *, planning: bool) -> Host | None:
    """Return the host if all of its lists are here."""
    try:
        return reader.recall(lambda known: read_host(known, knowledge, planning=planning))
    except (NetminError, NotRead):
        return None


def with_firewall(reader: Reader, survey: Survey) -> Survey:
    """Read the firewall in full, and the management path, for a run that may change its rules."""
    survey = with_path(reader, survey)
    firewall = read_firewall(reader, survey.host, wanted=True)
    if firewall is not None and survey.path is not None and survey.path.console:
        # A script looks for a rule by its name, at the console.
        firewall = replace(firewall, blind="")
    return replace(survey, host=replace(survey.host, firewall=firewall))


def with_rpc_filters(reader: Reader, survey: Survey) -> Survey:
    """Read the filters of RPC calls, for a run that may change them."""
    return replace(survey, host=replace(survey.host, rpc_filters=read_rpc_filters(reader, survey.host)))


def with_path(reader: Reader, survey: Survey) -> Survey:
    """Read what the session goes through."""
    return survey if survey.path is not None else replace(survey, path=read_path(reader, survey.host, survey.listing))


def reread(reader: Reader, knowledge: Knowledge, before: Survey, changes: Iterable[Change]) -> Survey:
    """Read again what changes can have touched: services, rules, endpoints, and the values that they write; the rest is kept."""
    made = tuple(changes)
    written = {place for change in made for place in kind_of(change).read_again(change)}
    settings = [setting for state in (*before.states.values(), before.more) for setting in state if setting.place in written]
    works: tuple[Work, ...] = (
        lambda known: take_listing(known, before.host, knowledge),
        *services_listed(before.host.windows.nt),
        *(partial(read_setting, setting=setting) for setting in settings),
        *(partial(_type_names, key=key) for key in before.keys),
    )
    reader.ahead(wants_of(reader, *works), over=before.host.spare_connections)
    host = replace(before.host, services=read_services(reader, before.host.windows.nt, before.host.dependents))
    if (host.firewall and host.firewall.names) or any(touched.adds or touched.removes for touched in map(touched_by, made)):
        host = replace(host, firewall=read_firewall(reader, host, wanted=False))

    if any(touched_by(change).rpc_filters for change in made):
        host = replace(host, rpc_filters=_filters_again(reader, host))

    def again(settings: Settings) -> Settings:
        return {s: read_setting(reader, s) if s.place in written else value for s, value in settings.items()}

    states = {name: again(state) for name, state in before.states.items()}
    listing = take_listing(reader, host, knowledge)
    keys = {key: _type_names(reader, key) is not None for key in before.keys}
    # Until the next boot a port is whose it was.
    rpc_map = UNASKED if before.ask_mapper is None else before.ask_mapper().since(before.rpc_map)
    explained = explain_on(reader, host, knowledge, states, listing, rpc_map)
    return Survey(host, states, listing, explained, again(before.more), keys, before.path, rpc_map, before.ask_mapper)


def _filters_again(reader: Reader, host: Host) -> RpcFilters:
    """Read the filters of RPC calls to see which changes were made.

    Raises:
        ProtocolError: they cannot be read, so that nobody knows.
    """
    found = read_rpc_filters(reader, host)
    if found.unknown:
        raise ProtocolError(f"the filters of RPC calls at {reader.host}: {found.unknown}", host=reader.host)
    return found


def _type_names(reader: Reader, key: str) -> Mapping[str, RegistryType] | None:
    return reader.value_types(key)


def take_listing(reader: Reader, host: Host, knowledge: Knowledge) -> Listing:
    """List the endpoints of a host that has been read."""
    version, own = knowledge.versions[host.windows.id], management_ports(host, knowledge)
    return read_listing(reader, version, settled_ports(host, knowledge), own)


def explain(
    reader: Reader,
    host: Host,
    knowledge: Knowledge,
    states: Mapping[str, Settings],
    listing: Listing,
    rpc_map: EndpointMap = UNASKED,
) -> tuple[Host, tuple[Explained, ...]]:
    """Read which ports a host hands out, where its listing needs that; return it with each endpoint and its owner."""
    host = with_ranges(reader, host, knowledge, listing.endpoints)
    return host, explain_on(reader, host, knowledge, states, listing, rpc_map)


def explain_on(
    reader: Reader,
    host: Host,
    knowledge: Knowledge,
    states: Mapping[str, Settings],
    listing: Listing,
    rpc_map: EndpointMap = UNASKED,
) -> tuple[Explained, ...]:
    """Return each endpoint of a listing with its owner.

    Args:
        host: with the ports that it hands out.
        states: what stages read; that of `rpc_restriction` has the RPC port ranges that are configured.
    """
    ports = rpc_restriction.configured_ports(states[rpc_restriction.NAME])
    return with_forwarded(reader, host, knowledge, Explainer(host, knowledge, ports, rpc_map).explain(listing.endpoints))


@dataclass(frozen=True, slots=True)
class Terms:
    """What the operator says about the plan as a whole.

    Attributes:
        missing: what happens where services or ports are named that the host does not have.
        absent: what `keep` names and the host does not have, with the reasons, where that is skipped.
        wrong: what is wrong with `keep` on this host.
    """

    accept: frozenset[str] = frozenset()
    dependents: Dependents = Dependents.REFUSE
    kept: Kept = field(default_factory=Kept)
    unverified: bool = False
    missing: Missing = Missing.REFUSE
    absent: tuple[Unchanged, ...] = ()
    wrong: tuple[NetminError, ...] = ()


def make_forecast(
    plan: Plan, survey: Survey, knowledge: Knowledge, kept: Kept, skipped: Iterable[Skipped] = (), *, wary: bool = False
) -> tuple[Forecast, ...]:
    """Forecast every endpoint of the survey under a plan.

    Args:
        skipped: recipes that the plan skips, with the reasons.
        wary: see `Future`.
    """
    why = reasons(skipped, knowledge, survey.host.windows)
    host = replace(survey.host, firewall=project(plan.changes, Seen(firewall=survey.host.firewall)).firewall)
    return forecast(survey.explained, Future(host, knowledge, plan, survey.configured, wary), kept, why)


def shown(desires: Mapping[str, Any], survey: Survey) -> dict[str, Any]:
    """Show the part of a survey that the desires are about, by stage."""
    states = ((name, STAGE_BY_NAME[name].shown(desires[name], survey.states[name], survey.host)) for name in STAGES if name in desires)
    return {name: state for name, state in states if state}


def projected(survey: Survey, plan: Plan) -> Survey:
    """Return what a survey would show if every change of a plan held: for check mode, where nothing can be read back."""
    return survey.after(project(plan.changes, survey.seen))
