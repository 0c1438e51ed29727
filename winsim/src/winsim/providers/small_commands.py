# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`ping`, `find` and `shutdown`.

Sources: Microsoft, "ping", "find", "shutdown". From memory: the texts. ping knows the host's own loopback and nobody else.
"""

from __future__ import annotations

import re

from winsim.cmd.system import Call, Run
from winsim.cmd.words import absolute
from winsim.host.machine import Machine

SECONDS_BEFORE_SHUTDOWN = 30
IN_PROGRESS = (1115, "A system shutdown is in progress.(1115)\r\n")
SCHEDULED = (1190, "A system shutdown has already been scheduled.(1190)\r\n")
NONE_IN_PROGRESS = (1116, "Unable to abort the system shutdown because no shutdown was in progress.(1116)\r\n")


def ping(call: Call) -> Run:
    """Send echo requests to the loopback, a second apart."""
    count = 4
    address = ""
    words = list(call.words)
    while words:
        word = words.pop(0)
        if word.lower() in ("-n", "/n", "-w", "/w"):
            number = words.pop(0) if words else ""
            if not number.isdecimal() or int(number) < 1:
                call.streams.stdout.write(f"Bad value for option {word}, valid range is from 1 to 4294967295.\r\n")
                return 1
            count = int(number) if word.lower().endswith("n") else count
        elif word.startswith(("-", "/")) or address:
            call.streams.stdout.write(f"Bad option {word}.\r\n")
            return 1
        else:
            address = word
    if not re.fullmatch(r"127(\.\d{1,3}){3}|localhost", address.lower()):
        call.streams.stdout.write(f"Ping request could not find host {address}. Please check the name and try again.\r\n")
        return 1
    call.streams.stdout.write(f"\r\nPinging {address} with 32 bytes of data:\r\n")
    for sent in range(count):
        if sent:
            yield 1.0
        call.streams.stdout.write(f"Reply from {address}: bytes=32 time<1ms TTL=128\r\n")
    call.streams.stdout.write(
        f"\r\nPing statistics for {address}:\r\n    Packets: Sent = {count}, Received = {count}, Lost = 0 (0% loss),\r\n"
        "Approximate round trip times in milli-seconds:\r\n    Minimum = 0ms, Maximum = 0ms, Average = 0ms\r\n"
    )
    return 0


def find(host: Machine, call: Call) -> int:
    """Write the lines with a text in them (`/v` without it, `/c` only how many, `/i` in any case)."""
    match = re.match(r'\s*((?:/\w\s*)*)"((?:[^"]|"")*)"((?:\s*/\w)*)\s*(.*)$', call.tail)
    if match is None:
        call.streams.stderr.write("FIND: Parameter format not correct\r\n")
        return 2
    switches = set(re.findall(r"/(\w)", (match[1] + match[3]).lower()))
    if switches - {"v", "c", "i"} or (match[4] and " " in match[4].strip() and '"' not in match[4]):
        call.streams.stderr.write("FIND: Parameter format not correct\r\n")
        return 2
    wanted = match[2].replace('""', '"')
    text = call.streams.stdin.all()
    name = match[4].strip().strip('"')
    if name:
        node = host.files.find(absolute(name, call.directory))
        if node is None or node.text is None:
            call.streams.stdout.write(f"File not found - {name.upper()}\r\n")
            return 1
        text = node.text
    folded = wanted.lower() if "i" in switches else wanted
    lines = text.replace("\r\n", "\n").removesuffix("\n").split("\n") if text else []
    found = [line for line in lines if (folded in (line.lower() if "i" in switches else line)) is ("v" not in switches)]
    heading = f"\r\n---------- {name.upper()}" if name else ""
    if "c" in switches:
        call.streams.stdout.write(f"{heading}: {len(found)}\r\n" if name else f"{len(found)}\r\n")
    else:
        call.streams.stdout.write((f"{heading}\r\n" if name else "") + "".join(f"{line}\r\n" for line in found))
    return 0 if found else 1


def shutdown(host: Machine, call: Call) -> int:
    """Restart, shut down, or take that back."""
    kinds: set[str] = set()
    seconds = SECONDS_BEFORE_SHUTDOWN
    words = list(call.words)
    while words:
        word = words.pop(0).lower()
        switch = word[1:] if word[:1] in ("-", "/") else ""
        if switch in ("r", "s", "a"):
            kinds.add(switch)
        elif switch == "t" and words and words[0].isdecimal() and int(words[0]) <= 315360000:
            seconds = int(words.pop(0))
        elif switch in ("c", "d") and words:
            words.pop(0)
        elif switch != "f":
            kinds.clear()
            break
    if len(kinds) != 1:
        call.streams.stdout.write("Usage: shutdown [/r | /s | /a] [/f] [/t xxx]\r\n")
        return 1
    if kinds == {"a"}:
        return 0 if host.abort_shutdown() else _said(call, NONE_IN_PROGRESS)
    if host.plan_shutdown(seconds, restart=kinds == {"r"}):
        return 0
    return _said(call, SCHEDULED if int(host.spec.windows.version.split(".", maxsplit=1)[0]) >= 6 else IN_PROGRESS)


def _said(call: Call, failure: tuple[int, str]) -> int:
    call.streams.stderr.write(failure[1])
    return failure[0]
