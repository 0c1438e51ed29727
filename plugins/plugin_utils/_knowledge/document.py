# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write `docs/knowledge.md` from the entries: for each Windows which listeners there are, what closes them, what stays and why.

`python -m ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.document` writes the page; with `--check` it only
says whether it is current, by its exit status.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import ProductType, Side, Windows

from .loader import load
from .model import Knowledge, ListenerPattern, Method, Recipe, Status, Takes, Version

PAGE = Path(__file__).parents[3] / "docs" / "knowledge.md"
USABLE = (Status.WORKS, Status.PARTIAL)
HEAD = """# What is known

Made from the entries in `plugins/plugin_utils/_knowledge/` by its `document.py`; change those instead. One table for each Windows,
as of its newest build: which listeners there can be, who owns them, what `minimize` does about them, and what stays and why.

- **bold** recipes belong to the plan of a default install and are carried out whether or not their listener is open at the
  moment; the others where their listener is found.
- *(accept: x)* means that the method is used only where `accept` lists the hazard x.
- *partial*, *unverified* and the other words are the method's status on that Windows; an unverified one is used only with
  `unverified: apply`.
- The letter behind a status says how well it is founded: d documented, o observed, m from memory.
"""
NOTHING = "Nothing is left of a default install but WinRM's own listener."
WHEN = {Takes.NOW: "at once", Takes.BOOT: "at the boot"}


def page(knowledge: Knowledge) -> str:
    """Return the whole page."""
    versions = sorted(knowledge.versions.values(), key=lambda version: (version.nt, version.builds[0], version.id))
    links = [f"- [{version.name}](#{version.name.lower().replace(' ', '-').replace('.', '')})" for version in versions]
    parts = [HEAD, "\n".join(links), *(section(version, knowledge) for version in versions), _recipes(knowledge), _sources(knowledge)]
    return "\n".join(part.rstrip("\n") + "\n" for part in parts)


def section(version: Version, knowledge: Knowledge) -> str:
    """Return what is known of one Windows."""
    windows = newest(version)
    first, last = version.dynamic_ports
    lines = [
        f"## {version.name}",
        "",
        f"Kernel {version.nt}, builds {', '.join(map(str, version.builds))}; dynamic ports {first} to {last}.",
        "",
        "| listener | owner | recipe | what is done | otherwise |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [_row(recipe, patterns, version, windows) for recipe, patterns in _present(knowledge, windows)]
    left = [f"- `{item.listener}` of {' or '.join(item.owners)} ([{item.recipe}](#{item.recipe}))" for item in version.residue]
    lines += ["", "Left of a default install:", "", *left] if left else ["", NOTHING]
    protected = [entry for entry in knowledge.protected if entry.windows.includes(windows)]
    if protected:
        said = ", ".join(f"{entry.name} (Start: {entry.start_value})" for entry in protected)
        lines += ["", f"The SCM lets nobody change: {said}."]
    return "\n".join(lines)


def newest(version: Version) -> Windows:
    """Return the newest build of a version, as a server where it was released as both."""
    product = ProductType.SERVER if Side.SERVER in version.products else ProductType.WORKSTATION
    return Windows(version.id, version.name, version.nt, version.builds[-1], product)


def _present(knowledge: Knowledge, windows: Windows) -> Iterator[tuple[Recipe, list[ListenerPattern]]]:
    for recipe in knowledge.recipes.values():
        patterns = [pattern for pattern in recipe.listeners if pattern.windows.includes(windows)]
        if patterns:
            yield recipe, patterns


def _row(recipe: Recipe, patterns: Sequence[ListenerPattern], version: Version, windows: Windows) -> str:
    listeners = ", ".join(dict.fromkeys(f"{pattern.protocol}/{pattern.port}" for pattern in patterns))
    named = [name for pattern in patterns for name in pattern.services]
    owners = named if all(pattern.services for pattern in patterns) else [*recipe.services, *recipe.drivers, *recipe.processes]
    name = f"[{recipe.id}](#{recipe.id})"
    methods = recipe.methods_on(windows)
    usable = [method for method in methods if method.status in USABLE and not method.by_option]
    # The first that may be used is used; the others are there for who asks for them.
    rest = [method for method in methods if method not in usable[:1]]
    done = _told(usable[0]) if usable else "nothing"
    otherwise = "; ".join(_told(method) for method in rest)
    stays = "" if usable else recipe.stays
    cells = (
        listeners,
        ", ".join(dict.fromkeys(owners)),
        f"**{name}**" if recipe.id in version.minimize else name,
        done,
        "; ".join(part for part in (stays, otherwise, recipe.instead if not usable else "") if part),
    )
    return f"| {' | '.join(cells)} |"


def _told(method: Method) -> str:
    what = [*method.services, *(f"{value.name}={_data(value.data)} ({WHEN[value.takes]})" for value in method.values)]
    status = f"{method.status} {str(method.confidence)[0]}"
    hazard = f" (accept: {method.hazard})" if method.hazard else ""
    subject = f"{method.stage}: {method.id}" + (f" {', '.join(what)}" if what else "")
    because = f", {method.because}" if method.because else ""
    return f"{subject} [{status}]{hazard}{because}"


def _data(data: object) -> str:
    return " ".join(map(str, data)) if isinstance(data, tuple) else str(data)


def _recipes(knowledge: Knowledge) -> str:
    lines = ["## Recipes"]
    for recipe in knowledge.recipes.values():
        sources = dict.fromkeys((*recipe.sources, *(source for method in recipe.methods for source in method.sources)))
        lines += ["", f"### {recipe.id}", "", f"{recipe.purpose[:1].upper()}{recipe.purpose[1:]}. Breaks {recipe.breaks}."]
        lines += [f"{recipe.note[:1].upper()}{recipe.note[1:]}."] if recipe.note else []
        lines += [f"Sources: {', '.join(sources)}."] if sources else []
    return "\n".join(lines)


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
