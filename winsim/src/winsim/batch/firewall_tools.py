# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`netsh advfirewall firewall` as a script calls it: `add`, `delete` and `show rule`.

Sources: Microsoft, "netsh advfirewall firewall commands"; users' reports that each ends with 1 where no rule fits; published outputs of
`show rule` (labels, their order, the line below the name). From memory: the labels in German. Japanese labels stay English here.
"""

from __future__ import annotations

from winsim.host.firewall_rules import TCP, UDP, Action, Direction, Rule
from winsim.host.model import Category, Language
from winsim.providers import netsh as firewall

from .asked import Asked, Output

SINCE = (6, 0)
LABELS = {
    Language.ENGLISH: (
        "Rule Name", "Enabled", "Direction", "Profiles", "Grouping", "LocalIP", "RemoteIP", "Protocol", "LocalPort", "RemotePort",
        "Edge traversal", "Action",
    ),
    Language.GERMAN: (
        "Regelname", "Aktiviert", "Richtung", "Profile", "Gruppierung", "Lokales IP", "Remote-IP", "Protokoll", "Lokaler Port",
        "Remoteport", "Edgeausnahme", "Aktion",
    ),
}  # fmt: skip
PROFILES = {Category.DOMAIN: "Domain", Category.PRIVATE: "Private", Category.PUBLIC: "Public"}
PROTOCOLS = {TCP: "TCP", UDP: "UDP", None: "Any"}
ACTIONS = {Action.ALLOW: "Allow", Action.BLOCK: "Block", Action.BYPASS: "Bypass"}


def netsh(asked: Asked) -> Output:
    """Run a command of the firewall's rules."""
    words = [word.lower() for word in asked.words]
    if asked.kernel < SINCE and words[:1] == ["advfirewall"]:
        return f"The following command was not found: {' '.join(asked.words)}.\r\n", "", 1
    if words[:2] != firewall.CONTEXT or words[2:3] not in (["add"], ["delete"], ["show"]) or words[3:4] != ["rule"]:
        raise asked.unknown()
    if words[2] == "show":
        return _show(asked)
    if not asked.administrator:
        return f"\r\n{firewall.NOT_ALLOWED}\r\n\r\n", "", 1
    return firewall.netsh(asked.host, asked.words)


def _show(asked: Asked) -> Output:
    options = dict(word.partition("=")[::2] for word in asked.words[4:])
    named = {key.lower(): value for key, value in options.items()}
    if set(named) - {"name", "dir"} or "name" not in named or named.get("dir", "in").lower() not in ("in", "out"):
        raise asked.unknown()
    refused = firewall.unreachable(asked.host)
    if refused is not None:
        return f"\r\n{refused}\r\n\r\n", "", 1
    directions = [firewall.DIRECTIONS[named["dir"].lower()]] if "dir" in named else list(Direction)
    found = [
        rule
        for rule in asked.host.firewall.stored().values()
        if named["name"].lower() in (firewall.ALL, rule.name.lower()) and rule.direction in directions
    ]
    if not found:
        return f"\r\n{firewall.NO_MATCH[asked.language]}\r\n\r\n", "", 1
    return "".join(_block(asked, rule) for rule in found) + f"{firewall.OK[asked.language]}\r\n\r\n", "", 0


def _block(asked: Asked, rule: Rule) -> str:
    labels = LABELS.get(asked.language, LABELS[Language.ENGLISH])
    german = asked.language is Language.GERMAN
    profiles = [text for profile, text in PROFILES.items() if rule.in_profile(profile)]
    ports = [str(ports[0]) if len(ports) == 1 else f"{ports[0]}-{ports[-1]}" for ports in rule.ports] + [
        str(word) for word in rule.keywords
    ]
    values = (
        rule.name,
        ("Ja" if german else "Yes") if rule.active else ("Nein" if german else "No"),
        str(rule.direction),
        ",".join(profiles),
        "",
        "Any",
        "Any",
        PROTOCOLS.get(rule.protocol, str(rule.protocol)),
        ",".join(ports) or "Any",
        "Any",
        "No",
        ACTIONS[rule.action],
    )
    rows = [f"{label + ':':<38}{value}" for label, value in zip(labels, values, strict=True)]
    if rule.protocol not in (TCP, UDP):
        rows = [row for row in rows if not row.startswith((f"{labels[8]}:", f"{labels[9]}:"))]
    return "\r\n" + "\r\n".join([rows[0], "-" * 70, *rows[1:]]) + "\r\n"
