# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`regedit` and `reg` as a script calls them.

Sources: Microsoft, "reg query", "reg export", "reg import"; users' reports that `regedit` ends with 0 whatever became of its work, that
it leaves no file where the key is not there, that `reg import` writes its success to the errors and ends with 1 where some values were
refused. From memory: that `reg export` of before Windows Vista knows no `/y` and overwrites, and that later ones ask.
"""

from __future__ import annotations

from collections.abc import Iterable

from winsim.cmd.expansion import NotKnown
from winsim.host import controls
from winsim.host.controls import Written
from winsim.providers import reg_command

from . import registry_files
from .asked import Asked, Output
from .registry_files import NoScript, Request, Verb

SERVICE_HIVES = ("HKU\\S-1-5-19", "HKU\\S-1-5-20", "HKU\\S-1-5-18")
"""Hives of the accounts of services, which an administrator may read and nobody else (from memory, as many published scripts use it)."""

REDIRECTED = "hklm\\software"
REG_64_SINCE = (6, 1)
"""Windows 7 brought `/reg:64` and `/reg:32`."""


def regedit(asked: Asked) -> Output:
    """Export or import; whatever happens the exit code is 0, and nothing is said where `/s` is."""
    words = list(asked.words)
    switches: list[str] = []
    while words and words[0][:1] in "/-":
        switches.append(words.pop(0)[1:].lower())
    if set(switches) - {"s", "e", "a"} or {"e", "a"} <= set(switches):
        raise asked.unknown()
    if "e" in switches or "a" in switches:
        if len(words) != 2:
            # Without a key it exports the whole registry; with more words it says so in a window.
            raise asked.unknown()
        _export(asked, words[0], words[1], old="a" in switches)
    elif "s" in switches:
        if not words:
            raise asked.unknown()
        for name in words:
            _import_silently(asked, name)
    else:
        raise NotKnown(f"regedit without /s asks in a window, which nobody sees here: {asked.call.tail.strip()}")
    return "", "", 0


def _export(asked: Asked, name: str, key: str, *, old: bool) -> bool:
    path = _readable(asked, key)
    content = None if path is None else registry_files.export(asked.host.registry, path, ansi=asked.pages.ansi if old else None)
    if content is None:
        return False
    try:
        asked.files.write_bytes(asked.path(name), content, append=False)
    except OSError:
        return False
    return True


def _readable(asked: Asked, key: str) -> str | None:
    """Return a key's path where it may be read."""
    path = registry_files.short(key)
    if path is None:
        return None
    if asked.narrow and f"{path.lower()}\\".startswith(f"{REDIRECTED}\\"):
        raise NotKnown(f"A program of 32 bits sees another {key} than one of 64, which is not known here.")
    if path in SERVICE_HIVES:
        raise NotKnown(f"What is in {key} is not known here.")
    return path


def _import_silently(asked: Asked, name: str) -> None:
    try:
        wanted = registry_files.requests(asked.files.read_bytes(asked.path(name)), ansi=asked.pages.ansi)
    except (OSError, NoScript):
        return
    _carry_out(asked, wanted)


def _carry_out(asked: Asked, wanted: Iterable[Request]) -> bool:
    """Do what a registry file asks for, line by line; tell whether all was done. What is refused keeps nothing else from being done."""
    written = []
    for request in wanted:
        asked.step(f"{request.verb.value} {request.key}")
        written.append(_written(asked, request))
    return all(written)


def _written(asked: Asked, request: Request) -> bool:
    host, key = asked.host, request.key
    _readable(asked, registry_files.long(key))
    if request.verb is Verb.MAKE_KEY and host.registry.exists(key):
        return True
    if not asked.administrator and not key.startswith("HKCU"):
        return False
    if request.verb is Verb.MAKE_KEY:
        return controls.create_key(host, key) is Written.DONE
    if request.verb is Verb.DELETE_KEY:
        return not host.registry.exists(key) or controls.delete_tree(host, key) is Written.DONE
    if request.verb is Verb.DELETE:
        return controls.delete_value(host, key, request.name) in (Written.DONE, Written.NO_VALUE, Written.NO_KEY)
    value = request.value
    return value is not None and controls.set_value(host, key, request.name, value, through_provider=False) is Written.DONE


def reg(asked: Asked) -> Output:
    """Run a command of reg."""
    words = _without_view(asked)
    verb = words[0].lower() if words else ""
    if verb in ("export", "import"):
        return _reg_export(asked, words[1:]) if verb == "export" else _reg_import(asked, words[1:])
    if verb not in ("query", "add", "delete") or len(words) < 2:
        raise asked.unknown()
    path = registry_files.short(words[1])
    if verb == "query" and path is not None and path.upper() in SERVICE_HIVES:
        return (
            ("\r\n" + "".join(f"{registry_files.long(path)}\\{name}\r\n" for name in ("Environment", "Software")), "", 0)
            if (asked.administrator)
            else reg_command.error(asked.host, reg_command.NOT_ALLOWED)
        )
    if path is None or not path.startswith("HKLM\\"):
        raise asked.unknown()
    _readable(asked, words[1])
    if any(word.lower() in ("/se", "/z") for word in words):
        raise asked.unknown()
    if verb != "query" and not asked.administrator:
        return reg_command.error(asked.host, reg_command.NOT_ALLOWED)
    if verb == "query" and asked.old and {"/v", "/s"} <= {word.lower() for word in words}:
        return reg_command.error(asked.host, reg_command.BAD_SYNTAX)
    return reg_command.reg(asked.host, words, asked.call.streams.stdin)


def _without_view(asked: Asked) -> list[str]:
    """Return the words without the view of a Windows of 64 bits, which is the one that a program of 64 has by itself."""
    views = [word.lower() for word in asked.words if word.lower().startswith("/reg:")]
    if views and (asked.kernel < REG_64_SINCE or set(views) != {"/reg:64"} or asked.narrow):
        raise asked.unknown()
    return [word for word in asked.words if not word.lower().startswith("/reg:")]


def _reg_export(asked: Asked, words: list[str]) -> Output:
    confirmed = "/y" in [word.lower() for word in words]
    rest = [word for word in words if word.lower() != "/y"]
    if len(rest) != 2 or any(word.startswith("/") for word in rest) or (confirmed and asked.old):
        return reg_command.error(asked.host, reg_command.BAD_SYNTAX)
    target = asked.path(rest[1])
    if asked.files.exists(target) and not asked.old and not confirmed and (asked.call.streams.stdin.line() or "").lower()[:1] != "y":
        return f"File {rest[1]} already exists. Overwrite (Yes/No)? ", "", reg_command.FAILED
    path = _readable(asked, rest[0])
    if path is None or not asked.host.registry.exists(path):
        return reg_command.error(asked.host, reg_command.NOT_THERE)
    if not _export(asked, rest[1], rest[0], old=False):
        return reg_command.error(asked.host, "Unable to write to the file. There may be a disk or file system error.")
    return reg_command.done(asked.host)


def _reg_import(asked: Asked, words: list[str]) -> Output:
    if len(words) != 1 or words[0].startswith("/"):
        return reg_command.error(asked.host, reg_command.BAD_SYNTAX)
    try:
        wanted = registry_files.requests(asked.files.read_bytes(asked.path(words[0])), ansi=asked.pages.ansi)
    except OSError:
        return reg_command.error(asked.host, "Error opening the file. There may be a disk or file system error.")
    except NoScript:
        return reg_command.error(asked.host, f"The specified file {words[0]} is not a registry script.")
    if not _carry_out(asked, wanted):
        return reg_command.error(asked.host, "Error accessing the registry.")
    return "", reg_command.done(asked.host)[0], 0
