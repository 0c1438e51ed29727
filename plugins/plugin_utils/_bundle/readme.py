# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a person reads before running a script: what it does and breaks, what is to be seen, how to go back; and what is expected then."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ansible_collections.netmin.windows.plugins.plugin_utils._core.forecast import Expectation, Forecast
from ansible_collections.netmin.windows.plugins.plugin_utils._core.windows import NtVersion

from .script import Target, codes, states
from .steps import WINDOWS_2000, AddRule, DropKey, DropRule, Start, Step, Stop, Write
from .words import said

WIDTH = 100
AFTER = {
    Expectation.CLOSED: "closed",
    Expectation.OPEN: "open",
    Expectation.UNKNOWN: "not known",
}


def readme(
    target: Target,
    steps: Sequence[Step],
    files: Mapping[str, bytes],
    *,
    unchanged: Iterable[str],
    warnings: Iterable[str],
    interfaces: Iterable[str],
    collect: str,
) -> list[str]:
    """Return the lines of README.txt."""
    old = target.nt == WINDOWS_2000
    return [
        f"netmin.windows: closing ports on the computer {said(target.computer)} ({said(target.name)})",
        f"{said(target.system)}, version {target.nt}, build {target.build}; bundle {said(target.run)}",
        "",
        *_paragraph(
            "close.cmd closes what the plan closes, undo.cmd puts it back, and FORECAST.txt says which ports listen afterwards. They are "
            "for this one computer and refuse to run on another. Read them: each line says why it is there. They can be typed from a "
            "printed listing, too: neither needs another file of this folder."
        ),
        "",
        "WHAT TO DO",
        *_paragraph(
            "1. Copy this folder to a disk of the computer: the scripts write down beside themselves, in the folder evidence, what they "
            "find and do. Exports of the registry in it can hold secrets of other makers' services. Keep the folder: it is your record."
        ),
        *_paragraph("2. Log on as administrator, open a command prompt, and have the plan shown, which changes nothing: close.cmd /plan"),
        *_paragraph(
            "3. Run close.cmd. It first looks whether it is on its computer and whether each value is still what it was when the plan was "
            "made. Otherwise it names what differs and changes nothing. It can be run again at any time: it does only what is not done yet."
        ),
        *_paragraph(
            "4. Restart the computer from the Start menu: Windows 2000 has no command for it."
            if old
            else "4. Restart the computer, or run close.cmd /reboot, which does so at the end."
        ),
        *_paragraph(
            f"5. Run {collect} with the name of a new folder, as before, and carry the folder back. The controller proves by the "
            "sockets that what is forecast to be closed is closed."
        ),
        "",
        "WHAT YOU SEE AT THE CONSOLE",
        *_seen(target, steps),
        "",
        "HOW TO GO BACK",
        *_paragraph(
            "Run undo.cmd, and restart the computer. It puts back what close.cmd changed, after a run that ended halfway as well. It "
            "names what somebody changed since, and leaves that alone."
            + (
                " On Windows 2000 a service whose start mode was put back starts only with the restart. What starts by hand undo.cmd "
                "names; run it once more after the restart for that."
                if old
                else ""
            )
        ),
        *_paragraph("before.reg, close.reg and undo.reg have the same registry values, to look at them or to import them by hand."),
        "",
        "STEPS OF CLOSE.CMD",
        *(line for number, step in enumerate(steps, start=1) for line in _step(number, step)),
        *([] if steps else ["There is nothing to close."]),
        "",
        *_interfaces(tuple(interfaces)),
        "WHAT IS LEFT AS IT IS",
        *(line for text in unchanged for line in _paragraph(f"- {text}")),
        "",
        "WHAT TO WATCH",
        *(line for text in dict.fromkeys(warnings) for line in _paragraph(f"- {text}")),
        "",
        "WHAT THE EXIT CODES MEAN",
        *codes(target.nt),
        "",
        "FILES",
        *(f"{name:<16}{len(content):>9} bytes{_lines(content):>7} lines" for name, content in sorted(files.items())),
        *_paragraph(
            "manifest.json on the controller has a SHA-256 of each. This Windows cannot make one." if target.nt < NtVersion(6, 1) else ""
        ),
    ]


def _seen(target: Target, steps: Sequence[Step]) -> Iterator[str]:
    """Yield what the scripts show, and what shows nothing."""
    first = f" ({said(steps[0].target, 120)})" if steps else ""
    yield from _paragraph(
        f"- For each step that is needed a line 'Step', its number and what it is about; the first of close.cmd is 'Step 1'{first}. "
        + (
            "Nothing more is shown: regedit writes nothing, and what net writes goes to find."
            if target.nt == WINDOWS_2000
            else "Below it stands what reg, sc or net says, in the language of the computer. Do not go by that: the script reads back."
        )
    )
    yield from _paragraph("- A step that is not needed shows nothing. A service may take minutes to stop, in which nothing is to be seen.")
    yield from _paragraph("- The last line begins with 'Done' if all went well. Otherwise it says what did not, and what to do.")


def _interfaces(lines: Sequence[str]) -> list[str]:
    """Return the part on interfaces; nothing where the plan does not bind RPC to any."""
    return ["INTERFACES OF RPC", *(line for text in lines for line in _paragraph(f"- {text}")), ""] if lines else []


def _lines(content: bytes) -> int:
    return content.count(b"\n\0") if content.startswith(b"\xff\xfe") else content.count(b"\n")


def _paragraph(text: str) -> list[str]:
    return textwrap.wrap(said(text, 2000), WIDTH, subsequent_indent="   " if text[:1].isdigit() or text.startswith("-") else "")


def _step(number: int, step: Step) -> Iterator[str]:
    match step:
        case Write():
            told = f"{step.target}: {states(step)}"
        case Stop():
            told = f"{step.target} stops"
        case Start():
            told = f"{step.target} starts"
        case AddRule():
            told = f"{step.target} is added"
        case DropRule() | DropKey():
            told = f"{step.target} is deleted"
    yield from _paragraph(f"{number}. {told}")
    yield from (f"   {line}" for line in textwrap.wrap(said(step.why), WIDTH - 3))


def forecast(target: Target, entries: Iterable[Forecast]) -> list[str]:
    """Return the lines of FORECAST.txt: each endpoint that listens now, and what becomes of it once the computer was restarted."""
    rows = [(_port(entry), entry.endpoint.address, said(entry.owner), AFTER[entry.boot], said(entry.why)) for entry in entries]
    closed = sum(row[3] == "closed" for row in rows)
    return [
        f"netmin.windows: what listens on {said(target.computer)} now, and what will after close.cmd and a restart",
        f"{len(rows)} listeners now; {closed} of them are closed then",
        "",
        f"{'port':<22}{'address':<18}{'then':<11}owner",
        "-" * WIDTH,
        *(line for row in rows for line in _row(row)),
    ]


def _port(entry: Forecast) -> str:
    return f"{entry.endpoint.name}{f' and {entry.count - 1} more' if entry.count > 1 else ''}"


def _row(row: tuple[str, str, str, str, str]) -> Iterator[str]:
    port, address, owner, after, why = row
    # The zone of a link-local address is of this boot, and no port listens in another.
    place = f"{port:<22}{said(address.partition('%')[0])}"
    owners = textwrap.wrap(owner, WIDTH - 51) or [""]
    if len(place) > 39:
        yield place
        place = ""
    yield f"{place:<40}{after:<11}{owners[0]}"
    yield from (f"{'':<51}{line}" for line in owners[1:])
    yield from textwrap.wrap(why, WIDTH, initial_indent="    ", subsequent_indent="    ")
