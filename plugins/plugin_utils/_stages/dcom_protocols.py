# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Stage: DCOM, and the protocol sequences by which it can be reached.

EnableDCOM ends remote activation and closes nothing. Port 135 closes at a boot that finds no IP sequence in the
list and no other RPC server on that protocol (article).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion
from ansible_collections.netmin.windows.plugins.plugin_utils._host import settings
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._host.settings import Setting, Settings
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Knowledge, Port
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.effect import Effect
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.plan import Plan
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.registry_value import write_value
from ansible_collections.netmin.windows.plugins.plugin_utils._objects.unchanged import Reason, Unchanged

from . import rpc_restriction
from .future import Fate, Future
from .part import Claim, Part, plan_value
from .stage import Choice, Situation, Stage, Touches

NAME = "dcom_protocols"
DCOM = "dcom-off"
ENABLE_DCOM = Setting(r"SOFTWARE\Microsoft\Ole", "EnableDCOM", RegistryType.SZ)
DCOM_PROTOCOLS = Setting(r"SOFTWARE\Microsoft\Rpc", "DCOM Protocols", RegistryType.MULTI_SZ)
MAPPED_PROTOCOLS = {"rpc-epmap-135-tcp": Protocol.TCP, "rpc-epmap-135-udp": Protocol.UDP}
# Protocol sequences over IP (Microsoft, Protocol Sequence Constants).
SEQUENCES = {Protocol.TCP: "ncacn_ip_tcp", Protocol.UDP: "ncadg_ip_udp"}
# All connection-oriented and datagram sequences that the list can hold (Microsoft, Protocol Sequence Constants).
KNOWN_SEQUENCES = (
    "ncacn_ip_tcp",
    "ncadg_ip_udp",
    "ncacn_spx",
    "ncadg_ipx",
    "ncacn_nb_tcp",
    "ncacn_nb_nb",
    "ncacn_nb_ipx",
    "ncacn_vns_spp",
    "ncacn_dnet_nsp",
    "ncacn_at_dsp",
    "ncadg_at_ddp",
    "ncacn_http",
    "ncadg_mq",
)


@dataclass(frozen=True, slots=True)
class Desired:
    """What is wanted; None means "leave it alone"."""

    enable_dcom: bool | None = None
    remove: tuple[str, ...] = ()


def desired(options: Mapping[str, Any]) -> Desired:
    """Read the stage's options."""
    return Desired(options.get("enable_dcom"), tuple(options.get("remove") or ()))


def default(choices: tuple[Choice, ...]) -> Desired:
    """Ask for what the chosen methods do."""
    methods = {choice.method.id for choice in choices}
    remove = (SEQUENCES[Protocol.TCP],) if "dcom_protocols" in methods else ()
    return Desired(False if "enable_dcom" in methods else None, remove)


def read(reader: Reader, _host: Host, _knowledge: Knowledge) -> Settings:
    """Read what the next boot will use."""
    return settings.read_settings(reader, (ENABLE_DCOM, DCOM_PROTOCOLS))


def stops(_wanted: Desired, _host: Host, _knowledge: Knowledge) -> tuple[str, ...]:
    """Name nothing: no service is stopped."""
    return ()


def claims(wanted: Desired) -> tuple[Claim, ...]:
    """Name the endpoint mapper, and DCOM itself."""
    mapped = _mapped(wanted.remove)
    found = [Claim(f"remove: {', '.join(wanted.remove)}", recipes=mapped)] if mapped else []
    if wanted.enable_dcom is False:
        found.append(Claim("enable_dcom: false", recipes=(DCOM,)))
    return tuple(found)


def _mapped(remove: tuple[str, ...]) -> tuple[str, ...]:
    """Return the recipes of the endpoint mapper's ports that need the sequences to be listed."""
    return tuple(recipe for recipe, protocol in MAPPED_PROTOCOLS.items() if SEQUENCES[protocol] in remove)


def plan(wanted: Desired, actual: Settings, situation: Situation) -> tuple[Part, ...]:
    """Compare, a part for DCOM and one for the list."""
    parts = [] if wanted.enable_dcom is None else [_plan_enable(wanted.enable_dcom, actual, situation)]
    return (*parts, _plan_remove(wanted.remove, actual, situation)) if wanted.remove else tuple(parts)


def _plan_enable(enable: bool, actual: Settings, situation: Situation) -> Part:
    before, word = actual.get(ENABLE_DCOM), "Y" if enable else "N"
    why = "remote activation of COM objects is " + ("allowed" if enable else "refused; this closes no port")
    same = before is not None and before.type is RegistryType.SZ and str(before.data).upper() == word
    return Part(
        stage=NAME,
        targets=(ENABLE_DCOM.target,),
        what=f"EnableDCOM is not written on {situation.host.windows.name}",
        plan=plan_value(NAME, ENABLE_DCOM, before, before if same else RegistryValue.text(word), why),
        method=(DCOM, "enable_dcom"),
        recipes=() if enable else (DCOM,),
    )


def _plan_remove(remove: tuple[str, ...], actual: Settings, situation: Situation) -> Part:
    return Part(
        stage=NAME,
        targets=(DCOM_PROTOCOLS.target,),
        what=f"the DCOM Protocols list is not written on {situation.host.windows.name}",
        plan=_plan_list(remove, actual.get(DCOM_PROTOCOLS)),
        method=("rpc-epmap-135-tcp", "dcom_protocols"),
        recipes=_mapped(remove),
    )


def _plan_list(remove: tuple[str, ...], before: RegistryValue | None) -> Plan:
    if before is None:
        # What the system takes where there is no list is not known, so none is made.
        return Plan(unchanged=(Unchanged(NAME, DCOM_PROTOCOLS.target, Reason.ABSENT),))
    listed = sequences_of(before)
    unwanted = Names(remove)
    left = tuple(name for name in listed if name not in unwanted)
    if left == listed and before.type is RegistryType.MULTI_SZ:
        return Plan(unchanged=(Unchanged(NAME, DCOM_PROTOCOLS.target, Reason.AS_DESIRED),))
    rest = f"; {', '.join(left)} stay" if left else "; the list stays, empty"
    why = f"DCOM can no longer be reached over {', '.join(remove)}{rest}"
    return Plan(write_value(NAME, DCOM_PROTOCOLS, before, RegistryValue.texts(left), why))


def sequences_of(value: RegistryValue | None) -> tuple[str, ...]:
    """Return the protocol sequences of a list, whatever type it was written with; a list written by hand may hold empty strings."""
    content = None if value is None else value.data
    texts = (content,) if isinstance(content, str) else content if isinstance(content, tuple) else ()
    return tuple(text for text in texts if text.strip())


def shown(wanted: Desired, actual: Settings, _host: Host) -> dict[str, Any]:
    """Show the values that are asked for."""
    concerned = [ENABLE_DCOM] * (wanted.enable_dcom is not None) + [DCOM_PROTOCOLS] * bool(wanted.remove)
    return {setting.target: settings.plain(actual.get(setting)) for setting in concerned}


def opens(made: Effect, knowledge: Knowledge) -> tuple[str, ...]:
    """Name the endpoint mapper's ports: of protocols that DCOM is to be reached over, and of RPC servers that run again."""
    if made.written is not None and made.written.place == DCOM_PROTOCOLS.place:
        listed = Names(sequences_of(made.written.after) if made.written.after is not None else SEQUENCES.values())
        protocols = {protocol for protocol, sequence in SEQUENCES.items() if sequence in listed}
    else:
        patterns = (p for recipe in knowledge.recipes.values() if recipe.is_owned_by(made.returns) for p in recipe.listeners)
        protocols = {pattern.protocol for pattern in patterns if pattern.port is Port.RPC}
    return tuple(recipe for recipe, protocol in MAPPED_PROTOCOLS.items() if protocol in protocols)


def fate(subject: Explained, future: Future) -> Fate | None:
    """Expect the endpoint mapper's port to stay until a boot, and then to follow the list and the RPC servers.

    Servers that are not known are looked after by the forecast as a whole.
    """
    protocol = MAPPED_PROTOCOLS.get(subject.recipe or "")
    if protocol is None:
        return None
    if future.host.windows.nt > NtVersion(5, 1):
        why = "RPC servers that cannot be stopped use TCP, and the endpoint mapper listens for them"
        return Fate(Expectation.OPEN, Expectation.OPEN, why)
    value = future.value(DCOM_PROTOCOLS.key, DCOM_PROTOCOLS.name)
    if value is None and protocol is Protocol.TCP:
        return Fate(Expectation.OPEN, Expectation.UNKNOWN, "there is no DCOM Protocols list, and it is not known what Windows uses then")
    if SEQUENCES[protocol] in Names(sequences_of(value)):
        if subject.endpoint.scope is not Scope.WILDCARD:
            return Fate(Expectation.OPEN, Expectation.OPEN, "the endpoint mapper is bound to this interface already")
        return _restricted(protocol, future) or Fate(
            Expectation.OPEN, Expectation.OPEN, f"DCOM is reached over {SEQUENCES[protocol]}, which is in the DCOM Protocols list"
        )
    servers = future.rpc_servers_at_boot(protocol)
    if servers is Expectation.CLOSED:
        return Fate(Expectation.OPEN, servers, f"no RPC server uses {protocol.upper()} after the next boot, and DCOM does not either")
    why = f"an RPC server {'may use' if servers is Expectation.UNKNOWN else 'uses'} {protocol.upper()} after the next boot"
    return Fate(Expectation.OPEN, servers, why)


def _restricted(protocol: Protocol, future: Future) -> Fate | None:
    """Tell what ListenOnInternet makes of port 135, on Windows 2000."""
    indexes = rpc_restriction.bound_to(future)
    where = rpc_restriction.LISTEN_ON_INTERNET
    value = future.value(where.key, where.name)
    if protocol is not Protocol.TCP or not indexes or value is None or str(value.data).upper() != "N":
        return None
    if indexes == (rpc_restriction.LOOPBACK_INDEX,):
        return Fate(Expectation.OPEN, Expectation.CLOSED, "ListenOnInternet binds the endpoint mapper to the loopback", loopback=True)
    return Fate(Expectation.OPEN, Expectation.UNKNOWN, f"ListenOnInternet binds the endpoint mapper to interfaces {', '.join(indexes)}")


STAGE = Stage(
    name=NAME,
    options={
        "enable_dcom": {"type": "bool"},
        "remove": {"type": "list", "elements": "str", "choices": list(KNOWN_SEQUENCES)},
    },
    desired=desired,
    default=default,
    read=read,
    stops=stops,
    claims=claims,
    plan=plan,
    shown=shown,
    touches={
        "dcom_protocols": Touches(values=(DCOM_PROTOCOLS.name,)),
        "enable_dcom": Touches(values=(ENABLE_DCOM.name,)),
    },
)
