# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Answering requests: one host's WS-Management service, without any network.

Knows the seam and the other modules of this package; how requests arrive and who sent them is told to it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from ..seams import Client, Computer, Instance, WmiError
from . import names
from .cim import class_uri, fragment_element, input_arguments, instance_element, output_element
from .enumeration import Enumerations
from .faults import (
    ACCESS_DENIED,
    ACTION_NOT_SUPPORTED,
    ENUMERATION_MODE,
    NO_SUCH_DIALECT,
    NOT_FOUND,
    OPERATIONS_PER_USER,
    RESPONSE_TOO_LARGE,
    SCHEMA,
    SHELLS_PER_USER,
    WQL_ON_CLASS,
    SoapFault,
    fault_action,
    fault_body,
    fault_of,
)
from .listeners import find_listener, listener_element
from .profile import Profile
from .reading import Request, Unreadable, read_request
from .shell import Caller, Shells
from .writing import FAULT_PREFIXES, TRANSFER_PREFIXES, Reply, envelope

_W = f"{{{names.WSMAN}}}"
_N = f"{{{names.ENUMERATION}}}"

# What needs no more than the right to read (MS-WSMV 3.1.4.1.28); every other action is Execute or Write.
READING_ACTIONS = frozenset({names.GET, names.ENUMERATE, names.PULL, names.RELEASE})

# Recorded quota faults relate to no request; of WinRM 3.0's faults these alone were seen as MSFT_WmiError, others as WSManFault.
_UNRELATED = frozenset({SHELLS_PER_USER, OPERATIONS_PER_USER})


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: an HTTP status, the envelope, the fault's code where it is one, and a pause before it leaves."""

    status: int
    content: bytes
    fault: int | None = None
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class _WmiUri:
    """A WMI resource: namespace and class, the class `*` for queries."""

    namespace: str
    class_name: str


class WsmanService:
    """WS-Management of one host."""

    def __init__(self, computer: Computer, profile: Profile, clock: Callable[[], float]) -> None:
        self.profile = profile
        self._computer = computer
        self._enumerations = Enumerations(profile, clock, admit=self._admit)
        self._shells = Shells(computer, profile, clock, admit=self._admit)

    @property
    def open_operations(self) -> Mapping[str, int]:
        """Enumerations and shells that are open."""
        return {"enumerations": self._enumerations.count, "shells": self._shells.count}

    def forget(self) -> None:
        """Drop all enumerations and shells, as a boot does."""
        self._enumerations.clear()
        self._shells.clear()

    def answer(
        self, content: bytes, caller: Caller, *, machine: str, meet: Callable[[Request], object] | None = None
    ) -> tuple[Request | None, Answer]:
        """Answer one envelope; returns the request, too, where it could be read.

        Args:
            machine: the name by which the client called the host; faults repeat it.
            meet: called with a valid request before it is carried out; may raise a SoapFault to answer instead.
        """
        self._computer.visited((Client(caller.client, caller.port), *caller.others))
        try:
            request = read_request(content)
        except Unreadable as fault:
            partial = Request(fault.action, fault.resource, fault.message_id) if fault.action else None
            return partial, self._fault(fault, fault.message_id, machine)
        try:
            if meet is not None:
                meet(request)
            reply = self._dispatch(request, caller)
        except SoapFault as fault:
            return request, self._fault(fault, request.message_id, machine)
        answer = envelope(reply, request.message_id)
        if len(answer) > min(request.envelope_limit, self.profile.max_envelope):
            return request, self._fault(SoapFault(RESPONSE_TOO_LARGE), request.message_id, machine)
        return request, Answer(200, answer, pause=reply.pause)

    def _admit(self, account: str) -> None:
        """Refuse one operation more where an account has as many as it may: open enumerations, and commands of its shells."""
        counted = self._enumerations.operations(account) + self._shells.operations(account)
        if 0 < self.profile.max_operations <= counted:
            raise SoapFault(OPERATIONS_PER_USER, f"this user is allowed {self.profile.max_operations} concurrent operations")

    def _fault(self, fault: SoapFault, message_id: str, machine: str) -> Answer:
        related = "" if fault.kind in _UNRELATED else message_id
        cim_error = self.profile.cim_errors and fault.kind in _UNRELATED
        body = fault_body(fault, machine=machine, cim_error=cim_error, wmi_provider=self.profile.wmi_provider)
        reply = Reply(fault_action(fault.kind), body, FAULT_PREFIXES)
        return Answer(500, envelope(reply, related), fault.kind.code)

    def _dispatch(self, request: Request, caller: Caller) -> Reply:
        if request.action not in READING_ACTIONS and not self._computer.may_execute(caller.account):
            raise SoapFault(ACCESS_DENIED)
        if request.action == names.PULL:
            return self._pull(request, caller)
        if request.action == names.RELEASE:
            body = request.first(f"{_N}Release")
            return self._enumerations.release(caller.account, _context(body))
        if request.resource.lower().startswith(names.SHELL.lower()):
            return self._shell(request, caller)
        if request.resource.lower() == names.LISTENER_URI.lower():
            return self._listener(request, caller)
        return self._wmi(request, caller, _wmi_uri(request.resource))

    def _shell(self, request: Request, caller: Caller) -> Reply:
        if request.resource.lower() != names.CMD_URI.lower() and request.action == names.CREATE:
            raise SoapFault(NOT_FOUND, request.resource)
        return self._shells.answer(request, caller)

    def _listener(self, request: Request, caller: Caller) -> Reply:
        listeners = self._computer.winrm_listeners()
        if request.action == names.GET:
            return _got(listener_element(find_listener(listeners, request.selectors)))
        if request.action == names.ENUMERATE:
            if _filter(request.first(f"{_N}Enumerate")) is not None:
                raise SoapFault(NO_SUCH_DIALECT)
            return self._start(request, caller, [listener_element(listener) for listener in listeners])
        raise SoapFault(ACTION_NOT_SUPPORTED, request.action)

    def _wmi(self, request: Request, caller: Caller, uri: _WmiUri) -> Reply:
        if request.action == names.ENUMERATE:
            return self._enumerate(request, caller, uri)
        if uri.class_name == "*":
            raise SoapFault(ACTION_NOT_SUPPORTED, "only Enumerate knows an asterisk")
        if request.action == names.GET:
            return _got(instance_element(self._get(request, uri), uri.namespace))
        prefix, _slash, method = request.action.rpartition("/")
        if prefix.lower() != request.resource.lower() or not method:
            raise SoapFault(ACTION_NOT_SUPPORTED, request.action)
        return self._invoke(request, uri, method)

    def _get(self, request: Request, uri: _WmiUri) -> Instance:
        try:
            return self._computer.wmi.get(uri.namespace, uri.class_name, _keys(request))
        except WmiError as error:
            raise fault_of(error, instance=(uri.class_name, _keys(request))) from error

    def _invoke(self, request: Request, uri: _WmiUri, method: str) -> Reply:
        written = class_uri(uri.namespace, uri.class_name)
        wrapper = request.body[0] if request.body else ElementTree.Element("")
        if wrapper.tag.lower() != f"{{{written}}}{method}_INPUT".lower():
            raise SoapFault(SCHEMA, f"the body has no {method}_INPUT of this class")
        arguments = input_arguments(wrapper, written)
        try:
            values = self._computer.wmi.invoke(uri.namespace, uri.class_name, _keys(request), method, arguments)
        except WmiError as error:
            raise fault_of(error) from error
        body = output_element(method, values, uri.namespace, uri.class_name)
        return Reply(f"{request.action}Response", body, TRANSFER_PREFIXES)

    def _enumerate(self, request: Request, caller: Caller, uri: _WmiUri) -> Reply:
        body = request.first(f"{_N}Enumerate")
        mode = body.findtext(f"{_W}EnumerationMode")
        if mode is not None and mode.strip() != "EnumerateObject":
            raise SoapFault(ENUMERATION_MODE, mode)
        return self._start(request, caller, self._rows(uri, _filter(body)))

    def _rows(self, uri: _WmiUri, given: ElementTree.Element | None) -> list[str]:
        dialect = "" if given is None else given.get("Dialect", "")
        if given is not None and dialect == names.DIALECT_WQL:
            if uri.class_name != "*":
                raise SoapFault(WQL_ON_CLASS)
            return self._query(uri, (given.text or "").strip())
        if given is not None and dialect != names.DIALECT_SELECTORS:
            raise SoapFault(NO_SUCH_DIALECT, dialect)
        if uri.class_name == "*":
            raise SoapFault(SCHEMA, "an asterisk needs a WQL filter")
        try:
            instances = self._computer.wmi.enumerate(uri.namespace, uri.class_name)
        except WmiError as error:
            raise fault_of(error) from error
        wanted = {} if given is None else _selectors(given)
        return [instance_element(instance, uri.namespace) for instance in instances if _matches(instance, wanted)]

    def _query(self, uri: _WmiUri, wql: str) -> list[str]:
        try:
            result = self._computer.wmi.query(uri.namespace, wql)
        except WmiError as error:
            raise fault_of(error, query=True) from error
        if result.projection is None:
            return [instance_element(row, uri.namespace) for row in result.rows]
        return [fragment_element(row, result.projection, uri.namespace) for row in result.rows]

    def _start(self, request: Request, caller: Caller, rows: Sequence[str]) -> Reply:
        body = request.first(f"{_N}Enumerate")
        return self._enumerations.start(
            request.resource,
            caller.account,
            rows,
            optimise=body.find(f"{_W}OptimizeEnumeration") is not None,
            max_elements=_max_elements(body, _W),
            envelope_limit=request.envelope_limit,
        )

    def _pull(self, request: Request, caller: Caller) -> Reply:
        body = request.first(f"{_N}Pull")
        return self._enumerations.pull(
            request.resource,
            caller.account,
            _context(body),
            max_elements=_max_elements(body, _N),
            envelope_limit=request.envelope_limit,
        )


def _wmi_uri(resource: str) -> _WmiUri:
    """Return namespace and class of a WMI resource URI; URIs ignore case, and a query part is not taken."""
    if not resource.lower().startswith(names.WMI_PREFIX.lower()):
        raise SoapFault(NOT_FOUND, resource)
    namespace, _slash, class_name = resource[len(names.WMI_PREFIX) :].rpartition("/")
    if not namespace or not class_name or "?" in class_name:
        raise SoapFault(NOT_FOUND, resource)
    return _WmiUri(namespace, class_name)


def _keys(request: Request) -> dict[str, str]:
    """Return the selectors that are keys; __cimnamespace only repeats the URI's namespace (MS-WSMV, note 45)."""
    return {name: value for name, value in request.selectors.items() if name.lower() != "__cimnamespace"}


def _got(body: str) -> Reply:
    return Reply(f"{names.TRANSFER}/GetResponse", body, TRANSFER_PREFIXES)


def _context(body: ElementTree.Element) -> str:
    context = (body.findtext(f"{_N}EnumerationContext") or "").strip()
    if not context:
        raise SoapFault(SCHEMA, "no enumeration context")
    return context


def _max_elements(body: ElementTree.Element, namespace: str) -> int | None:
    """Return MaxElements: in the wsman namespace in an Enumerate, in the enumeration's own in a Pull."""
    text = (body.findtext(f"{namespace}MaxElements") or "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise SoapFault(SCHEMA, "MaxElements is no positive number")
    return int(text)


def _filter(body: ElementTree.Element) -> ElementTree.Element | None:
    """Return the filter; both namespaces mean the same (MS-WSMV 3.1.4.1.13)."""
    found = body.find(f"{_W}Filter")
    return body.find(f"{_N}Filter") if found is None else found


def _selectors(given: ElementTree.Element) -> dict[str, str]:
    items = given.iterfind(f"{_W}SelectorSet/{_W}Selector")
    return {item.get("Name", "").lower(): (item.text or "").lower() for item in items}


def _matches(instance: Instance, wanted: Mapping[str, str]) -> bool:
    texts = {name.lower(): str(value).lower() for name, value in instance.properties.items()}
    return all(texts.get(name) == value for name, value in wanted.items())
