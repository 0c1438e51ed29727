# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A simulated host made from a capture."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import ip_address
from pathlib import Path

from winsim.host.firewall import LOCAL_RULES
from winsim.host.found import Found
from winsim.host.model import SERVICES, AdapterSpec, Category, Language, ListenerSpec, WindowsSpec
from winsim.host.sockets import WILDCARD, WILDCARD_V6
from winsim.limits import HIGHEST_PORT
from winsim.providers.system import LOCALES
from winsim.registry_value import RegistryValue
from winsim.scenarios import Scenario

from .cannot_tell import cannot_tell
from .classes import classes, refused
from .endpoints import Bound, endpoints
from .file import CaptureError, shown
from .format import Capture, Row, flag, number, read_capture, text, texts
from .keys import Keys
from .nearest import Nearest, nearest
from .owners import Owned, Owners, Range
from .processes import Programs, programs

MOST = 70_000
"""So many sockets, and so many connections, a host has at most."""

MOST_ROWS = {
    "Win32_Service": 5_000,
    "Win32_SystemDriver": 5_000,
    "Win32_DependentService": 50_000,
    "Win32_Process": 50_000,
    "Win32_NetworkAdapterConfiguration": 2_000,
}
"""So many rows of what a host consists of."""

LONGEST_UPTIME = 100 * 365 * 86_400.0
"""What a wrong clock shows at most, in seconds."""

CATEGORIES = {"0": Category.PUBLIC, "1": Category.PRIVATE, "2": Category.DOMAIN}
USER_PORT = rf"{SERVICES}\Tcpip\Parameters"
WINRM_PORTS = {"HTTP": 5985, "HTTPS": 5986}


@dataclass(frozen=True, slots=True)
class Twin:
    """A host made from a capture.

    Attributes:
        name: what the capture calls the host.
        cannot_tell: what a person has to know of how the twin may differ from the host, a sentence each.
    """

    name: str
    scenario: Scenario
    cannot_tell: tuple[str, ...]


def read_twin(path: Path) -> Twin:
    """Make a host from a file.

    Raises:
        CaptureError: no host can be made of it; the message says why.
    """
    return twin(read_capture(path), f"the capture {shown(path)}")


def twin(capture: Capture, where: str) -> Twin:
    """Make a host from a capture.

    Raises:
        CaptureError: it does not hold what a host consists of.
    """
    for wmi_class in ("Win32_OperatingSystem", "Win32_Service", "Win32_Process"):
        if not capture.rows(wmi_class):
            raise CaptureError(f"{where} holds no rows of {wmi_class}: no host can be made of it")
    for wmi_class, most in MOST_ROWS.items():
        if len(capture.rows(wmi_class)) > most:
            raise CaptureError(f"{where} has more than {most} rows of {wmi_class}, and no host has")
    known = nearest(capture.windows)
    keys = Keys(capture)
    made = programs(capture, keys, known)
    bound, connected = endpoints(capture)
    if not bound:
        raise CaptureError(f"{where} lists no sockets: no host can be made of it")
    if max(len(bound), len(connected)) > MOST:
        raise CaptureError(f"{where} has more than {MOST} sockets or connections, and no host has")
    adapters = _adapters(capture, bound, known)
    ports = _range(capture, keys, known)
    ipv6 = any(":" in row.address for row in bound)
    listeners = _listeners(capture, bound, where)
    winrm = frozenset(listener.port for listener in listeners if listener.enabled)
    owned = Owners(made, known, adapters, ports, ipv6=ipv6).take(bound, connected, own=winrm)
    windows = _windows(capture, known, made, ports, ipv6=ipv6)
    adapters = tuple(_at_loopback(adapter) for adapter in known.host.adapters if adapter.loopback) + adapters
    host = replace(
        known.host,
        windows=windows,
        processes=made.processes,
        services=made.services,
        adapters=adapters,
        sockets=tuple(owned.plain),
        rpc_servers=tuple(owned.rpc),
        netbt=replace(known.host.netbt, raw_smb=_raw_smb(known, owned, keys), wins=()),
        dns_client=replace(known.host.dns_client, cached=owned.cached),
        connections=tuple(owned.again),
        listeners=listeners,
        registry=_rules(known),
        wmi={},
        faults=(),
        uptime=_uptime(capture),
        found=_found(capture, keys, made, owned, adapters, known),
    )
    title = f"the twin of {shown(capture.inventory_name)}, {shown(text(capture.rows('Win32_OperatingSystem')[0], 'caption'))}"
    scenario = Scenario(shown(capture.inventory_name), title, (f"a capture of {shown(capture.captured_at)}",), (), host)
    return Twin(shown(capture.inventory_name), scenario, cannot_tell(capture, known, keys, made, owned))


def _windows(capture: Capture, known: Nearest, made: Programs, ports: Range, *, ipv6: bool) -> WindowsSpec:
    system = capture.rows("Win32_OperatingSystem")[0]
    computer: Row = next(iter(capture.rows("Win32_ComputerSystem")), {})
    own = known.host.windows
    language = next((entry for entry, locale in LOCALES.items() if locale.language == number(system, "oslanguage")), Language.ENGLISH)
    shell = next((moment.shell for moment in capture.moments if moment.shell is not None), None)
    role = number(computer, "domainrole")
    return replace(
        own,
        version=_version(text(system, "version")),
        build=number(system, "buildnumber") or own.build,
        product_type=_within(number(system, "producttype"), 1, 3, own.product_type),
        caption=text(system, "caption"),
        service_pack=number(system, "servicepackmajorversion") or 0,
        sku=number(system, "operatingsystemsku"),
        computer=text(computer, "name") or own.computer,
        domain=text(computer, "domain") or own.domain,
        domain_role=_within(role, 0, 5, own.domain_role),
        joined=False,
        manufacturer=text(computer, "manufacturer") or own.manufacturer,
        model=text(computer, "model") or own.model,
        hypervisor=flag(computer, "hypervisorpresent"),
        first_port=ports.first,
        last_port=ports.last,
        counts_from=own.counts_from if own.counts_from is not None and ports.holds(own.counts_from) else None,
        ipv6=ipv6,
        signed_in=bool(made.luid),
        language=language,
        remote_shells=shell is None or shell.error is None,
    )


def _version(text: str) -> str:
    return text if re.fullmatch(r"\d{1,5}(\.\d{1,9})+", text) else "10.0"


def _within(found: int | None, low: int, high: int, otherwise: int) -> int:
    return found if found is not None and low <= found <= high else otherwise


def _range(capture: Capture, keys: Keys, known: Nearest) -> Range:
    """Return the ports that the system hands out: as it says, or as this Windows has them by default."""
    own = known.host.windows
    for row in capture.rows("MSFT_NetTCPSetting"):
        first, count = number(row, "dynamicportrangestartport"), number(row, "dynamicportrangenumberofports")
        if first and count and first + count - 1 <= HIGHEST_PORT:
            return Range(first, first + count - 1)
    # KB 196271: the last one up to Server 2003, valid from 5000 to 65534.
    last = keys.number(USER_PORT, "MaxUserPort") if own.kernel < (6, 0) else None
    return Range(own.first_port, last if last is not None and 5000 <= last <= 65534 else own.last_port)


def _uptime(capture: Capture) -> float:
    system = capture.rows("Win32_OperatingSystem")[0]
    began, now = _moment(system, "lastbootuptime"), _moment(system, "localdatetime")
    return 0.0 if began is None or now is None else min(max((now - began).total_seconds(), 0.0), LONGEST_UPTIME)


def _ages(capture: Capture, made: Programs) -> dict[str, float]:
    """Return for how long processes had run."""
    now = _moment(capture.rows("Win32_OperatingSystem")[0], "localdatetime")
    rows = {number(row, "processid"): row for row in capture.rows("Win32_Process")}
    began = {name: _moment(rows[pid], "creationdate") for pid, name in made.ids.items() if pid in rows}
    return {
        name: min(max((now - at).total_seconds(), 0.0), LONGEST_UPTIME) for name, at in began.items() if now is not None and at is not None
    }


def _moment(row: Row, name: str) -> datetime | None:
    """Return a time; one without an offset is none."""
    try:
        found = datetime.fromisoformat(text(row, name))
    except ValueError:
        return None
    return found if found.tzinfo is not None else None


def _rules(known: Nearest) -> Mapping[str, Mapping[str, RegistryValue]]:
    """Return the firewall's rules of the nearest scenario: those of the host are not in a capture."""
    return {LOCAL_RULES: known.host.registry.get(LOCAL_RULES, {})}


def _raw_smb(known: Nearest, owned: Owned, keys: Keys) -> int | None:
    """Return the port of raw SMB where the NetBT driver has it, or would have it if a value did not keep it closed."""
    port = known.host.netbt.raw_smb
    switched_off = keys.number(rf"{SERVICES}\{known.host.netbt.driver}\Parameters", "SmbDeviceEnabled") == 0
    return port if owned.raw_smb or switched_off else None


# Adapters and listeners


def _adapters(capture: Capture, bound: tuple[Bound, ...], known: Nearest) -> tuple[AdapterSpec, ...]:
    zones = {address: zone for row in bound for address, percent, zone in (row.address.partition("%"),) if percent}
    profiles = [text(row, "networkcategory") for row in capture.rows("MSFT_NetConnectionProfile")]
    adapters: list[AdapterSpec] = []
    for place, row in enumerate(capture.rows("Win32_NetworkAdapterConfiguration")):
        four, six = _addresses(row)
        category = CATEGORIES.get(profiles.pop(0)) if four and profiles else None
        named = text(row, "description")
        adapters.append(
            AdapterSpec(
                name=named if all(other.name != named for other in adapters) else f"{named} ({place})",
                guid=text(row, "settingid"),
                index=number(row, "index"),
                rpc_index=place + 2,
                address=four[0] if four else None,
                more_addresses=four[1:],
                ipv6=tuple(_with_zone(address, zones, number(row, "index")) for address in six),
                dhcp=flag(row, "dhcpenabled"),
                mac=text(row, "macaddress") or None,
                netbios=_within(number(row, "tcpipnetbiosoptions"), 0, 2, 0) if four else None,
                category=category,
            )
        )
    return tuple(adapters)


def _addresses(row: Row) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found: tuple[list[str], list[str]] = ([], [])
    for address in texts(row, "ipaddress"):
        try:
            found[ip_address(address).version == 6].append(address)
        except ValueError:
            continue
    return tuple(found[0]), tuple(found[1])


def _with_zone(address: str, zones: Mapping[str, str], index: int | None) -> str:
    """Return an address as sockets show it: WMI lists those of adapters without their zone."""
    if address in zones:
        return f"{address}%{zones[address]}"
    return f"{address}%{index}" if ip_address(address).is_link_local and index is not None else address


def _at_loopback(adapter: AdapterSpec) -> AdapterSpec:
    return replace(adapter, rpc_index=1)


def _listeners(capture: Capture, bound: tuple[Bound, ...], where: str) -> tuple[ListenerSpec, ...]:
    """Return WinRM's listeners: as configured, or where that was refused, those whose usual ports are open."""
    said = next((moment.listeners for moment in reversed(capture.moments) if moment.listeners is not None), None)
    rows = said.rows if said is not None and said.error is None else ()
    found = [
        ListenerSpec(row.address, row.transport.upper(), row.port, enabled=row.enabled)
        for row in rows
        if row.transport.upper() in WINRM_PORTS and 0 < row.port <= HIGHEST_PORT
    ]
    everywhere = {row.port for row in bound if row.address in (WILDCARD, WILDCARD_V6)}
    found = found or [ListenerSpec(transport=way, port=port) for way, port in WINRM_PORTS.items() if port in everywhere]
    if not any(listener.enabled and any(row.port == listener.port for row in bound) for listener in found):
        raise CaptureError(f"{where} shows no port where WinRM listens: nobody could reach a twin")
    return tuple(found)


# What was there


def _found(capture: Capture, keys: Keys, made: Programs, owned: Owned, adapters: tuple[AdapterSpec, ...], known: Nearest) -> Found:
    rows = capture.rows("Win32_NetworkAdapterConfiguration")
    subnets = {text(row, "settingid"): texts(row, "ipsubnet") for row in rows}
    connected = [adapter for adapter in adapters if adapter.connected]
    driver = next((service for service in made.services if service.name.lower() == known.host.netbt.driver.lower()), None)
    closed = [a for a in connected if a.guid not in owned.netbios] if driver is not None and made.runs(driver) else []
    in_force = {adapter.guid: 1 for adapter in connected if adapter.guid in owned.netbios and adapter.netbios == 2}
    return Found(
        services=made.found,
        sockets=tuple(owned.sockets),
        connections=tuple(owned.connections),
        keys=keys.found(),
        classes=classes(capture),
        refused_classes=refused(capture),
        refused=keys.refused(),
        grants=keys.grants(),
        ages=_ages(capture, made),
        netbios=in_force | {adapter.guid: 2 for adapter in closed if adapter.netbios == 1},
        quiet=frozenset(adapter.guid for adapter in closed if adapter.netbios == 0),
        raw_smb=owned.raw_smb,
        luid=made.luid,
        language=number(capture.rows("Win32_OperatingSystem")[0], "oslanguage"),
        subnets=subnets,
        wins={text(row, "settingid"): _wins(row) for row in rows},
    )


def _wins(row: Row) -> tuple[str, ...]:
    return tuple(found for name in ("winsprimaryserver", "winssecondaryserver") if (found := text(row, name)))
