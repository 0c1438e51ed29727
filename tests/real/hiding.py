# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets stay out of what is left behind: text is written without them, and at the end every file is searched for them."""

from __future__ import annotations

import base64
import json
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

HIDDEN = "(hidden)"
# A shorter one would be found in any text, and in numbers.
SHORTEST = 6


class Secrets:
    """Passwords, in every form in which a log or a request may show them."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._forms = sorted({form for text in texts if len(text) >= SHORTEST for form in forms(text)}, key=len, reverse=True)

    def hide(self, text: str) -> str:
        """Return a text without any of them."""
        for form in self._forms:
            text = text.replace(form, HIDDEN)
        return text

    def hide_in(self, node: Any) -> Any:
        """Return a plain value without any of them in its texts."""
        if isinstance(node, Mapping):
            return {self.hide(str(name)): self.hide_in(item) for name, item in node.items()}
        if isinstance(node, list | tuple):
            return [self.hide_in(item) for item in node]
        return self.hide(node) if isinstance(node, str) else node

    def shown_in(self, content: bytes) -> bool:
        """Tell whether bytes hold one of them, as UTF-8 or as the UTF-16 of Windows."""
        return any(form.encode(code) in content for form in self._forms for code in ("utf-8", "utf-16-le"))

    def remove_leaks(self, folder: Path) -> list[Path]:
        """Delete every file of a folder that holds one of them, and return their names."""
        leaks = [path for path in sorted(folder.rglob("*")) if path.is_file() and self._leaks(path)]
        for path in leaks:
            path.unlink()
        return leaks

    def _leaks(self, path: Path) -> bool:
        return self.shown_in(path.name.encode()) or any(self.shown_in(content) for content in contents(path))


def forms(text: str) -> Iterator[str]:
    """Yield a text as it is, and as JSON, XML, a URL and Base64 have it."""
    yield from (
        text,
        json.dumps(text)[1:-1],
        json.dumps(text, ensure_ascii=False)[1:-1],
        escape(text, {'"': "&quot;"}),
        quote(text, safe=""),
    )
    yield from (base64.b64encode(text.encode(code)).decode().rstrip("=") for code in ("utf-8", "utf-16-le"))


def contents(path: Path) -> Iterator[bytes]:
    """Yield what is in a file: of a zip each entry as well."""
    yield path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for entry in archive.infolist():
                yield archive.read(entry)
