# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What may be asked of a host that changes it: each request is refused, done, or hit by a fault, and noted in the journal."""

from __future__ import annotations

from enum import Enum

from winsim.registry_value import RegistryType, RegistryValue

from . import installation
from .firewall import LOCAL_RULES
from .firewall_rules import Rule
from .journal import Plain, Subject
from .machine import Machine
from .model import SERVICES, EmptyList, ServiceSpec, StartMode, State
from .scm import DELAYED, Outcome, Service


class Written(Enum):
    """How a request to change the registry ended."""

    DONE = "done"
    NO_KEY = "the key does not exist"
    NO_VALUE = "the value does not exist"
    DENIED = "access denied"
    HAS_SUBKEYS = "the key has subkeys"
    REFUSED = "the data are refused"


class NetbiosOutcome(Enum):
    """How a request to change an adapter's NetBIOS option ended."""

    DONE = "done"
    INVALID = "no such option"
    NO_IP = "IP is not enabled on this adapter"


def start_service(host: Machine, service: Service) -> Outcome:
    """Start a service or driver."""
    if _denied(host, service):
        return Outcome.DENIED
    before = service.state
    outcome = host.services.start(service)
    if outcome is Outcome.DONE:
        _note_state(host, service, before)
    return outcome


def stop_service(host: Machine, service: Service) -> Outcome:
    """Stop a service or driver; with a fault it hangs, takes its time, or is back later."""
    name = service.spec.name
    if _denied(host, service):
        return Outcome.DENIED
    before = service.state
    late = host.faults.find("stops_late", service=name)
    outcome = host.services.stop(service, pending=late is not None or host.faults.find("stop_hangs", service=name) is not None)
    if outcome is Outcome.DONE:
        _note_state(host, service, before)
        if late is not None:
            host.time.after(late.seconds(), lambda: host.services.finish_stop(service))
        back = host.faults.find("comes_back", service=name)
        if back is not None:
            host.time.after(back.seconds(), lambda: host.services.start_all((service,)))
    return outcome


def set_start_mode(host: Machine, service: Service, mode: StartMode) -> Outcome:
    """Change a start mode, in the service control manager's database and in the registry."""
    name = service.spec.name
    if _denied(host, service):
        return Outcome.DENIED
    if service.marked:
        return Outcome.MARKED
    if mode in (StartMode.BOOT, StartMode.SYSTEM) and not service.spec.driver:
        return Outcome.INVALID
    if host.faults.find("start_mode_lost", service=name):
        return Outcome.DONE
    subject = Subject.DRIVER_START_MODE if service.spec.driver else Subject.SERVICE_START_MODE
    host.journal.note(subject, name, service.start_mode.name.lower(), mode.name.lower())
    service.start_mode = mode
    key = rf"{SERVICES}\{name}"
    host.registry.write(key, "Start", RegistryValue.dword(int(mode)))
    if mode is StartMode.AUTO and host.registry.number(key, DELAYED) == 1:
        # ChangeStartMode knows no delay: what it makes automatic is plainly so (reports of tools that use it).
        host.registry.write(key, DELAYED, RegistryValue.dword(0))
    return Outcome.DONE


def set_delayed(host: Machine, service: Service) -> Outcome:
    """Make a service automatic and late after a boot."""
    if service.spec.driver:
        return Outcome.INVALID
    outcome = set_start_mode(host, service, StartMode.AUTO)
    if outcome is Outcome.DONE and host.faults.find("start_mode_lost", service=service.spec.name) is None:
        set_value(host, rf"{SERVICES}\{service.spec.name}", DELAYED, RegistryValue.dword(1))
        service.delayed = True
    return outcome


def create_service(host: Machine, spec: ServiceSpec, *, error_control: int) -> Outcome:
    """Make a service whose program is one that knows nothing of the service control manager."""
    known = host.services.find(spec.name)
    if known is not None:
        return Outcome.MARKED if known.marked else Outcome.EXISTS
    if not spec.name or len(spec.name) > 256 or "/" in spec.name or "\\" in spec.name:
        return Outcome.BAD_NAME
    if any(other.spec.display.lower() == spec.display.lower() for other in host.services.all):
        return Outcome.NAME_TAKEN
    key = rf"{SERVICES}\{spec.name}"
    if host.faults.denies_key(key):
        return Outcome.DENIED
    host.made_services[spec.name.lower()] = spec
    host.services.add(spec)
    installation.service(host.registry, spec, error_control=error_control)
    host.journal.note(Subject.SERVICE, spec.name, None, spec.image)
    return Outcome.DONE


def delete_service(host: Machine, service: Service) -> Outcome:
    """Delete a service, at once or, where it runs, when it stops."""
    name = service.spec.name
    if _denied(host, service):
        return Outcome.DENIED
    if service.marked:
        return Outcome.MARKED
    host.services.remove(service)
    host.made_services.pop(name.lower(), None)
    host.registry.drop(rf"{SERVICES}\{name}")
    host.journal.note(Subject.SERVICE, name, service.spec.image, None)
    return Outcome.DONE


def set_netbios(host: Machine, index: int, option: int) -> NetbiosOutcome:
    """Switch NetBIOS over TCP/IP on one adapter, at once; 0 as the DHCP server says, 1 on, 2 off."""
    adapter = next(adapter for adapter in host.adapters if adapter.index == index)
    if option not in (0, 1, 2):
        return NetbiosOutcome.INVALID
    if adapter.address is None:
        return NetbiosOutcome.NO_IP
    host.journal.note(Subject.NETBIOS, adapter.guid, host.netbios[adapter.guid], option)
    host.netbios[adapter.guid] = option
    key = rf"{SERVICES}\{host.spec.netbt.driver}\Parameters\Interfaces\Tcpip_{adapter.guid}"
    host.registry.create(key)
    host.registry.write(key, "NetbiosOptions", RegistryValue.dword(option))
    host.network.renew_netbt()
    return NetbiosOutcome.DONE


def set_value(host: Machine, path: str, name: str, value: RegistryValue, *, through_provider: bool = True) -> Written:
    """Write a value into a key that exists.

    Args:
        through_provider: the scenario says what the registry provider does with an empty list; `reg.exe` always takes it.
    """
    if not host.registry.exists(path):
        return Written.NO_KEY
    if host.faults.denies_key(path) or host.denies_value(path, name):
        return Written.DENIED
    empty = value.type is RegistryType.MULTI_SZ and not value.data and through_provider
    if empty and host.spec.empty_list is EmptyList.REFUSES:
        return Written.REFUSED
    if (empty and host.spec.empty_list is EmptyList.IGNORES) or host.faults.find("value_lost", key=path, name=name):
        return Written.DONE
    before = host.registry.value(path, name)
    if isinstance(value.data, tuple) and "" in value.data:
        # An empty string is what ends such a list (Microsoft, Registry Value Types: REG_MULTI_SZ).
        value = RegistryValue(value.type, value.data[: value.data.index("")])
    host.registry.write(path, name, value)
    host.forget_refusal(path, name)
    host.value_written()
    host.journal.note(Subject.REGISTRY_VALUE, rf"{path}\{name}", _plain(before), value.plain())
    return Written.DONE


def delete_value(host: Machine, path: str, name: str) -> Written:
    """Delete a value."""
    before = host.registry.value(path, name)
    if before is None:
        return Written.NO_VALUE if host.registry.exists(path) else Written.NO_KEY
    if host.faults.denies_key(path) or host.denies_value(path, name):
        return Written.DENIED
    if host.faults.find("value_lost", key=path, name=name):
        return Written.DONE
    host.registry.delete_value(path, name)
    host.forget_refusal(path, name)
    host.value_written()
    host.journal.note(Subject.REGISTRY_VALUE, rf"{path}\{name}", _plain(before), None)
    return Written.DONE


def create_key(host: Machine, path: str) -> Written:
    """Create a key with its parents; one that exists is no error and no change."""
    if host.registry.exists(path):
        return Written.DONE
    if host.faults.denies_key(path):
        return Written.DENIED
    host.registry.create(path)
    host.journal.note(Subject.REGISTRY_KEY, path, None, "created")
    return Written.DONE


def delete_key(host: Machine, path: str) -> Written:
    """Delete a key that has no subkeys."""
    subkeys = host.registry.subkeys(path)
    if subkeys is None:
        return Written.NO_KEY
    if host.faults.denies_key(path):
        return Written.DENIED
    if subkeys:
        return Written.HAS_SUBKEYS
    host.registry.delete_key(path)
    host.value_written()
    host.journal.note(Subject.REGISTRY_KEY, path, "present", None)
    return Written.DONE


def delete_tree(host: Machine, path: str) -> Written:
    """Delete a key with all below it, the lowest first; what is refused stays, with what is above it."""
    for name in host.registry.subkeys(path) or ():
        written = delete_tree(host, rf"{path}\{name}")
        if written is not Written.DONE:
            return written
    return delete_key(host, path)


def add_firewall_rule(host: Machine, rule: Rule) -> Written:
    """Let the firewall's service keep a rule, in force at once; the same one again makes a second."""
    name = host.firewall.new_name()
    create_key(host, LOCAL_RULES)
    written = set_value(host, LOCAL_RULES, name, RegistryValue.text(rule.text(host.firewall.version)), through_provider=False)
    host.firewall.heed(name)
    return written


def delete_firewall_rule(host: Machine, name: str) -> Written:
    """Let the firewall's service forget the rule that a value holds, at once."""
    written = delete_value(host, LOCAL_RULES, name)
    host.firewall.heed(name)
    return written


def _denied(host: Machine, service: Service) -> bool:
    return service.spec.protected or host.faults.find("service_denied", service=service.spec.name) is not None


def _plain(value: RegistryValue | None) -> Plain:
    return None if value is None else value.plain()


def _note_state(host: Machine, service: Service, before: State) -> None:
    subject = Subject.DRIVER_STATE if service.spec.driver else Subject.SERVICE_STATE
    host.journal.note(subject, service.spec.name, before.value, service.state.value)
