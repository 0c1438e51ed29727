# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""SOAP faults as Windows sends them, in both forms of the Detail. Knows neither requests nor hosts.

Codes, subcodes, fault details and actions: MS-WSMV, the names and comments of the published list of WSMan errors (wsmerror.h), the
table in microsoft/omi, Unix/wsman/wsmanerrorhandling.c, and recorded answers. The texts are our own: a client must not read them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..seams import Problem, WmiError
from . import names
from .writing import element, escape


@dataclass(frozen=True, slots=True)
class Kind:
    """One condition: its number, its SOAP code and the text.

    `detail` is the last part of the WS-Management fault detail URI; `provider` names who failed, where a provider did; `action` is the
    fault's where the subcode does not say it.
    """

    code: int
    subcode: str
    text: str
    detail: str = ""
    provider: str = ""
    receiver: bool = False
    action: str = ""


WMI_PROVIDER = "WMI Provider"
SHELL_PROVIDER = "Shell provider"
_PATHS = {WMI_PROVIDER: r"%systemroot%\system32\WsmWmiPl.dll", SHELL_PROVIDER: r"%systemroot%\system32\WsmSvc.dll"}

ACCESS_DENIED = Kind(5, "w:AccessDenied", "Access is denied.")
INVALID_PARAMETER = Kind(87, "w:InvalidParameter", "The parameter is incorrect.", "InvalidValue", WMI_PROVIDER)
# A directory that is not there, and a process too many: the codes of CreateProcess in such a case (from memory).
BAD_DIRECTORY = Kind(267, "w:InternalError", "The directory name is invalid.", provider=SHELL_PROVIDER, receiver=True)
TOO_MANY_PROCESSES = Kind(1816, "w:InternalError", "Not enough quota to process this command.", provider=SHELL_PROVIDER, receiver=True)
# MS-WSMV 3.1.4.1.19 says w:InternalError and no code; this is what the table gives where it knows no other.
TOO_MANY_CONNECTIONS = Kind(1359, "w:InternalError", "The service is busy with other requests.", receiver=True)
NOT_FOUND = Kind(2150858752, "a:DestinationUnreachable", "No such resource.", "InvalidResourceURI", WMI_PROVIDER)
INVALID_HEADER = Kind(2150858767, "a:InvalidMessageInformationHeader", "A SOAP header of the request is not valid.")
MUST_UNDERSTAND = Kind(2150858768, "", "A SOAP header that must be understood is not known.")
HEADER_REQUIRED = Kind(2150858769, "a:MessageInformationHeaderRequired", "A SOAP header is missing.")
ACTION_NOT_SUPPORTED = Kind(2150858771, "a:ActionNotSupported", "The resource does not support this action.")
NO_SUCH_DIALECT = Kind(2150858777, "n:FilterDialectRequestedUnavailable", "The filter dialect is not supported.")
CANNOT_PROCESS_FILTER = Kind(2150858778, "n:CannotProcessFilter", "The filter could not be processed.", provider=WMI_PROVIDER)
INVALID_CONTEXT = Kind(2150858779, "n:InvalidEnumerationContext", "The enumeration is finished or unknown.", receiver=True)
TIMED_OUT = Kind(2150858793, "w:TimedOut", "The operation did not end within OperationTimeout.", receiver=True)
INVALID_URI = Kind(2150858811, "a:DestinationUnreachable", "The resource URI is missing or malformed.", "InvalidResourceURI")
QUOTA_LIMIT = Kind(2150858815, "w:QuotaLimit", "The service is busy with other requests.")
SCHEMA = Kind(2150858817, "w:SchemaValidationError", "The XML of the request does not match its schema.")
UNSUPPORTED = Kind(2150858818, "w:UnsupportedFeature", "The service does not support this feature.", "AddressingMode")
ENVELOPE_TOO_SMALL = Kind(2150858878, "w:EncodingLimit", "MaxEnvelopeSize is too small.", "MinimumEnvelopeLimit")
RESPONSE_TOO_LARGE = Kind(2150858824, "w:EncodingLimit", "The response is larger than MaxEnvelopeSize.", "MaxEnvelopeSizeExceeded")
INVALID_TIMEOUT = Kind(
    2150858881, "a:InvalidMessageInformationHeader", "OperationTimeout is not valid.", "InvalidTimeout", action=names.WSMAN_FAULT_ACTION
)
INSUFFICIENT_SELECTORS = Kind(2150858842, "w:InvalidSelectors", "A selector is missing.", "InsufficientSelectors")
UNEXPECTED_SELECTORS = Kind(
    2150858843, "w:InvalidSelectors", "The request contains invalid selectors for the resource.", "UnexpectedSelectors", WMI_PROVIDER
)
UNKNOWN_SHELL = Kind(
    2150858843, "w:InvalidSelectors", "The request contains invalid selectors for the resource.", "UnexpectedSelectors", SHELL_PROVIDER
)
ENUMERATION_MODE = Kind(2150858886, "w:UnsupportedFeature", "The enumeration mode is not supported.", "EnumerationMode")
LOCALE = Kind(2150858887, "w:UnsupportedFeature", "The locale can only be a hint.", "Locale")
KEYS_NEEDED = Kind(2150859002, "w:InvalidSelectors", "The class has keys.", "InsufficientSelectors", WMI_PROVIDER)
WQL_ON_CLASS = Kind(
    2150859003, "a:DestinationUnreachable", "A WQL filter needs a URI that ends in an asterisk.", "InvalidResourceURI", WMI_PROVIDER
)
SHELLS_PER_USER = Kind(2150859173, "w:QuotaLimit", "This user has too many shells.")
OPERATIONS_PER_USER = Kind(2150859174, "w:InternalError", "This user has too many concurrent operations.", receiver=True)
SHELL_USERS = Kind(2150859179, "w:QuotaLimit", "Too many users have shells.")
# MS-WSMV 2.2.4.42: AllowRemoteShellAccess false is answered with w:InternalError; the code is ERROR_WSMAN_REMOTESHELLS_NOT_ALLOWED.
SHELLS_FORBIDDEN = Kind(2150859180, "w:InternalError", "Remote shells are not allowed.", receiver=True)
PULL_DIFFERS = Kind(2150859181, "w:InvalidParameter", "The Pull differs from the Enumerate.")

# WBEM_E_FAILED; that a provider's failure is told so is from memory.
FAILED = Kind(2147749889, "w:InternalError", "The WMI provider failed.", provider=WMI_PROVIDER, receiver=True)

# Class, namespace and instance are one and the same fault on the wire when a URI names the class; a query has its own.
_BY_URI = {
    Problem.ACCESS_DENIED: ACCESS_DENIED,
    Problem.FAILED: FAILED,
    Problem.INVALID_CLASS: NOT_FOUND,
    Problem.INVALID_METHOD: ACTION_NOT_SUPPORTED,
    Problem.INVALID_NAMESPACE: NOT_FOUND,
    Problem.INVALID_PARAMETER: INVALID_PARAMETER,
    Problem.INVALID_QUERY: CANNOT_PROCESS_FILTER,
    Problem.MISSING_KEYS: KEYS_NEEDED,
    Problem.NOT_FOUND: NOT_FOUND,
    Problem.QUOTA: QUOTA_LIMIT,
    Problem.TIMED_OUT: TIMED_OUT,
    Problem.UNKNOWN_KEYS: UNEXPECTED_SELECTORS,
}
_BY_QUERY = {
    Problem.INVALID_CLASS: CANNOT_PROCESS_FILTER,
    Problem.INVALID_NAMESPACE: CANNOT_PROCESS_FILTER,
    Problem.NOT_FOUND: CANNOT_PROCESS_FILTER,
}


class SoapFault(Exception):
    """The answer to a request is this fault.

    Attributes:
        path: the WMI path of an instance that was asked for and is not there, or "".
    """

    def __init__(self, kind: Kind, detail: str = "", *, path: str = "") -> None:
        super().__init__(f"{kind.code} {kind.subcode}: {detail or kind.text}")
        self.kind = kind
        self.detail = detail
        self.path = path


def fault_of(error: WmiError, *, query: bool = False, instance: tuple[str, Mapping[str, str]] | None = None) -> SoapFault:
    """Return the fault that Windows sends for a WMI error, met in a WQL query or with the instance named."""
    kind = _as_seen(error) or (_BY_QUERY.get(error.problem) if query else None)
    path = ""
    if instance is not None and error.problem is Problem.NOT_FOUND:
        class_name, keys = instance
        path = f"{class_name}." + ",".join(f'{name}="{value}"' for name, value in keys.items())
    return SoapFault(kind or _BY_URI[error.problem], str(error), path=path)


def _as_seen(error: WmiError) -> Kind | None:
    """Return a fault by its numbers: the one that is known by them, or one that is none of these."""
    if error.code is None:
        return None
    known = [kind for kind in globals().values() if isinstance(kind, Kind)]
    whole = next((kind for kind in known if kind.code == error.code and kind.subcode.rpartition(":")[2] == error.subcode), None)
    spelled = next((kind.subcode for kind in known if kind.subcode.rpartition(":")[2] == error.subcode), f"w:{error.subcode}")
    return whole or Kind(error.code, spelled if error.subcode else "w:InternalError", "The host refused it.", provider=WMI_PROVIDER)


def fault_action(kind: Kind) -> str:
    """Return the action header of a fault's envelope."""
    if kind.action:
        return kind.action
    if kind.subcode.startswith("a:") or not kind.subcode:
        return names.ADDRESSING_FAULT
    if kind.subcode.startswith("n:"):
        return names.ENUMERATION_FAULT
    return names.WSMAN_FAULT_ACTION


def fault_body(fault: SoapFault, *, machine: str, cim_error: bool, wmi_provider: str = WMI_PROVIDER) -> str:
    """Return the `s:Fault` element; `machine` is the name by which the client called the host."""
    kind = fault.kind
    if not kind.subcode:
        code = element("s:Code", element("s:Value", "s:MustUnderstand"))
    else:
        party = "s:Receiver" if kind.receiver else "s:Sender"
        code = element("s:Code", element("s:Value", party), element("s:Subcode", element("s:Value", kind.subcode)))
    reason = element("s:Reason", f'<s:Text xml:lang="en-US">{escape(kind.text)} </s:Text>')
    detail = _cim_error(fault) if cim_error else _wsman_fault(fault, machine, wmi_provider)
    uri = element("w:FaultDetail", f"{names.FAULT_DETAIL}/{kind.detail}") if kind.detail else ""
    return element("s:Fault", code, reason, element("s:Detail", uri, detail))


def _wsman_fault(fault: SoapFault, machine: str, wmi_provider: str) -> str:
    kind = fault.kind
    attributes = f'xmlns:f="{names.WSMAN_FAULT}" Code="{kind.code}" Machine="{escape(machine)}"'
    text = escape(f"{fault.detail or kind.text} ")
    if not kind.provider:
        return f"<f:WSManFault {attributes}><f:Message>{text}</f:Message></f:WSManFault>"
    inner = f"<f:WSManFault {attributes}><f:Message>{text}</f:Message></f:WSManFault>"
    name = wmi_provider if kind.provider == WMI_PROVIDER else kind.provider
    provider = f'<f:ProviderFault provider="{name}" path="{_PATHS[kind.provider]}">{inner}{_extended(fault)}</f:ProviderFault>'
    return f"<f:WSManFault {attributes}><f:Message>{provider}</f:Message></f:WSManFault>"


def _extended(fault: SoapFault) -> str:
    """Return WMI's own status; recorded for an instance that is not there, unknown for the rest."""
    if not fault.path:
        return ""
    uri = f"{names.CIM_SCHEMA}/__ExtendedStatus"
    rows = (
        '<p:Description xsi:nil="true" xsi:type="cim:cimString"/>',
        '<p:Operation xsi:type="cim:cimString">GetObject</p:Operation>',
        f'<p:ParameterInfo xsi:type="cim:cimString">{escape(fault.path)}</p:ParameterInfo>',
        '<p:ProviderName xsi:type="cim:cimString">CIMWin32</p:ProviderName>',
        '<p:StatusCode xsi:nil="true" xsi:type="cim:cimUnsignedInt"/>',
    )
    status = (
        f'<p:__ExtendedStatus xmlns:xsi="{names.XSI}" xmlns:p="{uri}" xmlns:cim="{names.CIM}" '
        f'xsi:type="p:__ExtendedStatus_Type">{"".join(rows)}</p:__ExtendedStatus>'
    )
    return element("f:ExtendedError", status)


def _cim_error(fault: SoapFault) -> str:
    """Return the form of WinRM 3.0; element order, types and fixed numbers as recorded."""
    text = escape(f"{fault.detail or fault.kind.text} ")
    rows = (
        ("CIMStatusCode", "cimUnsignedInt", "27"),
        ("CIMStatusCodeDescription", "cimString", None),
        ("ErrorSource", "cimString", None),
        ("ErrorSourceFormat", "cimUnsignedShort", "0"),
        ("ErrorType", "cimUnsignedShort", "0"),
        ("Message", "cimString", text),
        ("MessageID", "cimString", f"HRESULT 0x{fault.kind.code:08x}"),
        ("OtherErrorSourceFormat", "cimString", None),
        ("OtherErrorType", "cimString", None),
        ("OwningEntity", "cimString", None),
        ("PerceivedSeverity", "cimUnsignedShort", "0"),
        ("ProbableCause", "cimUnsignedShort", "0"),
        ("ProbableCauseDescription", "cimString", None),
        ("error_Category", "cimUnsignedInt", "30"),
        ("error_Code", "cimUnsignedInt", str(fault.kind.code)),
        ("error_Type", "cimString", "HRESULT"),
        ("error_WindowsErrorMessage", "cimString", text),
    )
    inner = "".join(
        f'<p:{name} xsi:nil="true" xsi:type="cim:{kind}"/>' if value is None else f'<p:{name} xsi:type="cim:{kind}">{value}</p:{name}>'
        for name, kind, value in rows
    )
    return (
        f'<p:MSFT_WmiError b:IsCIM_Error="true" xmlns:b="{names.CIM_BINDING}" xmlns:cim="{names.CIM}" '
        f'xmlns:p="{names.CIM_SCHEMA}/MSFT_WmiError" xsi:type="p:MSFT_WmiError_Type" xmlns:xsi="{names.XSI}">{inner}</p:MSFT_WmiError>'
    )
