# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A service over a small computer, and the requests that take it through an enumeration or a shell."""

from __future__ import annotations

import base64
from xml.etree import ElementTree

from winsim.wire.profile import WINRM_2_ON_5X, Profile
from winsim.wire.service import Answer, WsmanService
from winsim.wire.shell import Caller
from winsim_tests.envelopes import CMD, MESSAGE_ID, RSP, SHELL, TRANSFER, WMI, A, S, W, request
from winsim_tests.fake import FakeComputer

ADMIN = Caller("Administrator", "127.0.0.1", "http://127.77.0.1:5985/wsman")
READER = Caller("Reader", "127.0.0.1", "http://127.77.0.1:5985/wsman")
SERVICES = f"{WMI}/Win32_Service"
STDREGPROV = "http://schemas.microsoft.com/wbem/wsman/1/wmi/root/default/StdRegProv"
CREATE = request(f"{TRANSFER}/Create", CMD, "<rsp:Shell><rsp:InputStreams>stdin</rsp:InputStreams></rsp:Shell>")


class Rig:
    """A service over a small computer, with a clock that a test moves."""

    def __init__(self, profile: Profile = WINRM_2_ON_5X, *, services: int = 3) -> None:
        self.now = 0.0
        self.computer = FakeComputer(services=services)
        self.service = WsmanService(self.computer, profile, lambda: self.now)

    def ask(self, content: bytes, caller: Caller = ADMIN) -> Answer:
        return self.service.answer(content, caller, machine="127.77.0.1")[1]

    def body(self, content: bytes, caller: Caller = ADMIN) -> ElementTree.Element:
        """Return the Body's one element of a good answer."""
        answer = self.ask(content, caller)
        assert (answer.status, answer.fault) == (200, None), answer.content
        envelope = ElementTree.fromstring(answer.content)
        assert envelope.findtext(f"{S}Header/{A}RelatesTo") == MESSAGE_ID
        found = envelope.find(f"{S}Body")
        assert found is not None
        return found[0]

    def fault(self, content: bytes, caller: Caller = ADMIN) -> int | None:
        """Return the code of the fault that answers."""
        answer = self.ask(content, caller)
        assert answer.status == 500
        return answer.fault


def opened(rig: Rig, **options: str) -> dict[str, str]:
    """Open a shell and return its selector."""
    listed = "".join(f'<w:Option Name="{name}">{value}</w:Option>' for name, value in options.items())
    create = request(f"{TRANSFER}/Create", CMD, "<rsp:Shell/>", extra=f"<w:OptionSet>{listed}</w:OptionSet>")
    found = ElementTree.fromstring(rig.ask(create if options else CREATE).content).find(f".//{W}Selector[@Name='ShellId']")
    assert found is not None
    return {"ShellId": found.text or ""}


def command_line(shell: dict[str, str], line: str, *arguments: str) -> bytes:
    """Return the request that starts a command."""
    words = "".join(f"<rsp:Arguments>{argument}</rsp:Arguments>" for argument in arguments)
    body = f"<rsp:CommandLine><rsp:Command>{line}</rsp:Command>{words}</rsp:CommandLine>"
    return request(f"{SHELL}/Command", CMD, body, selectors=shell)


def command(rig: Rig, shell: dict[str, str], line: str, *arguments: str) -> str:
    """Start a command and return its id."""
    return rig.body(command_line(shell, line, *arguments)).findtext(f"{RSP}CommandId") or ""


def received(rig: Rig, shell: dict[str, str], name: str) -> tuple[dict[str, bytes], ElementTree.Element]:
    """Return one Receive's streams, and its state."""
    body = f'<rsp:Receive><rsp:DesiredStream CommandId="{name}">stdout stderr</rsp:DesiredStream></rsp:Receive>'
    answer = rig.body(request(f"{SHELL}/Receive", CMD, body, selectors=shell))
    streams: dict[str, bytes] = {}
    for stream in answer.iterfind(f"{RSP}Stream"):
        which = stream.get("Name", "")
        streams[which] = streams.get(which, b"") + base64.b64decode(stream.text or "")
    state = answer.find(f"{RSP}CommandState")
    assert state is not None
    return streams, state


def signal(name: str, shell: dict[str, str]) -> bytes:
    body = f'<rsp:Signal CommandId="{name}"><rsp:Code>{SHELL}/signal/terminate</rsp:Code></rsp:Signal>'
    return request(f"{SHELL}/Signal", CMD, body, selectors=shell)
