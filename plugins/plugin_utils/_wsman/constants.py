# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names and numbers of WS-Management, each with the section that defines it. Values only.

"WSMV" is MS-WSMV, "0226" is DMTF DSP0226, "win32" the Windows SDK documentation. The simulated host
has names of its own, written apart from these.
"""

from __future__ import annotations

# Namespaces (WSMV 2.2.1).
SOAP = "http://www.w3.org/2003/05/soap-envelope"
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
ENUMERATION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration"
WSMAN = "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"
WSMV = "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd"
SHELL = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell"
# XML Schema, Part 1, 2.6: xsi:nil and xsi:type.
XSI = "http://www.w3.org/2001/XMLSchema-instance"

# WS-Addressing 2004/08, 3.2: the answer comes back over the connection that asked.
ANONYMOUS = "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"

# Actions of WS-Transfer (0226 7) and WS-Enumeration (0226 8).
CREATE_ACTION = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Create"
DELETE_ACTION = "http://schemas.xmlsoap.org/ws/2004/09/transfer/Delete"
ENUMERATE_ACTION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Enumerate"
PULL_ACTION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Pull"
RELEASE_ACTION = "http://schemas.xmlsoap.org/ws/2004/09/enumeration/Release"

# Actions of the remote shell (WSMV 3.1.4.11, 3.1.4.14, 3.1.4.12).
COMMAND_ACTION = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Command"
RECEIVE_ACTION = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Receive"
SIGNAL_ACTION = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/Signal"

# Resource URIs: WMI namespaces and classes (WSMV 3.1.4.1.1), the command shell (WSMV 3.1.4.1.31), the
# configuration of the service (WSMV 3.1.4.1.29).
WMI_PREFIX = "http://schemas.microsoft.com/wbem/wsman/1/wmi/"
SHELL_RESOURCE = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
CONFIG_PREFIX = "http://schemas.microsoft.com/wbem/wsman/1/config/"

# Filter dialect (WSMV 3.1.4.1.13).
WQL_DIALECT = "http://schemas.microsoft.com/wbem/wsman/1/WQL"

# WSMV 2.2.4.36 <9>: MaxBatchItems is 32000 where KB968930 or later is installed; a server reduces more to its own.
MAX_ELEMENTS = 32000

# WSMV 2.2.4.10 <8>: MaxEnvelopeSizekb is 500 from Windows 8 on and 150 before; 3.1.4.1.7: more is reduced to it.
MAX_ENVELOPE_SIZE = 512000

# WSMV 2.2.5.4: CommandStateEnumeration.
COMMAND_DONE = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/CommandState/Done"

# WSMV 2.2.5.6: SignalCodeEnumeration.
SIGNAL_TERMINATE = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/signal/terminate"

# win32 WmiSdk, StdRegProv: hDefKey of HKEY_LOCAL_MACHINE, unsigned decimal.
HKEY_LOCAL_MACHINE = 2147483650

# Codes of WSManFault (WSMV 2.2.4.43; names and numbers in wsmerror.h).
WSMAN_DESTINATION_UNREACHABLE = 2150858752
WSMAN_ACTION_NOT_SUPPORTED = 2150858771
WSMAN_CANNOT_PROCESS_FILTER = 2150858778
WSMAN_INVALID_CONTEXT = 2150858779
WSMAN_TIMED_OUT = 2150858793
WSMAN_INVALID_SELECTORS = 2150858813
WSMAN_QUOTA_LIMIT = 2150858815
WSMAN_SCHEMA_VALIDATION = 2150858817
WSMAN_INSUFFICIENT_SELECTORS = 2150858842
WSMAN_UNEXPECTED_SELECTORS = 2150858843
WSMAN_KEYS_MISSING = 2150859002
WSMAN_QUOTA_SHELLS = 2150859173
WSMAN_QUOTA_OPERATIONS = 2150859174
WSMAN_QUOTA_USER = 2150859175
WSMAN_QUOTA_SYSTEM = 2150859176
WSMAN_QUOTA_SHELL_USERS = 2150859179
WSMAN_SHELLS_NOT_ALLOWED = 2150859180

# WBEM HRESULTs (MS-WMI 2.2.11).
WBEM_NOT_FOUND = 0x80041002
WBEM_ACCESS_DENIED = 0x80041003
WBEM_TYPE_MISMATCH = 0x80041005
WBEM_INVALID_PARAMETER = 0x80041008
WBEM_INVALID_NAMESPACE = 0x8004100E
WBEM_INVALID_CLASS = 0x80041010
WBEM_INVALID_QUERY = 0x80041017
WBEM_INVALID_METHOD = 0x8004102E
WBEM_SHUTTING_DOWN = 0x80041033
WBEM_PRIVILEGE_NOT_HELD = 0x80041062
WBEM_QUOTA_VIOLATION = 0x8004106C

# System error codes, bare and as an HRESULT (MS-ERREF 2.2 and 2.1).
ERROR_FILE_NOT_FOUND = 2
ERROR_ACCESS_DENIED = 5
ERROR_INVALID_PARAMETER = 87
ERROR_PRIVILEGE_NOT_HELD = 1314
E_ACCESSDENIED = 0x80070005

# DMTF DSP0200 5.4.3, CIM status codes, which MI_Result has taken over (Microsoft, MI_Result enumeration), as WMI's own codes.
CIM_STATUS = {
    2: WBEM_ACCESS_DENIED,
    3: WBEM_INVALID_NAMESPACE,
    4: WBEM_INVALID_PARAMETER,
    5: WBEM_INVALID_CLASS,
    6: WBEM_NOT_FOUND,
    12: WBEM_INVALID_QUERY,
    13: WBEM_TYPE_MISMATCH,
    14: WBEM_INVALID_QUERY,
    15: WBEM_INVALID_QUERY,
    16: WBEM_INVALID_METHOD,
    17: WBEM_INVALID_METHOD,
    21: WSMAN_INVALID_CONTEXT,
    27: WBEM_QUOTA_VIOLATION,
    28: WBEM_SHUTTING_DOWN,
}


def wmi_resource(namespace: str, class_name: str) -> str:
    """Return the resource URI of a WMI class; `*` for all classes, as WQL needs (WSMV 3.1.4.1.1)."""
    return f"{WMI_PREFIX}{namespace.replace(chr(92), '/').strip('/')}/{class_name}"
