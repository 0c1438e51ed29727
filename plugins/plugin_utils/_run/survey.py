# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""List, explain and plan one host with any set of stages: what every module and `minimize` share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import Firewall
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Forecast, Outlook
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.stages import STAGES
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.forecast import forecast
from ansible_collections.netmin.windows.plugins.plugin_utils._forecast.residue import reasons, residue
from ansible_collections.netmin.windows.plugins.plugin_utils._host.firewall import read_firewall
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host, read_host, read_services
from ansible_collections.netmin.windows.plugins.plugin_utils._host.listing import Listing, read_listing
from ansible_collections.netmin.windows.plugins.plugin_utils._host.management import ManagementPath, read_path
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained, Explainer, settled_ports
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting, Settings, read_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.filter_rule import BLOCKS, AddFilterRule, RemoveFilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.kinds import Change
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.netbios import SetNetbios
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_key import DeleteKey
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import SetRegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.running import StartService, StopService
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.start_mode import SetStartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._stages import (
    dcom_protocols,
    ip_filter,
    name_resolution,
    netbt,
    rpc_restriction,
    services,
    smb_device,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.future import Future
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.service_control import start_setting
from ansible_collections.netmin.windows.plugins.plugin_utils._stages.stage import Dependents, Kept, Situation, Skipped, Stage
from ansible_collections.netmin.windows.plugins.plugin_utils._undo.snapshot import restorable

STAGE_BY_NAME: Mapping[str, Stage] = {
    stage.name: stage
    for stage in (
        dcom_protocols.STAGE,
        ip_filter.STAGE,
        name_resolution.STAGE,
        netbt.STAGE,
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
    """

    host: Host
    states: Mapping[str, Settings]
    listing: Listing
    explained: tuple[Explained, ...]
    more: Settings = field(default_factory=dict)
    keys: Mapping[str, bool] = field(default_factory=dict)
    path: ManagementPath | None = None

    @property
    def configured(self) -> dict[tuple[str, str], RegistryValue | None]:
        """All registry values that the stages read, by key and name in lower case."""
        states = (*self.states.values(), self.more)
        return {(setting.key.lower(), setting.name.lower()): value for state in states for setting, value in state.items()}

    @property
    def settings(self) -> dict[Setting, RegistryValue | None]:
        """All registry values that were read, by setting."""
        return {setting: value for state in (*self.states.values(), self.more) for setting, value in state.items()}


def read_survey(reader: Reader, knowledge: Knowledge) -> Survey:
    """Read a host: its facts, every stage's settings, its endpoints with their owners."""
    host = read_host(reader, knowledge)
    host = replace(host, firewall=read_firewall(reader, host, wanted=False))
    states = {name: STAGE_BY_NAME[name].read(reader, host, knowledge) for name in STAGES}
    listing = take_listing(reader, host, knowledge)
    return Survey(host, states, listing, explainer(host, knowledge, states).explain(listing.endpoints))


def with_firewall(reader: Reader, survey: Survey) -> Survey:
    """Read the firewall in full, and the management path, for a run that may change its rules."""
    survey = with_path(reader, survey)
    return replace(survey, host=replace(survey.host, firewall=read_firewall(reader, survey.host, wanted=True)))


def with_path(reader: Reader, survey: Survey) -> Survey:
    """Read what the session goes through."""
    return survey if survey.path is not None else replace(survey, path=read_path(reader, survey.host, survey.listing))


def reread(reader: Reader, knowledge: Knowledge, before: Survey, changes: Iterable[Change]) -> Survey:
    """Read again what changes can have touched: services, rules, endpoints, and the values that they write; the rest is kept."""
    made = tuple(changes)
    host = replace(before.host, services=read_services(reader, before.host.windows.nt))
    if (host.firewall and host.firewall.names) or any(isinstance(change, AddFilterRule | RemoveFilterRule) for change in made):
        host = replace(host, firewall=read_firewall(reader, host, wanted=False))
    written = {place for change in made for place in _written(change)}

    def again(settings: Settings) -> Settings:
        return {s: read_setting(reader, s) if (s.key.lower(), s.name.lower()) in written else value for s, value in settings.items()}

    states = {name: again(state) for name, state in before.states.items()}
    listing = take_listing(reader, host, knowledge)
    keys = {key: reader.value_types(key) is not None for key in before.keys}
    explained = explainer(host, knowledge, states).explain(listing.endpoints)
    return Survey(host, states, listing, explained, again(before.more), keys, before.path)


def _written(change: Change) -> Iterable[tuple[str, str]]:
    """Name the registry values that a change writes, key and name in lower case."""
    if isinstance(change, SetRegistryValue):
        yield change.key.lower(), change.name.lower()
    elif isinstance(change, SetNetbios):
        setting = netbt.setting(change.guid)
        yield setting.key.lower(), setting.name.lower()
    elif isinstance(change, SetStartMode):
        # The SCM keeps the start mode in this value, which a stage may have read.
        setting = start_setting(change.name)
        yield setting.key.lower(), setting.name.lower()


def take_listing(reader: Reader, host: Host, knowledge: Knowledge) -> Listing:
    """List the endpoints of a host that has been read."""
    return read_listing(reader, knowledge.versions[host.windows.id], settled_ports(host, knowledge))


def explainer(host: Host, knowledge: Knowledge, states: Mapping[str, Any]) -> Explainer:
    """Make the explainer of a host, with the RPC port ranges that are configured on it."""
    return Explainer(host, knowledge, rpc_restriction.configured_ports(states[rpc_restriction.NAME]))


@dataclass(frozen=True, slots=True)
class Terms:
    """What the operator says about the plan as a whole."""

    accept: frozenset[str] = frozenset()
    dependents: Dependents = Dependents.REFUSE
    kept: Kept = field(default_factory=Kept)
    unverified: bool = False


def make_plan(desires: Mapping[str, Any], survey: Survey, knowledge: Knowledge, terms: Terms, skipped: Sequence[Skipped] = ()) -> Plan:
    """Plan every stage that something is desired of, and put all changes in order.

    The last stage is planned once it is known what the others leave open.

    Args:
        skipped: recipes that the plan skips, with the reasons.

    Raises:
        Refused, UnsafePlan, NotFound, InvalidOption: nothing may be written then.
    """
    stopping = frozenset(name.lower() for stage, desired in desires.items() for name in STAGE_BY_NAME[stage].stops(desired, survey.host))
    situation = Situation(survey.host, knowledge, stopping, terms.accept, terms.dependents, terms.kept, terms.unverified)
    closing = [name for name in STAGES if name in desires and name != ip_filter.NAME]
    plan = restorable(Plan.merge(STAGE_BY_NAME[name].plan(desires[name], survey.states[name], situation) for name in closing))
    if ip_filter.NAME not in desires:
        return plan
    expected = make_forecast(plan, survey, knowledge, terms.kept, skipped)
    left = residue(survey.explained, expected, knowledge, survey.host.windows)
    possible = make_forecast(plan, survey, knowledge, terms.kept, skipped, wary=True)
    returning = residue(survey.explained, possible, knowledge, survey.host.windows)
    future = Future(survey.host, knowledge, plan, survey.configured)
    staying = tuple(s for s, entry in zip(survey.explained, expected, strict=True) if entry.outlook is Outlook.KEPT)
    situation = replace(situation, residue=left, returning=returning, staying=staying, path=survey.path)
    situation = replace(situation, listed=survey.explained, future=future)
    return Plan.merge((plan, ip_filter.plan(desires[ip_filter.NAME], survey.states[ip_filter.NAME], situation)))


def make_forecast(
    plan: Plan, survey: Survey, knowledge: Knowledge, kept: Kept, skipped: Iterable[Skipped] = (), *, wary: bool = False
) -> tuple[Forecast, ...]:
    """Forecast every endpoint of the survey under a plan.

    Args:
        skipped: recipes that the plan skips, with the reasons.
        wary: see `Future`.
    """
    why = reasons(skipped, knowledge, survey.host.windows)
    host = replace(survey.host, firewall=_after(survey.host.firewall, plan))
    return forecast(survey.explained, Future(host, knowledge, plan, survey.configured, wary), kept, why)


def _after(firewall: Firewall | None, plan: Plan) -> Firewall | None:
    """Return what the firewall will be once a plan has been carried out."""
    if firewall is None:
        return None
    names, texts = dict(firewall.names), dict(firewall.texts)
    for change in plan.changes:
        if isinstance(change, RemoveFilterRule):
            names.pop(change.name, None)
            texts.pop(change.name, None)
        elif isinstance(change, AddFilterRule):
            names[change.rule.name] = ""
            texts[change.rule.name] = change.rule.text
    return replace(firewall, names=names, texts=texts)


def shown(desires: Mapping[str, Any], survey: Survey) -> dict[str, Any]:
    """Show the part of a survey that the desires are about, by stage."""
    states = ((name, STAGE_BY_NAME[name].shown(desires[name], survey.states[name], survey.host)) for name in STAGES if name in desires)
    return {name: state for name, state in states if state}


def projected(survey: Survey, plan: Plan) -> Survey:
    """Return what a survey would show if every change of a plan held: for check mode, where nothing can be read back."""
    services = dict(survey.host.services)
    firewall = _after(survey.host.firewall, plan)
    states = {name: dict(state) for name, state in survey.states.items()}
    for change in plan.changes:
        if isinstance(change, StopService):
            services[change.name.lower()] = replace(services[change.name.lower()], state="Stopped")
        elif isinstance(change, StartService):
            services[change.name.lower()] = replace(services[change.name.lower()], state="Running", accepts_stop=True)
        elif isinstance(change, SetStartMode):
            services[change.name.lower()] = replace(services[change.name.lower()], start_mode=change.after)
        elif isinstance(change, SetNetbios):
            states[netbt.NAME][netbt.setting(change.guid)] = RegistryValue.dword(change.after)
        elif isinstance(change, SetRegistryValue):
            for setting in states[change.stage]:
                if (setting.key, setting.name) == (change.key, change.name):
                    states[change.stage][setting] = change.after
    return replace(survey, host=replace(survey.host, services=services, firewall=firewall), states=states)


def holds(change: Change, after: Survey) -> bool:
    """Tell whether an object, read again, is as a change was to leave it."""
    if isinstance(change, StopService | SetStartMode):
        service = after.host.services.get(change.name.lower())
        # One that is gone neither runs nor starts.
        return service is None or (service.stopped if isinstance(change, StopService) else service.start_mode is change.after)
    if isinstance(change, StartService):
        service = after.host.services.get(change.name.lower())
        return service is not None and not service.stopped
    if isinstance(change, DeleteKey):
        return not after.keys.get(change.key, False)
    if isinstance(change, SetNetbios):
        return netbt.option_of(after.states[netbt.NAME].get(netbt.setting(change.guid))) is change.after
    if isinstance(change, SetRegistryValue):
        return after.configured.get((change.key.lower(), change.name.lower())) == change.after
    if isinstance(change, AddFilterRule):
        return after.host.firewall is not None and after.host.firewall.has(change.rule)
    if isinstance(change, RemoveFilterRule):
        # One that is replaced is there under the same name, and says another thing.
        return after.host.firewall is None or after.host.firewall.texts.get(change.name) != change.before
    raise TypeError(f"no such change: {change!r}")


def found(change: Change, after: Survey) -> object:
    """Return what an object shows when it is read again, as a plain value."""
    if isinstance(change, StopService | SetStartMode):
        service = after.host.services.get(change.name.lower())
        if service is None:
            return "gone"
        return service.state.lower() if isinstance(change, StopService) else str(service.start_mode)
    if isinstance(change, StartService):
        service = after.host.services.get(change.name.lower())
        return "gone" if service is None else service.state.lower()
    if isinstance(change, DeleteKey):
        return None if holds(change, after) else change.shown[0]
    if isinstance(change, SetNetbios):
        return netbt.option_of(after.states[netbt.NAME].get(netbt.setting(change.guid))).word
    if isinstance(change, SetRegistryValue):
        value = after.configured.get((change.key.lower(), change.name.lower()))
        return None if value is None else value.plain()
    if isinstance(change, AddFilterRule):
        text = after.host.firewall.texts.get(change.rule.name) if after.host.firewall else None
        return BLOCKS if holds(change, after) else text
    if isinstance(change, RemoveFilterRule):
        return None if holds(change, after) else change.before
    raise TypeError(f"no such change: {change!r}")
