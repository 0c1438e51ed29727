# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The window for testers: each host's true state, its journal, and the switches for faults and clock.

JSON over HTTP on 127.0.0.1, apart from WS-Man. A tester asks it, never the client under test.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .limits import LONGEST_STEP
from .sockets import SHARED, HostSockets, listen
from .wire.injection import KINDS

if TYPE_CHECKING:
    from .station import Station

RunBatch = Callable[[object, object], dict[str, object]]
"""Runs a batch file on a computer as a request asks for it."""

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LONGEST_ADVANCE = 31 * 24 * 3600


class Window:
    """The window's server."""

    def __init__(self, stations: Mapping[str, Station], run_batch: RunBatch) -> None:
        self._stations = stations
        self._run_batch = run_batch
        self._runner: web.AppRunner | None = None

    async def start(self, port: int) -> str:
        """Listen on 127.0.0.1, on any port if it is 0, and return the base URL.

        Raises:
            OSError: the port is taken.
        """
        app = web.Application(middlewares=[_guard])
        app.add_routes(
            [
                web.get("/hosts", self._hosts),
                web.get("/hosts/{name}", self._host),
                web.get("/hosts/{name}/boots", self._part("boots")),
                web.get("/hosts/{name}/drivers", self._part("drivers")),
                web.get("/hosts/{name}/dump", self._dump),
                web.get("/hosts/{name}/endpoints", self._endpoints),
                web.get("/hosts/{name}/faults", self._faults),
                web.get("/hosts/{name}/journal", self._journal),
                web.get("/hosts/{name}/registry", self._registry),
                web.get("/hosts/{name}/files", self._part("files")),
                web.get("/hosts/{name}/services", self._part("services")),
                web.get("/hosts/{name}/tasks", self._part("tasks")),
                web.get("/hosts/{name}/sockets", self._sockets),
                web.post("/hosts/{name}/batch", self._batch),
                web.post("/hosts/{name}/boot", self._boot),
                web.post("/hosts/{name}/clock", self._clock),
                web.post("/hosts/{name}/faults", self._arm),
                web.post("/hosts/{name}/reset", self._reset),
                web.delete("/hosts/{name}/faults", self._disarm),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        opened = listen(SHARED, port)
        await web.SockSite(self._runner, opened).start()
        return f"http://{SHARED}:{opened.getsockname()[1]}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    def _station(self, request: web.Request) -> Station:
        name = request.match_info["name"]
        station = self._stations.get(name)
        if station is None:
            raise LookupError(f"no host is called {name}; there are {', '.join(sorted(self._stations))}")
        return station

    async def _hosts(self, _request: web.Request) -> web.Response:
        return _json([_summary(station) for station in self._stations.values()])

    async def _host(self, request: web.Request) -> web.Response:
        return _json(_summary(self._station(request)))

    def _part(self, key: str) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            return _json(self._station(request).computer.state()[key])

        return answer

    async def _endpoints(self, request: web.Request) -> web.Response:
        return _json(self._station(request).computer.dump()["endpoints"])

    async def _registry(self, request: web.Request) -> web.Response:
        """Answer with the whole registry, or with one key (`?key=`, regardless of case)."""
        registry: Any = self._station(request).computer.state()["registry"]
        key = request.query.get("key")
        if key is None:
            return _json(registry)
        found = next((values for name, values in registry.items() if name.lower() == key.lower()), None)
        if found is None:
            raise LookupError(f"no key {key}")
        return _json(found)

    async def _dump(self, request: web.Request) -> web.Response:
        station = self._station(request)
        return _json({**station.computer.dump(), **_summary(station)})

    async def _sockets(self, request: web.Request) -> web.Response:
        station = self._station(request)
        shown = _held(station.address.text, station.sockets)
        if station.six is not None and station.six_sockets is not None:
            shown["ipv6"] = _held(station.six.text, station.six_sockets)
        return _json(shown)

    async def _journal(self, request: web.Request) -> web.Response:
        since = request.query.get("since", "0")
        if not since.isascii() or not since.isdigit():
            raise ValueError("since is a number")
        return _json(self._station(request).http.journal.since(int(since)))

    async def _faults(self, request: web.Request) -> web.Response:
        return _json(_faults(self._station(request)))

    async def _arm(self, request: web.Request) -> web.Response:
        station = self._station(request)
        given = json.loads(await request.text())
        if not isinstance(given, list) or not all(isinstance(fault, dict) for fault in given):
            raise ValueError("a JSON list of faults is expected")
        for fault in given:
            (station.http.injector.arm if fault.get("kind") in KINDS else station.computer.inject)(fault)
        return _json(_faults(station))

    async def _disarm(self, request: web.Request) -> web.Response:
        station = self._station(request)
        station.http.injector.clear()
        station.computer.clear_faults()
        station.settle()
        return _json([])

    async def _clock(self, request: web.Request) -> web.Response:
        given = json.loads(await request.text())
        kind, seconds = next(iter(given.items())) if isinstance(given, dict) and len(given) == 1 else ("", None)
        if kind not in ("step", "advance") or isinstance(seconds, bool) or not isinstance(seconds, int | float):
            raise ValueError('{"step": seconds} or {"advance": seconds} is expected')
        if kind == "advance" and not 0 <= seconds <= _LONGEST_ADVANCE:
            raise ValueError(f"time passes forward, {_LONGEST_ADVANCE} seconds at most")
        # Written so that NaN, which JSON does not have and Python reads, is refused as well.
        if not abs(seconds) <= LONGEST_STEP:
            raise ValueError(f"a clock is moved by {LONGEST_STEP} seconds at most")
        station = self._station(request)
        if kind == "step":
            station.computer.step_clock(float(seconds))
        else:
            station.computer.pass_time(float(seconds))
            station.settle()
        return _json(_summary(station))

    async def _reset(self, request: web.Request) -> web.Response:
        station = self._station(request)
        station.reset()
        return _json(_summary(station))

    async def _batch(self, request: web.Request) -> web.Response:
        """Run a batch file at the host's console; while it runs nobody is served, and its waiting takes the host's time alone."""
        station = self._station(request)
        ended = self._run_batch(station.computer, json.loads(await request.text()))
        station.settle()
        return _json(ended)

    async def _boot(self, request: web.Request) -> web.Response:
        station = self._station(request)
        station.boot()
        return _json(_summary(station))


def _summary(station: Station) -> dict[str, object]:
    address, port = station.client_port()
    return {
        "name": station.name,
        "scenario": station.spec.scenario,
        "up": station.http.up,
        "address": station.address.text,
        "winrm": None if not port else f"[{address}]:{port}" if ":" in address else f"{address}:{port}",
        "profile": station.service.profile.name,
        "open": dict(station.service.open_operations),
        "errors": list(station.http.errors),
    }


def _faults(station: Station) -> list[dict[str, object]]:
    return [*station.http.injector.armed(), *(dict(fault) for fault in station.computer.faults())]


def _json(value: object, status: int = 200) -> web.Response:
    return web.Response(text=json.dumps(value), status=status, content_type="application/json")


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what testers got wrong into a sentence, and refuse pages of other origins (DNS rebinding)."""
    if request.host.rpartition(":")[0] not in {SHARED, "localhost"}:
        return _json({"error": "the window answers on 127.0.0.1 only"}, 403)
    try:
        return await handler(request)
    except LookupError as error:
        return _json({"error": str(error.args[0])}, 404)
    except ValueError as error:
        return _json({"error": str(error)}, 400)


def _held(address: str, sockets: HostSockets) -> dict[str, object]:
    return {"address": address, "open": sockets.open_ports, "silent": sockets.silent_ports, "refused": sockets.refused}
