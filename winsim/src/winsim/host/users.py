# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Per-user services: what a sign-in makes of the templates that the registry holds.

Source: Microsoft, "Per-user services in Windows": an instance is named after the LUID of the sign-in and is made with the start
mode that its template has at that moment; UserServiceFlags 0 keeps it from being made, from Windows 10 1709 on.
"""

from __future__ import annotations

from dataclasses import replace

from .model import SERVICES, MachineSpec, ServiceSpec, StartMode
from .registry import Registry

FLAGS_SINCE = 16299
"""The first build that looks at UserServiceFlags."""


def instances(spec: MachineSpec, registry: Registry, luid: str) -> tuple[ServiceSpec, ...]:
    """Return the instances that a sign-in makes now, by the templates' keys; none where nobody signs in."""
    if not spec.windows.signed_in:
        return ()
    made = [_instance(template, registry, luid) for template in spec.services if template.per_user and _wanted(spec, registry, template)]
    own = {instance.template.lower(): instance.name for instance in made}
    # One that depends on a template depends on the instance of the same sign-in (from memory).
    return tuple(replace(instance, depends=tuple(own.get(name.lower(), name) for name in instance.depends)) for instance in made)


def _wanted(spec: MachineSpec, registry: Registry, template: ServiceSpec) -> bool:
    key = rf"{SERVICES}\{template.name}"
    refused = spec.windows.build >= FLAGS_SINCE and registry.number(key, "UserServiceFlags") == 0
    return not refused and registry.number(key, "Start") in (StartMode.AUTO, StartMode.MANUAL, StartMode.DISABLED)


def _instance(template: ServiceSpec, registry: Registry, luid: str) -> ServiceSpec:
    key = rf"{SERVICES}\{template.name}"
    return replace(
        template,
        name=f"{template.name}_{luid}",
        display=f"{template.display}_{luid}",
        start=StartMode(registry.number(key, "Start") or 0),
        depends=(*(registry.texts(key, "DependOnService") or ()), *template.in_group),
        per_user=False,
        template=template.name,
    )
