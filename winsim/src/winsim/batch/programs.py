# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs that are known for scripts, beside those that a remote shell has as well (`providers.programs`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from winsim.cmd.system import Run

from .asked import Asked, Output
from .findstr import findstr
from .firewall_tools import netsh
from .listings import driverquery, ipconfig, netstat, route, rpccfg, tasklist
from .registry_tools import reg, regedit
from .service_tools import net, sc
from .small_tools import chcp, fltmc, fsutil, hostname, timeout
from .text_tools import fc, find, more, sort

PROGRAMS: Mapping[str, Callable[[Asked], Output]] = {
    "chcp": chcp,
    "driverquery": driverquery,
    "fc": fc,
    "find": find,
    "findstr": findstr,
    "fltmc": fltmc,
    "fsutil": fsutil,
    "hostname": hostname,
    "ipconfig": ipconfig,
    "more": more,
    "netsh": netsh,
    "netstat": netstat,
    "reg": reg,
    "regedit": regedit,
    "route": route,
    "rpccfg": rpccfg,
    "sc": sc,
    "sort": sort,
    "tasklist": tasklist,
}
SLOW: Mapping[str, Callable[[Asked], Run]] = {"net": net, "net1": net, "timeout": timeout}
"""Those that may wait."""
