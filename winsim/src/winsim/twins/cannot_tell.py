# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a capture does not say, and what its twin does instead: sentences for whoever rehearses on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from winsim.providers.system import LOCALES

from .file import shown
from .format import Capture, number
from .keys import Keys
from .nearest import Nearest
from .owners import Owned
from .processes import Programs

MOST_NAMED = 12
KNOWN_ONLY = "known"


def cannot_tell(capture: Capture, known: Nearest, keys: Keys, programs: Programs, owned: Owned) -> tuple[str, ...]:
    """Return a sentence or two for each thing that the twin has to assume."""
    return (*_of_services(capture, programs), *_of_ports(owned, known), *_of_the_rest(capture, keys, programs))


def _of_services(capture: Capture, programs: Programs) -> Iterator[str]:
    if programs.demanded:
        yield (
            f"what starts on demand only: {_names(programs.demanded)} ran, and nothing here needs them. "
            "The twin starts them at each boot; on the host they may wait for somebody who asks"
        )
    if programs.idle:
        yield (
            f"what a trigger does: {_names(programs.idle)} start automatically and did not run. "
            "The twin leaves them stopped at each boot, and no trigger ever fires on it"
        )
    else:
        yield "what a trigger does: none ever fires on the twin"
    if programs.untried:
        yield (
            f"whether a stop is refused: {programs.untried} services did not run. "
            "The twin lets them be stopped, but for those of which winsim knows better"
        )
    if capture.services == KNOWN_ONLY:
        yield "the settings of services that the collection does not know (services: known)"


def _of_ports(owned: Owned, known: Nearest) -> Iterator[str]:
    if owned.shared:
        shared = (f"{group.label} ({_names([service.name for service in hosted])})" for group, hosted in owned.shared)
        yield (
            f"who of a shared process opens a port: {_names(list(shared))}. "
            "On the twin such a port closes when the last service of its process stops, and is there again when the first one starts"
        )
    if owned.unowned:
        ports = _names([group.label for group in owned.unowned])
        yield f"who opens {ports}: the kernel has them, or nobody. The twin never closes them"
    if owned.ended:
        yield f"who opened {_names([group.label for group in owned.ended])}: the process is gone. After a boot the twin does not have them"
    yield (
        f"{owned.by_rule} of the ports are those of components that winsim knows (nearest: {known.scenario}); "
        "they open and close as on its own hosts. Dynamic ports have other numbers after each boot"
    )


def _of_the_rest(capture: Capture, keys: Keys, programs: Programs) -> Iterator[str]:
    if capture.rpc_endpoints is not None:
        yield "the endpoint map of the capture: the twin registers the RPC interfaces that winsim's own hosts register, at ports of its own"
    yield "timing: how long a start, a stop or a boot takes, and in which order a boot starts what does not depend on each other"
    if programs.assumed:
        yield (
            f"what drivers do: of {len(programs.assumed)} drivers nobody asked whether they run. "
            "The twin runs those that something needs or that start by themselves, and none of them does anything"
        )
    unread = keys.unread()
    if unread:
        yield (
            f"what {unread} registry values hold, of which names and types alone were asked for. "
            "On the twin they are empty, or as winsim has them"
        )
    yield "the firewall's rules, but for those of the collection: the twin drops what those block and nothing else"
    yield "whether peers connect again: connections are there again after each boot, but for those to WinRM"
    language = number(capture.rows("Win32_OperatingSystem")[0], "oslanguage")
    if language is not None and language not in {locale.language for locale in LOCALES.values()}:
        yield f"how commands speak in the host's language ({language}): on the twin they speak English"


def _names(names: Sequence[str] | Iterable[str]) -> str:
    listed = [shown(name) for name in names]
    more = len(listed) - MOST_NAMED
    return ", ".join(listed[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
