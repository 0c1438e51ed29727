# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a doctor confirmed on a host, as a file on the controller, and what of a plan rests on anything else."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, NotKept, Refused
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import Windows
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import Assumption, Knowledge, Use
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.loader import Decoder

SCHEMA_VERSION = 1
# A result has some 150 assumptions of 500 bytes.
MOST_FILE = 1024 * 1024
MOST_TOLD = 3
CONFIRMED, CONTRADICTED, NOT_SEEN = "confirmed", "contradicted", "not_to_be_seen"
GIVE = "give the file that netmin.windows.doctor_info wrote for this host with 'file'"
WORDS = {CONTRADICTED: "is contradicted on this host", NOT_SEEN: "was not to be seen on this host", "": "was not looked at on this host"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """What a doctor said of a host.

    Attributes:
        windows: id of its version.
        examined_at: the controller's time.
        assumptions: what it said of each, by id.
    """

    schema_version: int
    inventory_name: str
    windows: str
    build: int
    examined_at: str
    assumptions: Mapping[str, str] = field(default_factory=dict)

    def against(self, uses: Iterable[str], knowledge: Knowledge, windows: Windows) -> tuple[str, ...]:
        """Say of each assumption that something rests on why it does not hold for certain."""
        wanted = set(uses)
        found = (item for item in knowledge.assumptions_on(windows) if wanted & set(item.used) and not item.writes)
        return tuple(self._doubt(item) for item in found if self.assumptions.get(item.id) != CONFIRMED)

    def _doubt(self, assumption: Assumption) -> str:
        word = self.assumptions.get(assumption.id, "")
        return f"{assumption.id} ({assumption.says}) {WORDS.get(word, WORDS[''])}"

    def doubts(self, recipe: str, stage: str, knowledge: Knowledge, windows: Windows) -> str:
        """Say why a recipe is not closed; empty where all that it rests on is confirmed."""
        told = self.against((recipe, stage), knowledge, windows)
        if told:
            return listed(told)
        spoken = any(recipe in item.used for item in knowledge.assumptions_on(windows))
        return "" if spoken else f"the doctor has no way to look at the recipe {recipe}"

    def check(self, knowledge: Knowledge, windows: Windows) -> None:
        """Refuse a plan for a host that the file is not about, or on which something does not hold that every plan rests on.

        Raises:
            Refused: with the ids of the assumptions.
        """
        if (self.windows, self.build) != (windows.id, windows.build):
            raise Refused(
                f"only_confirmed: the file is about {excerpt(self.windows, 40)} build {self.build}, and this host is {windows.id} build "
                f"{windows.build}: run netmin.windows.doctor_info on it again"
            )
        if told := self.against((str(Use.PLAN),), knowledge, windows):
            raise Refused(
                f"only_confirmed: every plan rests on this, and nothing was changed: {listed(told)}. If the doctor looked at a capture, "
                "let it look at the host itself; to plan all the same, leave 'only_confirmed' out"
            )


def listed(told: tuple[str, ...]) -> str:
    """Join the first few of several reasons."""
    more = f"; and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    return f"{'; '.join(told[:MOST_TOLD])}{more}"


def write_confirmed(path: Path, confirmed: Confirmed) -> None:
    """Write a file, whole or not at all, that its owner alone can read.

    Raises:
        NotKept: it cannot be written.
    """
    plain = {name: getattr(confirmed, name) for name in Confirmed.__dataclass_fields__}
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp makes a file of mode 0600 that did not exist before.
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=".doctor-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(plain, file, indent=1, ensure_ascii=True)
            file.write("\n")
        Path(temporary).replace(path)
    except OSError as error:
        with suppress(OSError):
            Path(temporary).unlink(missing_ok=True) if temporary else None
        raise NotKept(f"the doctor's findings cannot be written to {excerpt(path)}: {error.strerror or error}") from error


def read_confirmed(path: Path, inventory_name: str) -> Confirmed:
    """Read a file of findings.

    Raises:
        InvalidOption: it cannot be read, is not one of ours, or is about another host.
    """
    where = f"only_confirmed: {excerpt(path)}"
    found = _decoded(_content(path, where), where)
    if found.inventory_name != inventory_name:
        raise InvalidOption(
            f"{where} is about the host '{excerpt(found.inventory_name)}', not about '{excerpt(inventory_name)}': give each host "
            "its own file, for example findings/{{ inventory_hostname }}.json"
        )
    return found


def _content(path: Path, where: str) -> bytes:
    try:
        # Whoever put a pipe or a device there would let us wait, or read without end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InvalidOption(f"{where} cannot be read: {reason}; {GIVE}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise InvalidOption(f"{where} is not a file: {GIVE}")
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(MOST_FILE + 1)
    if len(content) > MOST_FILE:
        raise InvalidOption(f"{where} has more than {MOST_FILE} bytes, so it is not a file of findings: {GIVE}")
    return content


def _decoded(content: bytes, where: str) -> Confirmed:
    try:
        node: Any = json.loads(content.decode("utf-8"))
    except (RecursionError, ValueError) as error:
        raise InvalidOption(f"{where} is not JSON: {GIVE}") from error
    version = node.get("schema_version") if isinstance(node, dict) else None
    if isinstance(version, int) and version > SCHEMA_VERSION:
        raise InvalidOption(f"{where} was written by a newer release of netmin.windows: update the collection on this controller")
    decoder = Decoder()
    found: Confirmed | None = decoder.value(Confirmed, node, "$")
    if found is None or decoder.problems or version != SCHEMA_VERSION:
        problems = "; ".join(excerpt(problem) for problem in decoder.problems[:MOST_TOLD]) or "its format is not known"
        raise InvalidOption(f"{where} is not a file of findings ({problems}): {GIVE}")
    return found


def service_recipes(names: Iterable[str], knowledge: Knowledge) -> Iterator[str]:
    """Yield the recipes that name a service as theirs."""
    wanted = {name.lower() for name in names}
    for recipe in knowledge.recipes.values():
        if wanted & {name.lower() for name in (*recipe.services, *recipe.drivers)}:
            yield recipe.id
