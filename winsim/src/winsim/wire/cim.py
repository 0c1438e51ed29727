# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""CIM values as WS-Management writes and reads them: instances, projections, parameters.

Knows the seam's values and XML, and no class.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from xml.etree import ElementTree

from ..seams import Embedded, Instance, Reference, Scalar, Value
from . import names
from .faults import SCHEMA, SoapFault
from .writing import element, escape

_NIL = f"{{{names.XSI}}}nil"


def instance_element(instance: Instance, namespace: str) -> str:
    """Return an instance as Get and Enumerate show it; the prefix p is bound to its own class."""
    name = instance.class_name
    uri = class_uri(namespace, name)
    rows = "".join(_property(f"p:{key}", value, instance.arrays, namespace, "cim:") for key, value in _sorted(instance.properties))
    return f'<p:{name} xmlns:xsi="{names.XSI}" xmlns:p="{uri}" xmlns:cim="{names.CIM}" xsi:type="p:{name}_Type">{rows}</p:{name}>'


def fragment_element(instance: Instance, projection: Iterable[str], namespace: str) -> str:
    """Return the columns that a query selected.

    No namespace, not even in a Datetime, and alphabetical whatever the order asked for (MS-WSMV, notes 58 and 59).
    """
    wanted = {name.lower() for name in projection}
    chosen = {key: value for key, value in instance.properties.items() if key.lower() in wanted}
    rows = "".join(_property(key, value, instance.arrays, namespace, "") for key, value in _sorted(chosen))
    return f'<w:XmlFragment xmlns:xsi="{names.XSI}" xmlns:w="{names.WSMAN}">{rows}</w:XmlFragment>'


def output_element(method: str, values: Mapping[str, Value], namespace: str, class_name: str) -> str:
    """Return a method's out parameters, in the order given."""
    uri = class_uri(namespace, class_name)
    rows = "".join(_property(f"p:{key}", value, frozenset(), namespace, "cim:") for key, value in values.items())
    return f'<p:{method}_OUTPUT xmlns:xsi="{names.XSI}" xmlns:p="{uri}" xmlns:cim="{names.CIM}">{rows}</p:{method}_OUTPUT>'


def input_arguments(wrapper: ElementTree.Element, uri: str) -> dict[str, list[str] | str | None]:
    """Return the parameters of an `_INPUT` element as text: a list where an element was repeated, None for nil.

    Raises:
        SoapFault: an element is not of the class's namespace, or carries elements itself.
    """
    found: dict[str, list[str] | str | None] = {}
    for item in wrapper:
        namespace, _brace, name = item.tag[1:].partition("}")
        if namespace.lower() != uri.lower():
            raise SoapFault(SCHEMA, f"the parameter {item.tag} is not of the class's namespace")
        if len(item):
            raise SoapFault(SCHEMA, f"the parameter {name} is no plain value")
        value = None if item.get(_NIL, "").strip() in {"true", "1"} else item.text or ""
        if name not in found:
            found[name] = value
            continue
        earlier = found[name]
        found[name] = [*(earlier if isinstance(earlier, list) else [earlier or ""]), value or ""]
    return found


def class_uri(namespace: str, class_name: str) -> str:
    """Return the URI of a class; namespaces are written with slashes."""
    return f"{names.WMI_PREFIX}{namespace}/{class_name}"


def _sorted(properties: Mapping[str, Value]) -> list[tuple[str, Value]]:
    return sorted(properties.items(), key=lambda item: item[0].lower())


def _property(tag: str, value: Value, arrays: frozenset[str], namespace: str, cim: str) -> str:
    """Return one property: a null scalar is nil, a null array is not there (recorded answers)."""
    if isinstance(value, list):
        return "".join(_scalar(tag, item, namespace, cim) for item in value)
    if value is None and tag.removeprefix("p:") in arrays:
        return ""
    return _scalar(tag, value, namespace, cim)


def _scalar(tag: str, value: Scalar, namespace: str, cim: str) -> str:
    if value is None:
        return f'<{tag} xsi:nil="true"/>'
    if isinstance(value, bool):
        return element(tag, "true" if value else "false")
    if isinstance(value, datetime):
        return element(tag, element(f"{cim}Datetime", datetime_text(value)))
    if isinstance(value, Reference):
        return _reference(tag, value, namespace)
    if isinstance(value, Embedded):
        return _embedded(tag, value, namespace, cim)
    return element(tag, escape(str(value)))


def _embedded(tag: str, value: Embedded, namespace: str, cim: str) -> str:
    """Return an instance inside a property: its class is named, and its own properties have a prefix of their own (from memory)."""
    prefix = f"{tag.partition(':')[0]}e"
    rows = "".join(_property(f"{prefix}:{name}", item, frozenset(), namespace, cim) for name, item in value.properties.items())
    return f'<{tag} xmlns:{prefix}="{class_uri(namespace, value.class_name)}" xsi:type="{prefix}:{value.class_name}_Type">{rows}</{tag}>'


def datetime_text(value: datetime) -> str:
    """Return a time as Windows writes it: in UTC, and the fraction as long as it needs to be."""
    moment = value.astimezone(UTC)
    fraction = f".{moment.microsecond:06d}".rstrip("0").rstrip(".")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def _reference(tag: str, value: Reference, namespace: str) -> str:
    """Return a REF: the parts of an endpoint reference directly inside the property (recorded answers)."""
    keys = sorted(value.keys.items(), key=lambda item: item[0].lower())
    selectors = "".join(f'<w:Selector Name="{escape(name)}">{escape(text)}</w:Selector>' for name, text in keys)
    parameters = element(
        "a:ReferenceParameters",
        element("w:ResourceURI", class_uri(namespace, value.class_name)),
        element("w:SelectorSet", selectors),
    )
    return f'<{tag} xmlns:a="{names.ADDRESSING}" xmlns:w="{names.WSMAN}">{element("a:Address", names.ANONYMOUS)}{parameters}</{tag}>'
