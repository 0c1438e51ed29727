# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`netsh advfirewall firewall add rule` and `delete rule`, which Windows Vista brought, `netsh rpc filter` and `netsh -f`; nothing else.

Sources: the help of `add rule` and `delete rule` as published for 6.0 and 6.1 (keywords, that a name may not be `all`, that
`service=any` means whatever is a service, that a list has no ranges before 6.1) and published transcripts (Ok, Deleted, No rules match,
the service that cannot be contacted, the values that are not valid). From memory: all other texts, that every failure is exit code 1 and
that netsh writes failures to its output, too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from winsim.host import controls, firewall
from winsim.host.controls import Written
from winsim.host.firewall_rules import (
    ANY_SERVICE,
    HIGHEST_PROTOCOL,
    TCP,
    UDP,
    Action,
    Direction,
    Keyword,
    Rule,
    port_range,
)
from winsim.host.machine import Machine
from winsim.host.model import Category, Language

from . import netsh_rpc

T = TypeVar("T")

Output = tuple[str, str, int]
Options = Mapping[str, str]

SINCE = (6, 0)
CONTEXT = ["advfirewall", "firewall"]
CONDITIONS = ("dir", "localport", "profile", "program", "protocol", "service")
TAGS = {
    "add": ("name", *CONDITIONS, "action", "description", "enable"),
    "delete": ("name", *CONDITIONS),
}
ESSENTIAL = {"add": ("name", "dir", "action"), "delete": ("name",)}
ALL = "all"
"""The name that no rule may have, as `delete` takes it for every one."""

ANY = "any"
DIRECTIONS = {"in": Direction.IN, "out": Direction.OUT}
ACTIONS = {"allow": Action.ALLOW, "block": Action.BLOCK}
SWITCHES = {"yes": True, "no": False}
PROTOCOLS = {"tcp": TCP, "udp": UDP}
KEYWORDS = {keyword.lower(): keyword for keyword in Keyword}
RANGES_SINCE = (2, 10)
"""The version of rules that has a token for port ranges (MS-GPFAS 2.2.2.19, LPort2_10)."""

OK = {Language.ENGLISH: "Ok.", Language.GERMAN: "OK.", Language.JAPANESE: "OK"}
DELETED = {
    Language.ENGLISH: "Deleted {} rule(s).",
    Language.GERMAN: "{} Regel(n) gel\u00f6scht.",
    # The wide characters as escapes: "deleted ... rules" in the words of a Japanese Windows (from memory).
    Language.JAPANESE: "{} \u898f\u5247\u3092\u524a\u9664\u3057\u307e\u3057\u305f\u3002",
}
NO_MATCH = {
    Language.ENGLISH: "No rules match the specified criteria.",
    Language.GERMAN: "Keine Regeln stimmen mit den angegebenen Kriterien \u00fcberein.",
    # "There is no rule that matches the conditions given" in the words of a Japanese Windows.
    Language.JAPANESE: (
        "\u6307\u5b9a\u3055\u308c\u305f\u6761\u4ef6\u306b\u4e00\u81f4\u3059\u308b\u898f\u5247\u306f\u3042\u308a\u307e\u305b\u3093\u3002"
    ),
}
BAD_VALUE = "A specified value is not valid."
BAD_PORT = "A specified port value is not valid."
BAD_PROTOCOL = "A specified protocol value is not valid."
PORT_ALONE = "Ports can only be specified if the protocol is TCP or UDP."
BAD_SYNTAX = "The syntax supplied for this command is not valid. Check help for the correct syntax."
MISSING = f"One or more essential parameters were not entered.\r\nVerify the required parameters, and reenter them.\r\n{BAD_SYNTAX}"
NOT_ALLOWED = "The requested operation requires elevation (Run as administrator)."
NO_SERVICE = (
    "An error occurred while attempting to contact the  {} service. Make sure that the service is running and try your request again."
)


class _Refused(Exception):
    """The command is not carried out; the text says why."""


def _no_file(path: str) -> str:
    raise FileNotFoundError(path)


def netsh(host: Machine, words: list[str], read: Callable[[str], str] = _no_file) -> Output:
    """Run a command, keywords in any case.

    Args:
        read: returns the text of a file; whoever has none finds none.
    """
    modern = tuple(int(part) for part in host.spec.windows.version.split(".")[:2]) >= SINCE
    if modern and words[:1] and words[0].lower() == "rpc":
        return netsh_rpc.rpc(host, words)
    if modern and [word.lower() for word in words[:1]] == ["-f"] and len(words) == len(("-f", "file")):
        try:
            text = read(words[1])
        except OSError:
            return f"The system cannot find the file specified: {words[1]}\r\n", "", 1
        return netsh_rpc.script(host, text)
    verbs: dict[str, Callable[[Machine, Options], str]] = {"add": _add, "delete": _delete}
    version = tuple(int(part) for part in host.spec.windows.version.split(".")[:2])
    verb = words[2].lower() if len(words) > 3 else ""
    if version < SINCE or [word.lower() for word in words[:2]] != CONTEXT or verb not in verbs or words[3].lower() != "rule":
        return f"The following command was not found: {' '.join(words)}.\r\n", "", 1
    try:
        said = verbs[verb](host, _options(verb, words[4:], host))
    except _Refused as refused:
        return f"\r\n{refused}\r\n\r\n", "", 1
    return said, "", 0


def _add(host: Machine, options: Options) -> str:
    """Make a rule, beside those that have the name already."""
    name = options["name"]
    if name.lower() == ALL or not name or any("|" in text for text in options.values()):
        raise _Refused(BAD_VALUE)
    protocol = _protocol(options)
    ports, keywords = _ports(host, options, protocol)
    rule = Rule(
        name=name,
        action=_one_of(ACTIONS, options["action"]),
        direction=_one_of(DIRECTIONS, options["dir"]),
        active=_one_of(SWITCHES, options.get("enable", "yes")),
        protocol=protocol,
        profiles=_profiles(options),
        ports=ports,
        keywords=keywords,
        program=_program(options),
        service=_service(options),
        description=options.get("description", ""),
    )
    if controls.add_firewall_rule(host, rule) is not Written.DONE:
        raise _Refused(NOT_ALLOWED)
    return f"{OK[host.spec.windows.language]}\r\n\r\n"


def _delete(host: Machine, options: Options) -> str:
    """Delete every rule of a name for which all that is said besides is true."""
    fits = _fitting(host, options)
    found = [value for value, rule in host.firewall.stored().items() if fits(rule)]
    language = host.spec.windows.language
    if not found:
        raise _Refused(NO_MATCH[language])
    if any(controls.delete_firewall_rule(host, value) is not Written.DONE for value in found):
        raise _Refused(NOT_ALLOWED)
    return f"\r\n{DELETED[language].format(len(found))}\r\n{OK[language]}\r\n\r\n"


def _fitting(host: Machine, options: Options) -> Callable[[Rule], bool]:
    """Return what tells whether a rule is meant: its name in any case, and each condition the same as said (from memory)."""
    name = options["name"].lower()
    direction = _one_of(DIRECTIONS, options.get("dir", "in"))
    protocol = _protocol(options)
    ports, keywords = _ports(host, options, protocol)
    profiles, program, service = _profiles(options), _program(options).lower(), _service(options).lower()

    def fits(rule: Rule) -> bool:
        same = {
            "name": name in (ALL, rule.name.lower()),
            "dir": rule.direction is direction,
            "protocol": rule.protocol == protocol,
            "localport": (set(rule.ports), set(rule.keywords)) == (set(ports), set(keywords)),
            "profile": rule.profiles == profiles,
            "program": rule.program.lower() == program,
            "service": rule.service.lower() == service,
        }
        return all(same[tag] for tag in options)

    return fits


def _options(verb: str, words: list[str], host: Machine) -> Options:
    """Return what each tag says.

    Raises:
        _Refused: the service does not run, or a word is no tag with a value, unknown or there twice, or one is missing.
    """
    refused = unreachable(host)
    if refused is not None:
        raise _Refused(refused)
    found: dict[str, str] = {}
    for word in words:
        tag, separator, value = word.partition("=")
        if not separator or tag.lower() not in TAGS[verb] or tag.lower() in found:
            raise _Refused(BAD_SYNTAX)
        found[tag.lower()] = value
    if any(tag not in found for tag in ESSENTIAL[verb]):
        raise _Refused(MISSING)
    return found


def unreachable(host: Machine) -> str | None:
    """Return what netsh says where the firewall's service does not run, None where it does."""
    service = host.services.find(firewall.SERVICE)
    if service is not None and service.running:
        return None
    return NO_SERVICE.format(service.spec.display if service else "Windows Firewall")


def _one_of(known: Mapping[str, T], text: str) -> T:
    found = known.get(text.lower())
    if found is None:
        raise _Refused(BAD_VALUE)
    return found


def _protocol(options: Options) -> int | None:
    text = options.get("protocol", ANY).lower()
    if text == ANY:
        return None
    number = int(text) if re.fullmatch("[0-9]{1,3}", text) else PROTOCOLS.get(text)
    if number is None or number > HIGHEST_PROTOCOL:
        raise _Refused(BAD_PROTOCOL)
    return number


def _ports(host: Machine, options: Options, protocol: int | None) -> tuple[tuple[range, ...], tuple[Keyword, ...]]:
    """Return local ports and keywords; those of RPC are TCP's alone (from memory)."""
    text = options.get("localport", ANY).lower()
    if text == ANY:
        return (), ()
    if protocol not in (TCP, UDP):
        raise _Refused(PORT_ALONE)
    listed = text.split(",")
    keywords = tuple(KEYWORDS[entry] for entry in listed if entry in KEYWORDS)
    ports = tuple(_port(entry) for entry in listed if entry not in KEYWORDS)
    version = tuple(int(part) for part in host.firewall.version.split("."))
    if (keywords and protocol != TCP) or (version < RANGES_SINCE and any(len(entry) > 1 for entry in ports)):
        raise _Refused(BAD_PORT)
    return ports, keywords


def _port(text: str) -> range:
    try:
        return port_range(text)
    except ValueError as error:
        raise _Refused(BAD_PORT) from error


def _profiles(options: Options) -> frozenset[Category]:
    text = options.get("profile", ANY).lower()
    known = {profile.value: profile for profile in Category}
    return frozenset() if text == ANY else frozenset(_one_of(known, entry) for entry in text.split(","))


def _program(options: Options) -> str:
    text = options.get("program", ANY)
    return "" if text.lower() == ANY else text


def _service(options: Options) -> str:
    """Return the service: `any` is whatever is one, and no condition is what leaves it out."""
    text = options.get("service", "")
    return ANY_SERVICE if text.lower() == ANY else text
