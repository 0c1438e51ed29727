# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of Windows listeners and of what closes them, as YAML with a strict loader.

`recipes/`: one family of listeners a file, id = file name. `windows/`: one Windows version a file.
`never_stop.yml`: services that no option lets a plan touch. `protected.yml`: services that the SCM lets nobody change.
`per_user.yml`: templates of per-user services. `hazards.yml`: what closing breaks, how a host shows it, what becomes of a plan then.
`controls/`: the controls of published benchmarks that concern listeners (`settings.yml`: what they ask for; `benchmarks/`: one a file;
`cis.yml`: bare numbers of the CIS Benchmarks, which may be left out).
`rpc_interfaces.yml`: what RPC interfaces are called and whose they are. `rpc_filters.yml`: which of them nobody outside needs.
`never_filter.yml`: RPC interfaces whose calls no option lets a filter refuse.
`assumptions/`: what is taken for granted of a Windows, and how a host is looked at for it. `sources.yml`: what the entries cite.
Entries hold facts, never conclusions about one host.
"""

from __future__ import annotations

from .assumed import Assumption, Look, Use
from .benchmarks import Asked, Basis, Benchmark, Control, ControlEffect, Controls, ControlSetting, HostRole, Relation, Rule
from .hazards import Affects, Fact, Gate, Hazard, Kind, Probe, Query, Running
from .knowledge import Knowledge
from .loader import KnowledgeError, load, load_benchmarks
from .model import (
    Confidence,
    Example,
    ListenerPattern,
    Method,
    Never,
    NeverFilter,
    PerUser,
    Port,
    Protected,
    Range,
    Recipe,
    Residue,
    RpcInterface,
    RpcPreset,
    Silent,
    StartValue,
    Status,
    Takes,
    Value,
    ValueType,
    Version,
    When,
)

__all__ = [
    "Affects",
    "Asked",
    "Assumption",
    "Basis",
    "Benchmark",
    "Confidence",
    "Control",
    "ControlEffect",
    "ControlSetting",
    "Controls",
    "Example",
    "Fact",
    "Gate",
    "Hazard",
    "HostRole",
    "Kind",
    "Knowledge",
    "KnowledgeError",
    "ListenerPattern",
    "Look",
    "Method",
    "Never",
    "NeverFilter",
    "PerUser",
    "Port",
    "Probe",
    "Protected",
    "Query",
    "Range",
    "Recipe",
    "Relation",
    "Residue",
    "RpcInterface",
    "RpcPreset",
    "Rule",
    "Running",
    "Silent",
    "StartValue",
    "Status",
    "Takes",
    "Use",
    "Value",
    "ValueType",
    "Version",
    "When",
    "load",
    "load_benchmarks",
]
