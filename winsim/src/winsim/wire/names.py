# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names of WS-Management as Windows speaks it: namespaces, actions, resource URIs.

Written from MS-WSMV (section numbers beside the names) and independent of the client's list.
"""

from __future__ import annotations

from typing import Final

SOAP: Final = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING: Final = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
ENUMERATION: Final = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
TRANSFER: Final = "http://schemas.xmlsoap.org/ws/2004/09/transfer"
EVENTING: Final = "http://schemas.xmlsoap.org/ws/2004/08/eventing"
WSMAN: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
WSMV: Final = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
WSMAN_FAULT: Final = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
CIM: Final = "http://schemas.dmtf.org/wbem/wscim/1/common"
CIM_BINDING: Final = "http://schemas.dmtf.org/wbem/wsman/1/cimbinding.xsd"
CIM_SCHEMA: Final = "http://schemas.dmtf.org/wbem/wscim/1/cim-schema/2"
SHELL: Final = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
CONFIG: Final = "http://schemas.microsoft.com/wbem/wsman/1/config"
IDENTITY: Final = "http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd"
XSI: Final = "http://www.w3.org/2001/XMLSchema-instance"

ANONYMOUS: Final = f"{ADDRESSING}/role/anonymous"

# The fault actions seen in recorded answers; which one depends on the namespace of the subcode.
ADDRESSING_FAULT: Final = f"{ADDRESSING}/fault"
ENUMERATION_FAULT: Final = f"{ENUMERATION}/fault"
WSMAN_FAULT_ACTION: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
FAULT_DETAIL: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/faultDetail"

ENUMERATE: Final = f"{ENUMERATION}/Enumerate"
PULL: Final = f"{ENUMERATION}/Pull"
RELEASE: Final = f"{ENUMERATION}/Release"
GET: Final = f"{TRANSFER}/Get"
CREATE: Final = f"{TRANSFER}/Create"
DELETE: Final = f"{TRANSFER}/Delete"
COMMAND: Final = f"{SHELL}/Command"
RECEIVE: Final = f"{SHELL}/Receive"
SEND: Final = f"{SHELL}/Send"
SIGNAL: Final = f"{SHELL}/Signal"

# MS-WSMV 2.2.4.28: what the client may send to a command.
SIGNAL_TERMINATE: Final = f"{SHELL}/signal/terminate"
SIGNAL_CTRL_C: Final = f"{SHELL}/signal/ctrl_c"
SIGNAL_CTRL_BREAK: Final = f"{SHELL}/signal/ctrl_break"
STATE_DONE: Final = f"{SHELL}/CommandState/Done"

# MS-WSMV 3.1.4.1.1: class URIs; `*` instead of a class takes WQL.
WMI_PREFIX: Final = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
LISTENER_URI: Final = f"{CONFIG}/listener"
CMD_URI: Final = f"{SHELL}/cmd"

# MS-WSMV 3.1.4.1.13.
DIALECT_WQL: Final = "http://schemas.microsoft.com/wbem/wsman/1/WQL"
DIALECT_SELECTORS: Final = "http://schemas.dmtf.org/wbem/wsman/1/wsman/SelectorFilter"
