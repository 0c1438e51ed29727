# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write `docs/knowledge.md` from the entries: for each Windows which listeners there are, what closes them, what stays and why.

`python -m ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.document` writes the page; with `--check` it only
says whether it is current, by its exit status.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import Windows

from .checks import newest
from .hazards import Hazard, Probe
from .knowledge import Knowledge
from .loader import load
from .model import ListenerPattern, Method, Port, Range, Recipe, Status, Takes, Version

PAGE = Path(__file__).parents[3] / "docs" / "knowledge.md"
USABLE = (Status.WORKS, Status.PARTIAL)
HEAD = """# What is known

Made from the entries in `plugins/plugin_utils/_knowledge/` by its `document.py`; change those instead. For each Windows, as of
its newest build: which listeners there can be, who owns them, what `minimize` does about them, and what stays and why.

- The first table of a Windows is the plan of a default install, which is carried out whether or not a listener is open at the
  moment, and what that plan leaves. The second table is what roles, features and settings can add; it is acted upon where its
  listener is found.
- What is done: the method, in brackets its stage, its status on that Windows where that is not *works*, and how well that is
  founded (documented, observed, or from memory). *accept x*: used only where `accept` lists the hazard x. *unverified* methods
  are used only with `unverified: apply`.
- When: what closes *now* is gone once the plan has been carried out. An RPC server's dynamic port closes *with its process*, which
  is at the next boot where other services share it.
"""
TABLE = ("| listener | owner | recipe | what is done | when | otherwise |", "| --- | --- | --- | --- | --- | --- |")
NOTHING = "Nothing stays but WinRM's own listener."
NOW, BOOT, PROCESS = "now", "at the next boot", "with its process"
# Methods that belong to the code of their stages: when their listeners close (the recipes' examples say the same).
CODED = {"dcom_protocols": BOOT, "max_cached_sockets": BOOT, "netbios_options": NOW, "netbt_driver": NOW, "smb_device_enabled": BOOT}


def page(knowledge: Knowledge) -> str:
    """Return the whole page."""
    versions = sorted(knowledge.versions.values(), key=lambda version: (version.nt, version.builds[0], version.id))
    titles = [*(version.name for version in versions), "Recipes", "Hazards", "Sources"]
    links = [f"- [{title}](#{title.lower().replace(' ', '-').replace('.', '')})" for title in titles]
    parts = [
        HEAD,
        "\n".join(links),
        *(section(version, knowledge) for version in versions),
        _recipes(knowledge),
        _hazards(knowledge),
        _sources(knowledge),
    ]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def section(version: Version, knowledge: Knowledge) -> str:
    """Return what is known of one Windows."""
    windows = newest(version)[0]
    first, last = version.dynamic_ports
    usual = {*version.minimize, *(item.recipe for item in version.residue)}
    present = list(_present(knowledge, windows, usual))
    lines = [
        f"## {version.name}",
        "",
        f"Kernel {version.nt}, builds {', '.join(map(str, version.builds))}; dynamic ports {first} to {last}.",
    ]
    for title, wanted in (("A default install:", True), ("What else there can be:", False)):
        rows = [_row(recipe, patterns, windows, knowledge) for recipe, patterns in present if (recipe.id in usual) is wanted]
        lines += ["", title, "", *TABLE, *rows]
    left = [f"- `{item.listener}` of {' or '.join(item.owners)} ([{item.recipe}](#{item.recipe}))" for item in version.residue]
    lines += ["", "What the plan of a default install leaves:", "", *left] if left else ["", NOTHING]
    protected = [entry for entry in knowledge.protected if entry.windows.includes(windows)]
    if protected:
        said = ", ".join(f"{entry.name} (Start: {entry.start_value})" for entry in protected)
        lines += ["", f"The SCM lets nobody change these; what becomes of `Start` in the registry instead: {said}."]
    return "\n".join(lines)


def _present(knowledge: Knowledge, windows: Windows, usual: Collection[str]) -> Iterator[tuple[Recipe, list[ListenerPattern]]]:
    """Yield what can listen, and what the plan of a default install does for its own sake."""
    for recipe in knowledge.recipes.values():
        patterns = [pattern for pattern in recipe.listeners if pattern.windows.includes(windows)]
        if patterns or recipe.id in usual:
            yield recipe, patterns


def _row(recipe: Recipe, patterns: Sequence[ListenerPattern], windows: Windows, knowledge: Knowledge) -> str:
    named = [name for pattern in patterns for name in pattern.services]
    owners = named if all(pattern.services for pattern in patterns) else [*recipe.services, *recipe.drivers, *recipe.processes]
    methods = recipe.methods_on(windows)
    usable = [method for method in methods if (method.status in USABLE or method.end) and not method.by_option]
    # The first that may be used is used; the others are there for who asks for them.
    chosen = usable[0] if usable else None
    rest = [f"{method.id}: {method.status}, {method.because or 'where it is asked for'}" for method in methods if method is not chosen]
    cells = (
        _listeners(patterns),
        ", ".join(dict.fromkeys(owners)),
        f"[{recipe.id}](#{recipe.id})",
        _told(chosen) if chosen else "nothing",
        when(chosen, patterns, windows, knowledge) if chosen else "",
        "; ".join(part for part in ("" if chosen else recipe.stays, *rest, "" if chosen else recipe.instead) if part),
    )
    return f"| {' | '.join(cells)} |"


def _listeners(patterns: Sequence[ListenerPattern]) -> str:
    """Say the ports, one protocol after the other: `tcp/80 443 rpc-dynamic`."""
    ports: dict[str, dict[str, None]] = {}
    for pattern in patterns:
        ports.setdefault(str(pattern.protocol), {})[str(pattern.port)] = None
    return ", ".join(f"{protocol}/{' '.join(sorted(numbers, key=_rank))}" for protocol, numbers in ports.items()) or "none"


def _rank(port: str) -> tuple[bool, int]:
    return not port.isdecimal(), int(port) if port.isdecimal() else 0


def _told(method: Method) -> str:
    what = [method.id] if method.id in CODED else []
    what += [*(f"disable {name}" for name in method.services[:1]), *method.services[1:]]
    what += [" or ".join([f"{value.name}={_data(value.data)}", *map(str, value.also)]) for value in method.values]
    about = [method.stage, *([str(method.status)] if method.status is not Status.WORKS else []), str(method.confidence)]
    about += [f"accept {method.hazard}"] if method.hazard else []
    name = method.id if not what else ", ".join(what)
    return f"{name} ({', '.join(about)})" + (f": {method.because}" if method.because else "")


def when(method: Method, patterns: Sequence[ListenerPattern], windows: Windows, knowledge: Knowledge) -> str:
    """Say when listeners close once the method has been carried out; "" where it closes none."""
    if method.status is not Status.WORKS or not patterns:
        return ""
    if method.id in CODED:
        return CODED[method.id]
    if any(value.takes is Takes.BOOT for value in method.values):
        return BOOT
    if any(knowledge.protection(name, windows) for name in method.services):
        return BOOT
    dynamic = [pattern.port is Port.RPC for pattern in patterns if not pattern.services or set(pattern.services) & set(method.services)]
    if any(dynamic) and method.services:
        return PROCESS if all(dynamic) else f"{NOW}; RPC {PROCESS}"
    return NOW


def _data(data: object) -> str:
    return " ".join(map(str, data)) if isinstance(data, tuple) else str(data)


def _recipes(knowledge: Knowledge) -> str:
    lines = ["## Recipes"]
    for recipe in knowledge.recipes.values():
        sources = dict.fromkeys((*recipe.sources, *(source for method in recipe.methods for source in method.sources)))
        lines += ["", f"### {recipe.id}", "", f"{_sentence(recipe.purpose)} Breaks {recipe.breaks}."]
        lines += [_sentence(recipe.note)] if recipe.note else []
        lines += [f"Sources: {', '.join(sources)}."]
    return "\n".join(lines)


HAZARDS = """## Hazards

What closing breaks on a host that shows it, in the order in which a host is looked at. *never*: no option lifts it. *accept*: left out of
a plan, and refused where it is asked for by name, unless `accept` lists the id. *warn*: told. What is asked of a host costs requests only
where the plan has something that the hazard is about; what needs a service is asked where one of these runs.
"""


def _hazards(knowledge: Knowledge) -> str:
    return "\n".join([HAZARDS.rstrip("\n"), *(line for hazard in knowledge.hazards for line in _hazard(hazard))])


def _hazard(hazard: Hazard) -> list[str]:
    affects = hazard.affects
    about = [*affects.recipes, *affects.methods, *(f"service {name}" for name in affects.services), *map(str, affects.kinds)]
    lines = ["", f"### Hazard {hazard.id}", "", f"{_sentence(hazard.what)} Gate: {hazard.gate}."]
    lines += ["", f"About: {', '.join(about)}." + (f" Done all the same: {', '.join(hazard.allowed)}." if hazard.allowed else ""), ""]
    lines += [f"- {_probe(probe)}" for probe in hazard.detect]
    lines += [""] + [_sentence(text) for text in (hazard.mitigation, hazard.note) if text]
    return [*lines, f"Founded: {hazard.confidence}. Sources: {', '.join(hazard.sources)}."]


def _probe(probe: Probe) -> str:
    found = ""
    if probe.fact is not None:
        found = str(probe.fact)
    elif probe.services:
        found = f"services {', '.join(probe.services)}, {probe.state}"
    elif probe.value is not None:
        equals = f" is {' or '.join(map(str, probe.value.equals))}" if probe.value.equals else ""
        found = f"value `HKLM\\{probe.value.key}\\{probe.value.name}`{equals}"
    elif probe.key is not None:
        inside = " with values" if probe.key.values else "" if probe.key.subkeys is None else " with subkeys"
        but = f" other than {', '.join(probe.key.subkeys)}" if probe.key.subkeys else ""
        found = f"key `HKLM\\{probe.key.key}`{inside}{but}"
    elif probe.query is not None:
        query = probe.query
        judged = [f"{match.property} like {' or '.join(match.like)}" for match in query.match if match.like]
        judged += [f"{match.property} not like {' or '.join(match.not_like)}" for match in query.match if match.not_like]
        judged += [f"{query.where} is {' or '.join(map(str, query.values))}"] if query.where else []
        found = f"`{query.wmi_class}` in `{query.namespace}`" + (f" where {' and '.join(judged)}" if judged else "")
    more = [_span(probe.windows)] if _span(probe.windows) else []
    more += [f"where {' or '.join(probe.needs)} runs"] if probe.needs else []
    more += ["only to say more"] if probe.evidence else []
    return f"{probe.what}: {found}" + (f" ({'; '.join(more)})" if more else "")


def _span(windows: Range) -> str:
    words = [f"from {windows.since}"] if windows.since else []
    words += [f"to {windows.until}"] if windows.until else []
    return " ".join([*words, *([f"{windows.side}s"] if windows.side else [])])


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _sources(knowledge: Knowledge) -> str:
    return "\n".join(["## Sources", "", *(f"- {name}: {words}" for name, words in sorted(knowledge.sources.items()))])


def main(arguments: Sequence[str]) -> int:
    """Write the page, or with `--check` tell whether it is current."""
    made = page(load())
    if "--check" in arguments:
        current = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == made
        sys.stderr.write("" if current else f"{PAGE.name} is not current\n")
        return 0 if current else 1
    PAGE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
