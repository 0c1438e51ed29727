# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Wait until a host has settled after a boot: only then does a listing say what stays.

Settled: no automatic service is still starting, the delayed-start window is over where the host has delayed
services, and two listings in a row are equal. Clocks are passed in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ansible_collections.netmin.windows.plugins.plugin_utils._core.clock import Clock
from ansible_collections.netmin.windows.plugins.plugin_utils._core.endpoint import Endpoint
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import Reader, StartMode
from ansible_collections.netmin.windows.plugins.plugin_utils._host.host import BootEvidence, Host, Service, read_boot, read_services
from ansible_collections.netmin.windows.plugins.plugin_utils._host.listing import Listing
from ansible_collections.netmin.windows.plugins.plugin_utils._host.start import is_delayed

# Delayed services begin two minutes after the others (Microsoft, AutoStartDelay: 120 seconds); one more to start.
DELAYED_WINDOW = 180.0


@dataclass(frozen=True, slots=True)
class Settling:
    """How the wait ended.

    Attributes:
        listing: the last one taken.
        settled: False where the limit was reached first.
        waiting_for: what was still missing then.
        uptime: seconds since the boot when the listing was taken, as far as all clocks agree.
    """

    listing: Listing
    settled: bool
    waiting_for: str
    uptime: float | None


class Uptime:
    """How long a host has been up, by clocks of which each may be wrong: never more than any of them allows.

    Args:
        seen: seconds since the controller saw the boot; None where it did not.
    """

    def __init__(self, clock: Clock, seen: float | None) -> None:
        self._clock = clock
        self._began = clock.now()
        self._seen = seen
        self._first: float | None = None

    def of(self, evidence: BootEvidence) -> float | None:
        """Return the seconds since the boot that are certain; None where nothing is."""
        passed = self._clock.now() - self._began
        watched = None if self._seen is None else self._seen + passed
        known = [seconds for seconds in (evidence.uptime, watched) if seconds is not None]
        if not known:
            return None
        if self._first is None:
            self._first = min(known) - passed
        # A clock that is set while we wait makes no time pass.
        return min(*known, self._first + passed)


def settle(
    reader: Reader,
    host: Host,
    take: Callable[[], Listing],
    clock: Clock,
    *,
    limit: float,
    interval: float,
    seen: float | None = None,
) -> Settling:
    """List until two listings in a row agree and nothing is starting any more, or until the limit.

    Args:
        seen: seconds since the controller saw the boot; None where it did not.
    """
    deadline = clock.now() + limit
    up = Uptime(clock, seen)
    uptime = up.of(read_boot(reader))
    # While delayed services are to come no listing says anything: only the time is asked for.
    delayed = has_delayed(reader, host)
    while delayed and (uptime is None or uptime < DELAYED_WINDOW):
        if clock.now() + interval > deadline:
            return Settling(take(), False, "delayed services may still start until three minutes after the boot", uptime)
        clock.sleep(interval)
        reader.forget()
        uptime = up.of(read_boot(reader))
    previous: tuple[Endpoint, ...] | None = None
    while True:
        listing = take()
        missing = _missing(read_services(reader, host.windows.nt, host.dependents).values(), previous, listing)
        if not missing:
            return Settling(listing, True, "", uptime)
        if clock.now() + interval > deadline:
            return Settling(listing, False, missing, uptime)
        previous = tuple(sorted(listing.endpoints, key=str))
        clock.sleep(interval)
        reader.forget()
        uptime = up.of(read_boot(reader))


def _missing(services: Iterable[Service], previous: tuple[Endpoint, ...] | None, listing: Listing) -> str:
    starting = [service.name for service in services if service.start_mode is StartMode.AUTO and service.state == "Start Pending"]
    if starting:
        return f"{', '.join(starting)} still starting"
    if previous != tuple(sorted(listing.endpoints, key=str)):
        return "two listings in a row differ" if previous is not None else "a second listing"
    return ""


def has_delayed(reader: Reader, host: Host) -> bool:
    """Tell whether any automatic service is delayed; Windows before Vista knows no such thing."""
    automatic = (service for service in host.services.values() if service.start_mode is StartMode.AUTO)
    return any(is_delayed(service, reader, host.windows.nt) for service in automatic)
