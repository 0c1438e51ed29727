# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A transport that answers from a script, and the answers that such a script is made of."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, fromstring
from xml.sax.saxutils import escape, quoteattr

from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol
from ansible_collections.netmin.windows.plugins.plugin_utils._core.filter import FilterRule
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import ServiceKind, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType, RegistryValue
from ansible_collections.netmin.windows.plugins.plugin_utils._session.session import Session
from ansible_collections.netmin.windows.plugins.plugin_utils._session.writable import WritableSession
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import constants as names
from ansible_collections.netmin.windows.tests.unit.fakes import FakeClock
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._wsman.xml import TRANSFER, WSMAN_FAULT

SOAP = f"{{{names.SOAP}}}"


@dataclass(frozen=True)
class Sent:
    """One request as it went out."""

    data: bytes

    @property
    def root(self) -> Element:
        return fromstring(self.data)

    @property
    def action(self) -> str:
        return self.root.findtext(f"{SOAP}Header/{{{names.ADDRESSING}}}Action", "")

    @property
    def verb(self) -> str:
        """The last part of the action: "Enumerate", "StopService"."""
        return self.action.rpartition("/")[2]

    @property
    def resource(self) -> str:
        return self.root.findtext(f"{SOAP}Header/{{{names.WSMAN}}}ResourceURI", "")

    @property
    def message_id(self) -> str:
        return self.root.findtext(f"{SOAP}Header/{{{names.ADDRESSING}}}MessageID", "")

    @property
    def selectors(self) -> dict[str, str]:
        return {element.get("Name", ""): element.text or "" for element in self.root.iter(f"{{{names.WSMAN}}}Selector")}

    @property
    def wql(self) -> str | None:
        return self.root.findtext(f".//{{{names.WSMAN}}}Filter")

    @property
    def arguments(self) -> list[tuple[str, str]]:
        """Parameters of a method, or the parts of a command line."""
        body = self.root.find(f"{SOAP}Body")
        assert body is not None
        return [(element.tag.rpartition("}")[2], element.text or "") for element in body[0]]


Answer = str | bytes | Exception


class ScriptedTransport:
    """Answers each request with the next entry of a script: a body, raw bytes, or an error to raise."""

    def __init__(self, *script: Answer) -> None:
        self.script: list[Answer] = list(script)
        self.sent: list[Sent] = []
        self.resets = self.closed = 0
        self.logins = 1

    endpoint = "http://web01:5985/wsman"
    operation_timeout = 20
    slow: bool | None = False

    @property
    def verbs(self) -> list[str]:
        return [request.verb for request in self.sent]

    def exchange(self, envelope: bytes) -> bytes:
        request = Sent(envelope)
        self.sent.append(request)
        answer = self.script.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, bytes) else soap(answer, request.message_id)

    def beside(self) -> ScriptedTransport:
        return self

    def abort(self) -> None:
        self.closed += 1

    def reset(self) -> None:
        self.resets += 1
        self.logins += 1

    def close(self) -> None:
        self.closed += 1


def soap(body: str, relates_to: str) -> bytes:
    """Return an answer as Windows writes it."""
    return (
        f'<s:Envelope xmlns:s="{names.SOAP}" xmlns:a="{names.ADDRESSING}" xmlns:n="{names.ENUMERATION}" xmlns:w="{names.WSMAN}" '
        f'xmlns:x="{TRANSFER}" xmlns:rsp="{names.SHELL}"><s:Header><a:RelatesTo>{relates_to}</a:RelatesTo></s:Header>'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def rows(*items: dict[str, str], context: str = "", pulled: bool = False, name: str = "C") -> str:
    """Return the body of a page; with a context more is to come."""
    kind, prefix = ("PullResponse", "n") if pulled else ("EnumerateResponse", "w")
    instances = "".join(f'<p:{name} xmlns:p="urn:c">{properties(item)}</p:{name}>' for item in items)
    end = "" if context else f"<{prefix}:EndOfSequence/>"
    return f"<n:{kind}><n:EnumerationContext>{context}</n:EnumerationContext><{prefix}:Items>{instances}</{prefix}:Items>{end}</n:{kind}>"


def properties(item: dict[str, str]) -> str:
    return "".join(f"<p:{key}>{escape(value)}</p:{key}>" for key, value in item.items())


def output(method: str, code: int | None = 0, **parameters: str | Sequence[str]) -> str:
    """Return the body of a method's answer; a sequence becomes a repeated element."""
    inner = "".join(
        f"<p:{name}>{escape(item)}</p:{name}>"
        for name, value in parameters.items()
        for item in ([value] if isinstance(value, str) else value)
    )
    returned = "" if code is None else f"<p:ReturnValue>{code}</p:ReturnValue>"
    return f'<p:{method}_OUTPUT xmlns:p="urn:c">{inner}{returned}</p:{method}_OUTPUT>'


def described(descriptor: str, code: int = 0) -> str:
    """Return the body of an answer with a security descriptor inside, whose properties are given."""
    inner = f'<p:Descriptor xmlns:d="urn:d">{descriptor}</p:Descriptor><p:ReturnValue>{code}</p:ReturnValue>'
    return f'<p:GetSecurityDescriptor_OUTPUT xmlns:p="urn:c">{inner}</p:GetSecurityDescriptor_OUTPUT>'


def fault(code: int, subcode: str = "w:InternalError") -> str:
    """Return the body of a fault of the older form."""
    return (
        f"<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>{subcode}</s:Value></s:Subcode></s:Code><s:Reason/>"
        f'<s:Detail><f:WSManFault xmlns:f="{WSMAN_FAULT}" Code="{code}" Machine=""/></s:Detail></s:Fault>'
    )


TIMED_OUT = fault(names.WSMAN_TIMED_OUT, "w:TimedOut")


def shell_created(shell_id: str = "S1") -> str:
    selectors = f'<w:SelectorSet><w:Selector Name="ShellId">{shell_id}</w:Selector></w:SelectorSet>'
    return f"<x:ResourceCreated><a:ReferenceParameters>{selectors}</a:ReferenceParameters></x:ResourceCreated>"


def command_started(command_id: str = "C1") -> str:
    return f"<rsp:CommandResponse><rsp:CommandId>{command_id}</rsp:CommandId></rsp:CommandResponse>"


def received(stdout: bytes = b"", *, stderr: bytes = b"", exit_code: int | None = None) -> str:
    """Return the body of a ReceiveResponse; with an exit code the command is done."""
    state = f"{names.SHELL}/CommandState/Running" if exit_code is None else names.COMMAND_DONE
    code = "" if exit_code is None else f"<rsp:ExitCode>{exit_code}</rsp:ExitCode>"
    written = (("stdout", stdout), ("stderr", stderr))
    streams = "".join(f'<rsp:Stream Name="{name}">{b64encode(text).decode()}</rsp:Stream>' for name, text in written)
    return f"<rsp:ReceiveResponse>{streams}<rsp:CommandState State={quoteattr(state)}>{code}</rsp:CommandState></rsp:ReceiveResponse>"


SIGNALLED = "<rsp:SignalResponse/>"

WRITES: dict[str, Any] = {
    "add_filter_rule": lambda session: session.add_filter_rule(FilterRule("n", Protocol.TCP, "135")),
    "create_key": lambda session: session.create_key("K"),
    "create_service": lambda session: session.create_service("s", "c"),
    "delete_key": lambda session: session.delete_key("K"),
    "delete_value": lambda session: session.delete_value("K", "v"),
    "reboot": lambda session: session.reboot(),
    "remove_filter_rule": lambda session: session.remove_filter_rule("n", certain=False),
    "run_line": lambda session: session.run_line("a & b"),
    "set_empty_list_by_command": lambda session: session.set_empty_list_by_command("K", "v"),
    "set_netbios": lambda session: session.set_netbios(7, 2),
    "set_start_mode": lambda session: session.set_start_mode(ServiceKind.SERVICE, "Spooler", StartMode.DISABLED),
    "set_value": lambda session: session.set_value("K", "v", RegistryValue.dword(1)),
    "start": lambda session: session.start(ServiceKind.SERVICE, "Spooler"),
    "start_detaching": lambda session: session.start_detaching("s"),
    "stop": lambda session: session.stop(ServiceKind.SERVICE, "Spooler"),
}
"""Every verb of Writer that is not one of Reader."""

READS: dict[str, Any] = {
    "command": lambda session: session.command("netstat", "-ano"),
    "grants": lambda session: session.grants("K"),
    "has_key": lambda session: session.has_key("K"),
    "open_shell": lambda session: session.open_shell(),
    "query": lambda session: session.query("C"),
    "subkeys": lambda session: session.subkeys("K"),
    "value": lambda session: session.value("K", "v", RegistryType.SZ),
    "value_types": lambda session: session.value_types("K"),
    "winrm_listeners": lambda session: session.winrm_listeners(),
}
"""Every verb of Reader."""


def writable(*script: Answer, read_only: bool = False) -> tuple[WritableSession, ScriptedTransport]:
    """Return a session and the transport that it talks through."""
    transport = ScriptedTransport(*script)
    return WritableSession(transport, host="web01", clock=FakeClock(), read_only=read_only), transport


def reading(*script: Answer, clock: FakeClock | None = None) -> tuple[Session, ScriptedTransport]:
    """Return a session that may only read, and the transport that it talks through."""
    transport = ScriptedTransport(*script)
    return Session(transport, host="web01", clock=clock or FakeClock()), transport


def lost() -> errors.ConnectionLost:
    """Return what a transport raises when an answer did not come."""
    return errors.ConnectionLost("web01:5985 did not answer", host="web01:5985")
