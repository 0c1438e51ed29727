# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at endpoints: their owners, what netstat says of them, and whether recipes know them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Protocol, Scope
from ansible_collections.netmin.windows.plugins.plugin_utils._core.names import Names
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import Host
from ansible_collections.netmin.windows.plugins.plugin_utils._host.owners import SYSTEM_PIDS, Explained
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge import ListenerPattern, Method, Port, Recipe, Status
from ansible_collections.netmin.windows.plugins.plugin_utils._knowledge.assumed import (
    ListenersLook,
    NetstatLook,
    OwnersLook,
    SocketLook,
)

from .ground import Ground
from .verdict import Verdict, confirmed, contradicted, counted, not_seen, some


def look_at_owners(ground: Ground, look: OwnersLook) -> Verdict:
    """See whether each endpoint names a process that the host lists."""
    if ground.explained is None or ground.host is None:
        return not_seen(ground.unlisted)
    protocol = Protocol(str(look.protocol))
    rows = [row.endpoint for row in ground.explained if row.endpoint.protocol is protocol]
    if not rows:
        return not_seen(f"nothing listens on {protocol}")
    without = [f"{protocol}/{row.port}" for row in rows if row.pid is None]
    if without:
        return contradicted("a process of each endpoint", f"none of {some(without)}")
    processes = ground.host.processes
    gone = [f"{protocol}/{row.port} names {row.pid}" for row in rows if row.pid not in processes and row.pid not in SYSTEM_PIDS]
    if gone:
        return contradicted("a process that the host lists", some(gone))
    return confirmed(f"{counted(len(rows), 'endpoint')} with processes")


def look_at_netstat(ground: Ground, look: NetstatLook) -> Verdict:
    """Read the columns and the words of netstat."""
    arguments = ground.version.netstat
    rows = [line.split() for line in ground.reader.command(*arguments).stdout.splitlines() if line.split()]
    listed = [row for row in rows if row[0].lower() == "tcp"]
    if not listed:
        return contradicted("rows that begin with TCP", f"none in {len(rows)} lines")
    with_pid = "-ano" in arguments
    odd = [" ".join(row) for row in listed if len(row) < look.columns or (with_pid and not row[-1].isdecimal())]
    if odd:
        return contradicted(f"{look.columns} columns{', the last one a number' if with_pid else ''}", odd[0])
    words = {" ".join(row[3:-1] if with_pid else row[3:]).upper() for row in listed}
    # The console of a host may write letters that are not ASCII in a way that nobody can tell: the others are enough.
    known = tuple(_plain(word) for word in look.words)
    strange = sorted(word for word in words if not _plain(word) or not _plain(word).startswith(known))
    if strange:
        return contradicted("words of a known language", some(strange))
    return confirmed(some(sorted(words)))


def _plain(word: str) -> str:
    return "".join(sign for sign in word if sign.isascii() and (sign.isalpha() or sign in "_ "))


def look_at_listeners(ground: Ground, look: ListenersLook) -> Verdict:
    """See whether a recipe knows each listener of a service that is known."""
    if ground.explained is None or ground.host is None:
        return not_seen(ground.unlisted)
    reachable = [row for row in ground.explained if row.endpoint.scope is not Scope.LOOPBACK and not row.management and not row.stranger]
    if not reachable:
        return not_seen("nothing listens that others can reach")
    if look.silent:
        silent = ground.knowledge.silent_on(ground.windows)
        # A recipe that knows a fixed port of theirs knows better: the list is about ports that the system hands out.
        found = [row for row in reachable if row.recipe is None and len(row.owners) == 1 and row.owners[0] in silent]
        told = f"none of {len(silent)} services that own no listener"
        return contradicted(told, some(_names(found))) if found else confirmed(told)
    known = _known(ground)
    unknown = [row for row in reachable if row.recipe is None and len(row.owners) == 1 and row.owners[0] in known]
    if unknown:
        return contradicted("a recipe for each listener of a service that is known", some(_names(unknown)))
    return confirmed(counted(len(reachable), "endpoint"))


def _known(ground: Ground) -> Names:
    """Return the owners of which the recipes of this Windows speak."""
    recipes = {recipe.id: recipe for recipe, _pattern in ground.knowledge.patterns(ground.windows)}.values()
    return Names(name for recipe in recipes for name in (*recipe.services, *recipe.drivers))


def _names(rows: Iterable[Explained]) -> Iterator[str]:
    return (f"{row.endpoint.protocol}/{row.endpoint.port} of {row.owner}" for row in rows)


def is_of_this_host(ground: Ground, look: SocketLook) -> bool:
    """Tell whether a recipe has anything to do with a host: its owner is there, something of it listens, or its Windows comes with it."""
    recipe = ground.knowledge.recipes[look.recipe]
    if not any(known.id == recipe.id for known, _pattern in ground.knowledge.patterns(ground.windows)):
        return False
    if recipe.id in ground.version.minimize or ground.host is None:
        return True
    installed = any(ground.host.services.get(name) is not None for name in (*recipe.services, *recipe.drivers))
    return installed or any(row.recipe == recipe.id for row in ground.explained or ())


def look_at_socket(ground: Ground, look: SocketLook) -> Verdict:
    """See whether listeners of a recipe are there while their owner runs, and absent where a method is in place."""
    if ground.explained is None or ground.host is None:
        return not_seen(ground.unlisted)
    recipe = ground.knowledge.recipes[look.recipe]
    patterns = [pattern for known, pattern in ground.knowledge.patterns(ground.windows) if known.id == recipe.id]
    open_now = [row for row in ground.explained if row.recipe == recipe.id]
    in_place = [method for method in recipe.methods_on(ground.windows) if _is_in_place(method, ground.host)]
    if in_place:
        return _closed(in_place[0], open_now)
    lacking: list[str] = []
    for pattern in patterns:
        name = f"{pattern.protocol}/{pattern.port}"
        if name in look.ports and _runs(recipe, pattern, ground.host) and not _is_open(pattern, recipe, ground.explained):
            lacking.append(name)
    if lacking:
        return contradicted(f"{some(lacking)} open while {some((*recipe.services, *recipe.drivers, *recipe.processes))} runs", "not listed")
    if open_now:
        return confirmed(some(_names(open_now)))
    if any(_is_open(pattern, recipe, ground.explained) for pattern in patterns):
        return not_seen("an endpoint that several services can own may be it")
    owners = (*recipe.services, *recipe.drivers, *recipe.processes)
    return not_seen(f"nothing of {some(owners)} listens now, which it need not")


def _is_in_place(method: Method, host: Host) -> bool:
    """Tell whether a method that works by services alone has been carried out, and holds."""
    if method.status is not Status.WORKS or not method.services or method.values:
        return False
    services = [found for name in method.services if (found := host.services.get(name)) is not None]
    return bool(services) and all(service.stopped and service.start_mode is StartMode.DISABLED for service in services)


def _closed(method: Method, open_now: list[Explained]) -> Verdict:
    """Say whether what a method closes is closed; one that ends in a shared process may be open until that ends."""
    if not open_now:
        return confirmed(f"closed, as {some(method.services)} is disabled")
    if all(row.dynamic or len(row.owners) != 1 for row in open_now):
        return not_seen(f"{some(method.services)} is disabled, and its process may hold the port until it ends")
    return contradicted(f"closed, as {some(method.services)} is disabled", some(_names(open_now)))


def _owners(recipe: Recipe, pattern: ListenerPattern) -> Names:
    return Names(pattern.services or (*recipe.services, *recipe.drivers))


def _runs(recipe: Recipe, pattern: ListenerPattern, host: Host) -> bool:
    services = (host.services.get(name) for name in _owners(recipe, pattern))
    if any(service is not None and service.state == "Running" for service in services):
        return True
    return not pattern.services and any(name.lower() in {known.lower() for known in recipe.processes} for name in host.processes.values())


def _is_open(pattern: ListenerPattern, recipe: Recipe, rows: Iterable[Explained]) -> bool:
    """Tell whether a listener is there that may be the recipe's."""
    owners = set(_owners(recipe, pattern)) | set(Names(recipe.processes))
    for row in rows:
        if row.endpoint.protocol is not pattern.protocol:
            continue
        if not isinstance(pattern.port, Port):
            if row.endpoint.port == pattern.port:
                return True
        elif row.recipe == recipe.id or any(name in Names(owners) for name in row.owners):
            return True
    return False
