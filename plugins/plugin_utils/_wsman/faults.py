# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults to errors: by code, then by subcode, never by text, which is in the host's language.

Sources of the codes: `constants`. A host may carry several codes in one fault, the general one outside;
the first that is known here decides.
"""

from __future__ import annotations

from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt

from . import constants as names
from .messages import SoapFault

_ADMINISTRATOR = "access denied; use an account that is an administrator there"
_NOT_THERE = "the class, namespace or instance does not exist"

_BY_CODE: dict[int, tuple[type[errors.Fault], str]] = {
    names.ERROR_ACCESS_DENIED: (errors.AccessDenied, _ADMINISTRATOR),
    names.E_ACCESSDENIED: (errors.AccessDenied, _ADMINISTRATOR),
    names.WBEM_ACCESS_DENIED: (errors.AccessDenied, _ADMINISTRATOR),
    names.ERROR_PRIVILEGE_NOT_HELD: (errors.AccessDenied, "the account lacks a privilege for this"),
    names.WBEM_PRIVILEGE_NOT_HELD: (errors.AccessDenied, "the account lacks a privilege for this"),
    names.WSMAN_SHELLS_NOT_ALLOWED: (errors.AccessDenied, "a policy forbids remote shells there (AllowRemoteShellAccess)"),
    names.WSMAN_DESTINATION_UNREACHABLE: (errors.ClassMissing, _NOT_THERE),
    names.WSMAN_CANNOT_PROCESS_FILTER: (errors.ClassMissing, "the class or namespace does not exist, or WMI refuses the query"),
    names.WBEM_NOT_FOUND: (errors.ClassMissing, _NOT_THERE),
    names.WBEM_INVALID_NAMESPACE: (errors.ClassMissing, "the namespace does not exist"),
    names.WBEM_INVALID_CLASS: (errors.ClassMissing, "the class does not exist"),
    names.WBEM_INVALID_QUERY: (errors.ClassMissing, "WMI refuses the query"),
    names.WSMAN_QUOTA_LIMIT: (errors.QuotaExceeded, "a WinRM quota is used up; try again later"),
    names.WSMAN_QUOTA_SHELLS: (errors.QuotaExceeded, "the user has too many shells open; close some or raise MaxShellsPerUser"),
    names.WSMAN_QUOTA_OPERATIONS: (errors.QuotaExceeded, "the user has too many operations open; try again later"),
    names.WSMAN_QUOTA_USER: (errors.QuotaExceeded, "the user sent too many requests; try again later"),
    names.WSMAN_QUOTA_SYSTEM: (errors.QuotaExceeded, "the host got too many requests; try again later"),
    names.WSMAN_QUOTA_SHELL_USERS: (errors.QuotaExceeded, "too many users have shells open; try again later"),
    names.WBEM_QUOTA_VIOLATION: (errors.QuotaExceeded, "a WMI quota is used up; try again later"),
    names.WSMAN_TIMED_OUT: (errors.TimedOut, "not finished within the operation timeout"),
    names.ERROR_INVALID_PARAMETER: (errors.Fault, "a parameter is invalid"),
    names.WSMAN_INVALID_CONTEXT: (errors.Fault, "the host has given up the enumeration"),
    names.WSMAN_INVALID_SELECTORS: (errors.Fault, "the key does not match the class"),
    names.WSMAN_UNEXPECTED_SELECTORS: (errors.Fault, "the object of the request does not exist, or its key does not match the class"),
    names.WSMAN_INSUFFICIENT_SELECTORS: (errors.Fault, "a key is missing"),
    names.WSMAN_KEYS_MISSING: (errors.Fault, "a key is missing"),
    names.WSMAN_ACTION_NOT_SUPPORTED: (errors.Fault, "the class has no such method"),
    names.WSMAN_SCHEMA_VALIDATION: (errors.Fault, "the host does not accept the form of the request"),
    names.WBEM_TYPE_MISMATCH: (errors.Fault, "the type does not match"),
    names.WBEM_INVALID_PARAMETER: (errors.Fault, "a parameter is invalid"),
    names.WBEM_INVALID_METHOD: (errors.Fault, "the class has no such method"),
    names.WBEM_SHUTTING_DOWN: (errors.Fault, "the host is shutting down"),
}

# 0226 14.6: for faults without a code that is known (WinRM 3.0 sometimes gives the subcode alone).
_BY_SUBCODE: dict[str, tuple[type[errors.Fault], str]] = {
    "AccessDenied": (errors.AccessDenied, _ADMINISTRATOR),
    "CannotProcessFilter": _BY_CODE[names.WSMAN_CANNOT_PROCESS_FILTER],
    "DestinationUnreachable": _BY_CODE[names.WSMAN_DESTINATION_UNREACHABLE],
    "QuotaLimit": _BY_CODE[names.WSMAN_QUOTA_LIMIT],
    "TimedOut": _BY_CODE[names.WSMAN_TIMED_OUT],
}


# The same code of a request to a shell (recorded: pypsrp, a deleted shell; WSMV 3.1.4.10 to 3.1.4.14: ShellId and CommandId).
_SHELL_GONE = "the command shell, or the command in it, is gone"


def error_of(fault: SoapFault, *, what: str, host: str, in_shell: bool = False) -> errors.Fault:
    """Return the error for a fault.

    Args:
        what: names class, method and key.
        in_shell: the request was about a command shell or a command in it.
    """
    code = next((code for code in fault.codes if code in _BY_CODE), fault.codes[0] if fault.codes else None)
    known = _BY_CODE.get(code) if code is not None else None
    kind, words = known or _BY_SUBCODE.get(fault.subcode) or (errors.Fault, _own_words(fault))
    if code == names.WSMAN_UNEXPECTED_SELECTORS:
        words = f"{_SHELL_GONE if in_shell else words}{_said(fault)}"
    number = f" (0x{code:X})" if code is not None else ""
    return kind(f"{what} at {host}: {words}{number}", host=host, code=code, subcode=fault.subcode)


def _own_words(fault: SoapFault) -> str:
    return f"the host answered with the fault {excerpt(fault.subcode, 60) or 'without a name'}{_said(fault)}"


def _said(fault: SoapFault) -> str:
    """Quote the host's own text, which is in its language."""
    text = excerpt(fault.text)
    return f', saying "{text}"' if text else ""
