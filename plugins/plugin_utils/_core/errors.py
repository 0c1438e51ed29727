# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Everything that can go wrong, as one tree.

```text
NetminError
├── InvalidOption         the user's options contradict themselves or this Windows
├── NotFound              a named service, adapter or version does not exist; carries the nearest names
├── Refused               a gate: the hazards' ids and what would lift it
│   └── UnsafePlan        the management path or a service that must never stop; nothing lifts it
├── ReadOnlyViolation     a request that could change something, in check mode or an audit (a bug of ours)
├── DidNotHold            a write was answered 0 and the object is not as written
├── NotArmed              a timer on the host does not do what it is to do
│   └── TooLate           its time is over, or nearly: the host restores
├── NotKept               a file on the controller, the copy of the record or a capture, cannot be written
├── UnusableCapture       a file with a captured host is missing, damaged, of another host, or not to be believed
├── NotCaptured           a capture does not hold the answer to a read
└── HostError             talking to the host failed; message names host, what was tried, what to do
    ├── Unreachable       nothing came back: refused, timed out, name unknown
    │   ├── AuthenticationFailed
    │   ├── TlsFailed
    │   └── NotWinrm      something answers there, but no WS-Management
    ├── ConnectionLost    the request went out and its answer did not come: done or not is unknown
    ├── ProtocolError     an answer that is not a valid WS-Management message
    │   └── NotUnderstood a value in it does not have the type of its class (a ValueError as well)
    ├── MethodFailed      a WMI method returned non-zero
    └── Fault             a SOAP fault
        ├── AccessDenied
        ├── ClassMissing  class, namespace or instance is not there (the wire does not tell which)
        ├── QuotaExceeded
        └── TimedOut
```
"""

from __future__ import annotations

from .foreign import excerpt

# No sentence of ours comes near; what a host says in it may be of any length.
LONGEST_LINE = 2000


class NetminError(Exception):
    """Base of all errors that a user may see.

    A message may quote a host: each of its lines is made one printable line here, whoever raises it.
    """

    def __init__(self, *lines: str) -> None:
        super().__init__("\n".join(excerpt(line, LONGEST_LINE) for line in lines))


class InvalidOption(NetminError):
    """The options contradict themselves or cannot work on this Windows."""


class NotFound(NetminError):
    """A named object does not exist on the host."""


class Refused(NetminError):
    """What a gate stops.

    Attributes:
        hazards: the ids that `accept` must list; none where no option lifts the refusal.
    """

    def __init__(self, *lines: str, hazards: tuple[str, ...] = ()) -> None:
        super().__init__(*lines)
        self.hazards = hazards


class UnsafePlan(Refused):
    """A plan that would cut the management path; no option lifts that."""


class ReadOnlyViolation(NetminError):
    """A request outside the read-only table was about to be sent."""


class DidNotHold(NetminError):
    """A write was accepted and the object does not show it."""


class NotArmed(NetminError):
    """A timer on the host could not be armed, or did not end when it was told to."""


class TooLate(NotArmed):
    """The time of a timer is over, or so nearly that nothing is to be changed any more; the host restores."""


class NotKept(NetminError):
    """A file cannot be written on the controller: the copy of a run's record, or a capture."""


class UnusableCapture(NetminError):
    """A file with a captured host cannot be used."""


class NotCaptured(NetminError):
    """A capture does not hold the answer to a read."""


class HostError(NetminError):
    """Talking to the host failed.

    Attributes:
        host: the address that was tried.
    """

    def __init__(self, message: str, *, host: str) -> None:
        super().__init__(message)
        self.host = host


class Unreachable(HostError):
    """Nothing usable came back from the host."""


class AuthenticationFailed(Unreachable):
    """The host refused the credentials."""


class TlsFailed(Unreachable):
    """No TLS session could be agreed on."""


class NotWinrm(Unreachable):
    """Something answers there, but it does not speak WS-Management."""


class ConnectionLost(HostError):
    """A request went out and its answer did not come: whether it was done is unknown."""


class ProtocolError(HostError):
    """An answer is no valid WS-Management message."""


class NotUnderstood(ProtocolError, ValueError):
    """A value in an answer does not have the type that its class has; also a ValueError, for those who can do without the value."""


class MethodFailed(HostError):
    """A WMI method returned non-zero.

    Attributes:
        return_value: what the method returned, unsigned.
    """

    def __init__(self, message: str, *, host: str, return_value: int) -> None:
        super().__init__(message, host=host)
        self.return_value = return_value


class Fault(HostError):
    """The host answered with a SOAP fault.

    Attributes:
        code: the WS-Man, WMI or Win32 code, unsigned, or None where the fault carries none.
        subcode: the local part of the SOAP subcode ("InternalError"), or "".
    """

    def __init__(self, message: str, *, host: str, code: int | None, subcode: str) -> None:
        super().__init__(message, host=host)
        self.code = code
        self.subcode = subcode


class AccessDenied(Fault):
    """The account may not do this."""


class ClassMissing(Fault):
    """The class, namespace or instance is not there; the wire does not tell which."""


class QuotaExceeded(Fault):
    """A WinRM or WMI quota is used up."""


class TimedOut(Fault):
    """The host did not finish within OperationTimeout."""
