# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of a host's answers never gets into a capture: command lines and paths of services may hold passwords."""

from __future__ import annotations

import re
from html import escape, unescape

from ansible_collections.netmin.windows.plugins.plugin_utils._undo.timer import SCRIPT_FILE

WITHHELD = "(withheld)"
# Where the program ends in a path without quotes; what follows may be anything.
_IMAGE = re.compile(r'^\s*(?:"([^"]*)"|(.+?\.(?:exe|sys|dll|com|bat|cmd|scr))(?=\s|$)|(\S+))', re.IGNORECASE | re.DOTALL)
# Microsoft, svchost: the group of services, the service, and -p for a process with mitigations. Of any other program the same letters may
# stand before a password.
_OPTION = re.compile(r'(?<=\s)(-[ks])\s+(?:"([^"]*)"|(\S+))|(?<=\s)(-p)(?=\s|$)', re.IGNORECASE)
_NAME = re.compile(r"[\w.$@~-]{1,256}")
_HOSTS = ("svchost.exe",)


def service_path(path: str) -> str:
    """Return the program of a service, of a shared one with its group and name, and nothing else of its command line."""
    found = _IMAGE.match(path)
    if found is None:
        return ""
    quoted, plain, word = found.groups()
    image = quoted if quoted is not None else plain or word
    shown = f'"{image}"' if quoted is not None else image
    if image.replace("/", "\\").rpartition("\\")[2].lower() not in _HOSTS:
        return shown
    options = []
    for option, in_quotes, bare, alone in _OPTION.findall(path[found.end() :]):
        name = in_quotes or bare
        if alone:
            options.append(alone)
        elif _NAME.fullmatch(name):
            options.append(f"{option} {name}")
    return " ".join((shown, *options))


def command_line(line: str) -> str:
    """Return the name of our script where a command line has it, and nothing else of it."""
    return SCRIPT_FILE if SCRIPT_FILE in line.lower() else WITHHELD


def kept(name: str, text: str) -> str:
    """Return what is kept of a property."""
    if name.lower() == "commandline":
        return command_line(text)
    return service_path(text) if name.lower() == "pathname" else text


# An element of an answer, with or without a prefix, up to its end.
_ELEMENT = re.compile(rb"(<((?:[\w.-]+:)?(CommandLine|PathName))(?:\s[^<>]*)?(?<!/)>)(.*?)(</\2\s*>|\Z)", re.IGNORECASE | re.DOTALL)


def envelope(content: bytes) -> bytes:
    """Return an answer from the wire without what is withheld."""

    def without(found: re.Match[bytes]) -> bytes:
        text = unescape(found[4].decode("utf-8", "replace"))
        return found[1] + escape(kept(found[3].decode("ascii"), text)).encode() + found[5]

    return _ELEMENT.sub(without, content)
