# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The action that looks at a host from outside: it decides on the controller what may be looked at, and lets the module look.

The module is an ordinary one and runs where the task is delegated. Without `delegate_to` the controller is the place of the probe, and
the same code runs in this process.
"""

from __future__ import annotations

import getpass
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, ClassVar

from ansible_collections.netmin.windows.plugins.module_utils import probe
from ansible_collections.netmin.windows.plugins.module_utils.probe_ports import Asked, WrongPorts, asked_for, beyond, listed, scanned
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, NetminError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._run import outside

from .base import WindowsAction
from .opening import is_capture
from .screen import Screen

MODULE = "netmin.windows.probe_info"
NO_PYTHON = ("winrm", "psrp", "netmin.windows.capture")
CAPTURED = "this host is a capture, a file that cannot be looked at from outside"
NEEDED = ("protocol", "address", "port", "ports", "count", "dynamic")
FURTHER = "probe_addresses"
"""The variable of the inventory that names further addresses of a host."""


class NotProbed(NetminError):
    """The place of the probe could not look."""


class ProbeAction(WindowsAction):
    """Looks from outside, and holds what it found against what the host lists."""

    argument_spec: ClassVar[Mapping[str, Any]] = probe.ARGUMENTS
    touches_host = False
    task_vars: Mapping[str, Any] = {}

    def run(self, tmp: Any = None, task_vars: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Run the task with the variables of all hosts at hand."""
        self.task_vars = task_vars or {}
        return super().run(tmp, task_vars)

    def _named(self, task_vars: Mapping[str, Any]) -> str:
        """Return the host that is looked at: where the task is delegated, the probe alone is."""
        return str(self._task.args.get("host") or task_vars.get("inventory_hostname") or "the host")

    def completed(self, options: dict[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """Find the addresses that the inventory has, and refuse every other.

        Raises:
            InvalidOption: with a line for each problem.
        """
        host = self.host_name
        variables = _of_host(task_vars, host)
        known = _addresses(host, variables)
        wrong = [CAPTURED] if (variables or {}).get("ansible_connection") == NO_PYTHON[-1] else []
        if "host" in options and options["host"] and variables is None:
            wrong.append(f"'host' is {excerpt(host)}, and the inventory has no such host")
        if options.get("address"):
            strange = [name for name in options["address"] if name not in known]
            if strange:
                wrong.append(
                    f"'address' has {', '.join(map(excerpt, strange))}: only ansible_host and '{FURTHER}' of {excerpt(host)} "
                    f"in the inventory say what may be looked at ({', '.join(map(excerpt, known))})"
                )
        else:
            options["address"] = known
        if len(options["address"]) > probe.MOST_ADDRESSES:
            wrong.append(f"{len(options['address'])} addresses of one host are too many; {probe.MOST_ADDRESSES} are looked at")
        wrong += self._wrong_ports(options)
        wrong += _pace(options).wrong()
        if wrong:
            raise InvalidOption("\n".join(wrong))
        return options

    @staticmethod
    def _wrong_ports(options: Mapping[str, Any]) -> list[str]:
        try:
            asked = asked_for(options["ports"])
        except WrongPorts as error:
            return [str(error)]
        if not asked:
            return ["'ports' names none: write 'listed', or ports"]
        if beyond(asked) and not str(options.get("scan_permitted") or "").strip():
            return ["'ports' names more than the listed endpoints, which is a scan: name the ticket that permits it in 'scan_permitted'"]
        if not beyond(asked) and not options["endpoints"]:
            return [
                "'endpoints' is empty, so there is nothing to look at: give the listeners of listeners_info or the endpoints of a proof"
            ]
        return []

    def contradictions(self, options: Mapping[str, Any]) -> Sequence[str]:
        """Return nothing: no option of this module is about a plan."""
        return ()

    def work(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Say what is done, do it, and join both views."""
        self._refuse_places()
        asked = asked_for(options["ports"])
        told = self._told(options, asked)
        # Before the first packet: whoever runs an intrusion detection asks for this line.
        Screen(hidden=bool(self._task.no_log)).record(told)
        found = self._look(options)
        rows = options["endpoints"]
        joined = outside.join(rows, found["outside"], whole=bool(rows) and listed(rows).whole)
        contradicted = outside.contradicted(joined)
        counts = outside.counted(joined)
        result = {
            "changed": False,
            "host": self.host_name,
            "place": self._place(),
            "addresses": found["addresses"],
            "permitted": options.get("scan_permitted") or None,
            "told": told,
            "at": datetime.now(tz=UTC).isoformat(timespec="seconds"),
            "outside": found["outside"],
            "states": found["counts"],
            "endpoints": [{**asdict(item), "inside": str(item.inside)} for item in joined],
            "counts": counts,
            "contradicted": contradicted,
            "warnings": list(_warnings(found)),
            "msg": f"{self.host_name}: from outside {_summary(counts)}",
        }
        if options["strict"] and contradicted:
            return {**result, "failed": True, "msg": f"{self.host_name}: {'; '.join(contradicted[:10])}"}
        return result

    def _refuse_places(self) -> None:
        """Refuse a host that is nowhere, and a place from which nothing can be looked at."""
        if not self._task.delegate_to:
            if is_capture(self._connection):
                raise InvalidOption(CAPTURED)
            return
        transport = str(getattr(self._connection, "transport", "") or getattr(self._connection, "ansible_name", ""))
        if transport.removeprefix("ansible.builtin.").removeprefix("ansible.legacy.") in NO_PYTHON:
            raise InvalidOption("the place of the probe needs Python: delegate the task to localhost or to a host without Windows")

    def _place(self) -> str:
        return str(self._task.delegate_to or "localhost")

    def _told(self, options: Mapping[str, Any], asked: Sequence[Asked]) -> str:
        ticket = options.get("scan_permitted")
        families = listed(options["endpoints"]).ports if any(protocol == "listed" for protocol, _numbers in asked) else {}
        number = len({port for ports in families.values() for port in ports} | set(scanned(asked)))
        return (
            f"probe: {_user()} on {platform.node() or 'this controller'} looks at {excerpt(self.host_name)} "
            f"({', '.join(map(excerpt, options['address']))}) from {self._place()}: {number} ports, {options['rate']} a second, "
            f"UDP requests {', '.join(options['udp_requests']) or 'none'}, "
            f"{f'scan permitted by {excerpt(ticket)}' if ticket else 'listed endpoints only, which needs no ticket'}"
        )

    def _look(self, options: Mapping[str, Any]) -> Mapping[str, Any]:
        given = {name: options[name] for name in probe.ARGUMENTS if options.get(name) is not None}
        given["host"] = self.host_name
        # No more than what names ports: the place of the probe need not know who owns them.
        given["endpoints"] = [{name: row[name] for name in NEEDED if name in row} for row in options["endpoints"]]
        if not self._task.delegate_to:
            try:
                return probe.run(given)
            except probe.NotResolved as error:
                raise NotProbed(str(error)) from error
        done: Mapping[str, Any] = self._execute_module(module_name=MODULE, module_args=given, task_vars=dict(self.task_vars))
        if done.get("failed") or done.get("unreachable"):
            # A Python that is too old does not get as far as a message of ours.
            hint = "; it needs Python 3.9 or newer" if "module_stderr" in done or "exception" in done else ""
            raise NotProbed(f"{self._place()} could not look: {excerpt(done.get('msg', ''))}{hint}")
        return done


def _of_host(task_vars: Mapping[str, Any], host: str) -> Mapping[str, Any] | None:
    """Return the variables of a host of the inventory, or None where there is no such host."""
    hostvars = task_vars.get("hostvars") or {}
    if host in hostvars:
        found: Mapping[str, Any] = hostvars[host]
        return found
    return task_vars if host == task_vars.get("inventory_hostname") else None


def _addresses(host: str, variables: Mapping[str, Any] | None) -> list[str]:
    """Return what the inventory says of a host's addresses: how Ansible reaches it, and which further ones there are."""
    if variables is None:
        return []
    further = variables.get(FURTHER) or []
    further = [further] if isinstance(further, str) else list(further)
    return list(dict.fromkeys(str(name) for name in (variables.get("ansible_host") or host, *further)))


def _pace(options: Mapping[str, Any]) -> probe.Pace:
    return probe.Pace(*(options[name] for name in ("rate", "timeout", "retries", "limit")))


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have no name for its user
        return "somebody"


def _summary(counts: Mapping[str, int]) -> str:
    told = (f"{number} {kind.replace('_', ' ')}" for kind, number in counts.items() if number)
    return ", ".join(told) or "nothing was looked at"


def _warnings(found: Mapping[str, Any]) -> Sequence[str]:
    warnings = []
    for family in found["untested"]:
        name = {"ipv4": "IPv4", "ipv6": "IPv6"}[family]
        warnings.append(f"{name} endpoints are not tested from outside: name an {name} address of the host in '{FURTHER}' of the inventory")
    if found["left_out"]:
        warnings.append(f"{found['left_out']} listed ports are not tested from outside: they are too many")
    if found["unreadable"]:
        warnings.append(f"{found['unreadable']} entries of 'endpoints' are no endpoints, and were passed over")
    return warnings
