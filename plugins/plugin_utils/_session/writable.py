# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The writing session: the verbs of `Writer`. Every write drops what was read; none is ever sent twice."""

from __future__ import annotations

from ansible_collections.netmin.windows.plugins.plugin_utils._core.clock import SYSTEM_CLOCK, Clock
from ansible_collections.netmin.windows.plugins.plugin_utils._core.command_line import quoted
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ConnectionLost, InvalidOption, MethodFailed, TimedOut
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import PORTS, SYSTEM_ROOT, FilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import CIMV2, CommandOutput, ServiceKind, StartMode, Where
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.constants import ERROR_FILE_NOT_FOUND, wmi_resource
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.messages import Invoke

from . import registry
from .fetching import hklm, on_value
from .returns import ADAPTER, SERVICE, SYSTEM
from .session import Session
from .transport import Transport

# win32 CIMWin32Prov, ChangeStartMode: the argument is Automatic where the property reads Auto.
_START_MODES = {
    StartMode.BOOT: "Boot",
    StartMode.SYSTEM: "System",
    StartMode.AUTO: "Automatic",
    StartMode.MANUAL: "Manual",
    StartMode.DISABLED: "Disabled",
}

# win32 CIMWin32Prov, StopService: 6 is "has not been started". 5 covers the states 0, 1 (stopped) and 2 (start
# pending), and, the control being refused there as well, a stop that is under way: the state tells them apart.
_NOT_RUNNING = 6
_CANNOT_ACCEPT = 5
# win32 CIMWin32Prov, StartService: 10 is "already running".
_ALREADY_RUNNING = 10
_STOPPING = frozenset({"Stopped", "Stop Pending"})
# win32 CIMWin32Prov, Win32_Service.Create: 16 is a process of its own; 0: nobody is told when it does not start.
_OWN_PROCESS, _IGNORE_ERRORS = 16, 0

# Microsoft, Netsh Commands for Windows Firewall with Advanced Security: since Windows Vista, and not translated.
ADVFIREWALL = ("advfirewall", "firewall")

# win32 CIMWin32Prov, Win32Shutdown: 2 reboot + 4 force.
_FORCED_REBOOT = 6


class WritableSession(Session):
    """Reading and writing access to one host; implements `Writer`.

    With `read_only` every verb that writes raises ReadOnlyViolation before anything is sent, but for what `below` allows.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        host: str,
        clock: Clock = SYSTEM_CLOCK,
        read_only: bool = False,
        connections: int = 1,
        below: str = "",
    ) -> None:
        super().__init__(transport, host=host, clock=clock, read_only=read_only, connections=connections, below=below)

    def set_value(self, key: str, name: str, value: RegistryValue) -> None:
        """Write a registry value; see `Writer.set_value`. The key is made only after the host says that it is absent."""
        request = registry.setter(key, name, value)
        what = on_value(request.method, key, name)
        code = ERROR_FILE_NOT_FOUND if self._keys.get(key.lower()) is False else self._write(request, what)
        if code == ERROR_FILE_NOT_FOUND:
            self.create_key(key)
            # Not a repetition: the first write was refused, as its answer said, or was not sent.
            code = self._write(request, what)
        self._expect(code == 0, code, SYSTEM, what)

    def delete_value(self, key: str, name: str) -> None:
        """Delete a registry value; see `Writer.delete_value`."""
        what = on_value("DeleteValue", key, name)
        code = self._write(registry.call("DeleteValue", key, ("sValueName", name)), what)
        self._expect(code == 0 or code in registry.ABSENT, code, SYSTEM, what)

    def delete_key(self, key: str) -> None:
        """Delete a registry key; see `Writer.delete_key`."""
        what = f"StdRegProv.DeleteKey on '{hklm(key)}'"
        code = self._write(registry.call("DeleteKey", key), what)
        self._expect(code == 0 or code in registry.ABSENT, code, SYSTEM, what)

    def set_empty_list_by_command(self, key: str, name: str) -> None:
        """Write an empty REG_MULTI_SZ with `reg add`; see `Writer.set_empty_list_by_command`."""
        arguments = ("add", quoted(hklm(key)), "/v", quoted(name), "/t", "REG_MULTI_SZ", "/d", '""', "/f")
        self._run("reg", arguments, f"reg add of '{hklm(key)}\\{name}'")

    def add_filter_rule(self, rule: FilterRule) -> None:
        """Add an inbound block rule; see `Writer.add_filter_rule`. The words are English in every Windows."""
        if not PORTS.fullmatch(rule.ports):
            raise InvalidOption(f"{rule.ports[:80]!a} is not a port of an inbound rule")
        said = [("protocol", rule.protocol), ("localport", rule.ports)]
        said += [("service", quoted(rule.service))] if rule.service else []
        said += [("program", _program(rule.program))] if rule.program else []
        words = ("dir=in", "action=block", *(f"{key}={value}" for key, value in said), "profile=any", "enable=yes")
        self._run("netsh", (*ADVFIREWALL, "add", "rule", f"name={quoted(rule.name)}", *words), f"netsh add rule '{rule.name}'")

    def remove_filter_rule(self, name: str, *, certain: bool) -> None:
        """Delete the rules of a name; see `Writer.remove_filter_rule`."""
        # netsh returns 1 where no rule matches, as for any other failure (from memory).
        allowed = (0,) if certain else (0, 1)
        arguments = (*ADVFIREWALL, "delete", "rule", f"name={quoted(name)}")
        self._run("netsh", arguments, f"netsh delete rule '{name}'", allowed)

    def stop(self, kind: ServiceKind, name: str) -> None:
        """Ask a service or driver to stop; see `Writer.stop`."""
        what = _on_service("StopService", kind, name)
        code = self._write(_service_call(kind, name, "StopService"), what)
        if code == _CANNOT_ACCEPT and self._state(kind, name) in _STOPPING:
            return
        self._expect(code in (0, _NOT_RUNNING), code, SERVICE, what)

    def start(self, kind: ServiceKind, name: str) -> None:
        """Ask a service or driver to start; see `Writer.start`."""
        what = _on_service("StartService", kind, name)
        code = self._write(_service_call(kind, name, "StartService"), what)
        self._expect(code in (0, _ALREADY_RUNNING), code, SERVICE, what)

    def set_start_mode(self, kind: ServiceKind, name: str, mode: StartMode) -> None:
        """Change a start mode through the SCM; see `Writer.set_start_mode`."""
        what = _on_service("ChangeStartMode", kind, name)
        code = self._write(_service_call(kind, name, "ChangeStartMode", ("StartMode", _START_MODES[mode])), what)
        self._expect(code == 0, code, SERVICE, what)

    def set_netbios(self, index: int, option: int) -> bool:
        """Set NetBIOS over TCP/IP on an adapter; see `Writer.set_netbios`."""
        what = f"Win32_NetworkAdapterConfiguration.SetTcpipNetbios on adapter {index}"
        request = Invoke(
            resource=wmi_resource(CIMV2, "Win32_NetworkAdapterConfiguration"),
            method="SetTcpipNetbios",
            arguments=(("TcpipNetbiosOptions", option),),
            selectors=(("Index", str(index)),),
        )
        code = self._write(request, what)
        # win32 CIMWin32Prov, SetTcpipNetbios: 1 is success that a boot completes.
        self._expect(code in (0, 1), code, ADAPTER, what)
        return code == 1

    def create_key(self, key: str) -> None:
        """Make a registry key; see `Writer.create_key`."""
        what = f"StdRegProv.CreateKey on '{hklm(key)}'"
        code = self._write(registry.call("CreateKey", key), what)
        self._expect(code == 0, code, SYSTEM, what)

    def run_line(self, line: str) -> CommandOutput:
        """Run a whole command line; see `Writer.run_line`."""
        try:
            return self._shell.run(line)
        finally:
            self.forget()

    def create_service(self, name: str, command: str) -> None:
        """Make a service; see `Writer.create_service`. Null for the account is LocalSystem."""
        arguments = (
            ("Name", name),
            ("DisplayName", name),
            ("PathName", command),
            ("ServiceType", _OWN_PROCESS),
            ("ErrorControl", _IGNORE_ERRORS),
            ("StartMode", _START_MODES[StartMode.AUTO]),
            ("DesktopInteract", False),
            ("StartName", None),
            ("StartPassword", None),
            ("LoadOrderGroup", None),
        )
        what = f"Win32_Service.Create on '{name}'"
        code = self._write(Invoke(resource=wmi_resource(CIMV2, "Win32_Service"), method="Create", arguments=arguments), what)
        self._expect(code == 0, code, SERVICE, what)

    def start_detaching(self, name: str) -> int:
        """Ask a service to start that cannot become running; see `Writer.start_detaching`."""
        return self._write(_service_call(ServiceKind.SERVICE, name, "StartService"), _on_service("StartService", ServiceKind.SERVICE, name))

    def reboot(self) -> None:
        """Ask for a forced restart; see `Writer.reboot`."""
        what = "Win32_OperatingSystem.Win32Shutdown"
        # The instance is a singleton and takes no selector; Reserved is ignored, but has no default over the wire.
        request = Invoke(
            resource=wmi_resource(CIMV2, "Win32_OperatingSystem"),
            method="Win32Shutdown",
            arguments=(("Flags", _FORCED_REBOOT), ("Reserved", 0)),
        )
        try:
            code = self._write(request, what)
        except (ConnectionLost, TimedOut):
            # win32 CIMWin32Prov, Win32Shutdown: with force WMI goes down at once and may not answer.
            code = 0
        self._expect(code == 0, code, SYSTEM, what)
        self._shell.forget()
        self._conversation.reset()

    def _write(self, request: Invoke, what: str) -> int:
        """Send a write and return what the method returned; drop what was read, whatever happens."""
        try:
            return self._returned(self._conversation.ask(request, what), what)
        finally:
            self.forget()

    def _run(self, command: str, arguments: tuple[str, ...], what: str, allowed: tuple[int, ...] = (0,)) -> None:
        """Run a command that writes; drop what was read, whatever happens."""
        try:
            output = self._shell.run(command, *arguments)
        finally:
            self.forget()
        if output.exit_code not in allowed:
            message = f"{what} at {self.host}: the command failed with exit code {output.exit_code}"
            raise MethodFailed(message, host=self.host, return_value=output.exit_code & 0xFFFFFFFF)

    def _state(self, kind: ServiceKind, name: str) -> str | None:
        rows = self.query(kind.value, ("State",), where=Where("Name", (name,)))
        return rows[0].text("State") if rows else None


def _service_call(kind: ServiceKind, name: str, method: str, *arguments: tuple[str, str]) -> Invoke:
    return Invoke(resource=wmi_resource(CIMV2, kind.value), method=method, arguments=arguments, selectors=(("Name", name),))


def _on_service(method: str, kind: ServiceKind, name: str) -> str:
    return f"{kind.value}.{method} on '{name}'"


def _program(path: str) -> str:
    """Return the path of a program in quotes; cmd.exe expands the one variable that it may begin with."""
    if path.startswith(SYSTEM_ROOT):
        quoted(path[len(SYSTEM_ROOT) :])
        return f'"{path}"'
    return quoted(path)
