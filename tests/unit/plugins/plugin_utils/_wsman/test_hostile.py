# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answers made to fill memory, to reach files or to take for ever: refused with a reason, before the parser pays for them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import constants as names
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import messages
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.decode import MAX_BYTES, MAX_FAULT_TEXT, decode
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._wsman import hostile
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._wsman.xml import WSMAN_FAULT

ENUMERATE = messages.Enumerate(resource="any")
MOST_KB = 50 * 1024


@pytest.mark.parametrize("name", sorted(hostile.REFUSED))
def test_refused_with_a_reason(name: str) -> None:
    make, reason = hostile.REFUSED[name]
    with pytest.raises(ProtocolError, match=reason) as found:
        decode(make().encode(), ENUMERATE, message_id="uuid:M", host="web01")
    assert str(found.value).startswith("web01 sent")
    assert len(str(found.value)) < 300


@pytest.mark.parametrize("name", sorted(hostile.TAKEN))
def test_taken(name: str) -> None:
    data = hostile.TAKEN[name]().encode()
    assert len(data) <= MAX_BYTES
    found = decode(data, ENUMERATE, message_id="uuid:M", host="web01")
    assert isinstance(found, messages.Page)
    assert found.rows


@pytest.mark.parametrize("name", sorted({*hostile.REFUSED, *hostile.TAKEN}))
def test_memory(name: str) -> None:
    """In a process of its own: what the parser takes is seen by the system alone."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-m", hostile.__name__, name]
    ran = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=60)
    assert int(ran.stdout) < MOST_KB


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "cp037"])
def test_another_encoding_hides_nothing(encoding: str) -> None:
    data = f'<?xml version="1.0" encoding="{encoding}"?>'.encode("ascii" if encoding == "cp037" else encoding)
    with pytest.raises(ProtocolError):
        decode(data + hostile.bomb().encode(encoding), ENUMERATE, message_id="uuid:M", host="web01")


def test_an_answer_in_utf_8_with_a_mark() -> None:
    data = '\ufeff<?xml version="1.0" encoding="utf-8"?>' + hostile.page("<w:X><b>1</b></w:X>")
    found = decode(data.encode(), ENUMERATE, message_id="uuid:M", host="web01")
    assert isinstance(found, messages.Page)
    assert len(found.rows) == 1


def test_a_fault_says_little() -> None:
    value = (
        f"<s:Code><s:Subcode><s:Value>{'x' * 100_000}</s:Value></s:Subcode></s:Code><s:Reason><s:Text>{'y' * 100_000}</s:Text></s:Reason>"
    )
    data = f'<s:Envelope xmlns:s="{names.SOAP}"><s:Body><s:Fault>{value}</s:Fault></s:Body></s:Envelope>'
    found = decode(data.encode(), ENUMERATE, message_id="uuid:M", host="web01")
    assert isinstance(found, messages.SoapFault)
    assert (len(found.subcode), len(found.text)) == (MAX_FAULT_TEXT, MAX_FAULT_TEXT)


@pytest.mark.parametrize("code", ["9" * 5000, "²", "--5", "٣", "NaN", "1e9"])
def test_codes_that_are_no_numbers(code: str) -> None:
    fault = f'<f:WSManFault xmlns:f="{WSMAN_FAULT}" Code="{code}"/>'
    data = f'<s:Envelope xmlns:s="{names.SOAP}"><s:Body><s:Fault><s:Detail>{fault}</s:Detail></s:Fault></s:Body></s:Envelope>'
    found = decode(data.encode(), ENUMERATE, message_id="uuid:M", host="web01")
    assert isinstance(found, messages.SoapFault)
    assert found.codes == ()
