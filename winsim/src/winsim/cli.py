# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""`winsim`: simulated Windows hosts as a program, in the foreground or as a daemon."""

from __future__ import annotations

import argparse
import math
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from .inventory import write_inventory
from .scenarios import ScenarioError, load_scenario, part_titles, several
from .server import LOGINS, HostSpec, Simulation, safe_name, scenario_titles
from .sockets import NoAddress
from .twins import CaptureError, Twin, read_twin

_EXPECTED = (NoAddress, OSError, ScenarioError)
_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})
_READY = "winsim: ready: "
_LONGEST = 86_400.0
_LAST_PORT = 65_535
NO_WINRM = "+no_winrm"
"""The part that `--no-winrm` lays over each scenario."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit status."""
    options = _parser().parse_args(arguments)
    if options.list:
        _list()
        return 0
    if not options.scenario and not options.capture:
        _complain("name at least one --scenario or --capture, or see --list")
        return 2
    try:
        twins = [read_twin(path) for path in options.capture]
        specs = [*host_specs(options), *twin_specs(twins, options)]
    except (CaptureError, ScenarioError, ValueError) as error:
        _complain(str(error))
        return 2
    for twin in twins:
        _introduce(twin)
    return _daemonize(specs, options) if options.daemonize else _serve(specs, options, lambda: None)


def _list() -> None:
    """Say which scenarios there are, and which parts can be laid over one."""
    titles, parts = scenario_titles(), part_titles()
    width = max(map(len, (*titles, *parts)))
    for name, description in titles.items():
        _say(f"{name:<{width}} {description}")
    _say("\nparts, to be laid over a scenario (SCENARIO+PART+PART):")
    for name, description in parts.items():
        _say(f"{name:<{width}} {description}".rstrip())


def host_specs(options: argparse.Namespace) -> list[HostSpec]:
    """Return the hosts that the options ask for.

    Raises:
        ScenarioError: there is no such scenario or part, or a file is wrong.
        ValueError: the options do not fit together.
    """
    specs = []
    for expression in options.scenario:
        number, scenario = several(f"{expression}{NO_WINRM}" if options.no_winrm else expression)
        load_scenario(scenario)
        specs += [_spec(scenario, options)] * number
    return specs


def twin_specs(twins: Sequence[Twin], options: argparse.Namespace) -> list[HostSpec]:
    """Return a host for each twin, called as in its capture; ValueError as for `host_specs`."""
    names = [safe_name(twin.name) for twin in twins]
    unique = [name if names.count(name) == 1 else f"{name}-{names[: place + 1].count(name)}" for place, name in enumerate(names)]
    return [replace(_spec(f"{name} (a twin)", options), name=name, made=twin.scenario) for name, twin in zip(unique, twins, strict=True)]


def _spec(scenario: str, options: argparse.Namespace) -> HostSpec:
    return HostSpec(
        scenario=scenario,
        auth=options.auth,
        tls=options.tls,
        forward=options.forward,
        ipv6=options.ipv6,
        boot_seconds=options.boot_seconds,
        speed=options.speed,
        latency=options.latency,
        seed=options.seed,
    )


def _introduce(twin: Twin) -> None:
    """Say what a twin cannot know of its host."""
    _say(f"winsim: {twin.scenario.title}. What its capture cannot tell, and what the twin does instead:")
    for sentence in twin.cannot_tell:
        _say(f"  - {sentence}.")


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 < number < _LONGEST:
        raise argparse.ArgumentTypeError(f"'{text}' is no number above 0 and below {_LONGEST:g}")
    return number


def _milliseconds(text: str) -> float:
    return 0.0 if text in ("0", "0.0") else _positive(text)


def _port(text: str) -> int:
    if not text.isdecimal() or len(text) > len(str(_LAST_PORT)) or int(text) > _LAST_PORT:
        raise argparse.ArgumentTypeError(f"'{text}' is no port; give 0 for any, or 1 to {_LAST_PORT}")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="winsim", description="Run simulated Windows hosts that answer WinRM on loopback addresses until SIGTERM or Ctrl-C."
    )
    add = parser.add_argument
    add("--list", action="store_true", help="name the scenarios and end")
    wanted = (
        "start a host of this scenario: a name of --list, or the path of a file (./my.yml); repeatable; "
        "50*NAME starts fifty, NAME+PART lays a part over it"
    )
    add("--scenario", action="append", default=[], metavar="NAME", help=wanted)
    twin = "start the twin of a captured host: FILE is a capture of the collection netmin.windows (web01.zip); repeatable"
    add("--capture", action="append", default=[], type=Path, metavar="FILE", help=twin)
    add("--inventory", type=Path, metavar="FILE", help="write an Ansible inventory with these hosts")
    add("--window-port", type=_port, default=0, metavar="N", help="port of the testers' window on 127.0.0.1 (default: any)")
    add("--pid-file", type=Path, metavar="FILE", help="write the process id there; removed at the end")
    add("--forward", action="store_true", help="let clients use a forwarded port that the host itself knows nothing of")
    add("--ipv6", action="store_true", help="let clients use the IPv6 loopback address ::1")
    add("--auth", choices=LOGINS, default="ntlm", help="what the inventory uses (default: ntlm)")
    add("--tls", action="store_true", help="WinRM over https, with a certificate made at the start")
    add("--no-winrm", action="store_true", help="nobody reaches the hosts but from their own console (Windows 2000 and XP)")
    add("--daemonize", action="store_true", help="return when the hosts listen and go on in the background")
    add("--boot-seconds", type=_positive, metavar="S", help="how long a restart takes (default: the scenario's)")
    add("--speed", type=_positive, default=1.0, metavar="N", help="let time pass N times as fast in the hosts (default: 1)")
    add("--latency", type=_milliseconds, default=0.0, metavar="MS", help="let each answer take MS milliseconds longer (default: 0)")
    add("--seed", type=int, metavar="N", help="shuffle start order, dynamic ports and process ids")
    return parser


def _serve(specs: Sequence[HostSpec], options: argparse.Namespace, ready: Callable[[], None]) -> int:
    """Run until a signal; exit status 0 after one, 1 if the hosts could not be started.

    `ready` is called after the line that says that all listen.
    """
    # Blocked before the first thread, which inherits it: the main thread alone waits for them.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    _allow_many_sockets()
    try:
        with Simulation(specs, window_port=options.window_port) as simulation:
            _announce(simulation, options)
            ready()
            signal.sigwait(_SIGNALS)
    except _EXPECTED as error:
        _complain(str(error))
        return 1
    finally:
        if options.pid_file is not None:
            options.pid_file.unlink(missing_ok=True)
    return 0


def _allow_many_sockets() -> None:
    """Raise the soft limit of open files to the hard one: a host takes some twenty, and 1024 is a common limit."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _announce(simulation: Simulation, options: argparse.Namespace) -> None:
    """Write the files, then the one line that says that all listen."""
    if options.inventory is not None:
        write_inventory(options.inventory, simulation.hosts)
    if options.pid_file is not None:
        options.pid_file.parent.mkdir(parents=True, exist_ok=True)
        options.pid_file.write_text(f"{os.getpid()}\n", encoding="utf-8")
    hosts = ", ".join(f"{host.name} at {host.place}" for host in simulation.hosts)
    _say(f"{_READY}{hosts}; window {simulation.window_url}")


def _daemonize(specs: Sequence[HostSpec], options: argparse.Namespace) -> int:
    """Go on in a child; the parent returns when that listens, and says what it said."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        os.close(reading)
        _child(specs, options, writing)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        said = pipe.read().strip()
    if _READY in said:
        _say(said)
        return 0
    sys.stderr.write(f"{said or 'winsim: the background process ended without a word'}\n")
    return 1


def _child(specs: Sequence[HostSpec], options: argparse.Namespace, writing: int) -> NoReturn:
    """Leave the terminal; words go into the parent's pipe until the hosts listen, and nowhere from then on."""
    status = 1
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, 0)
        os.dup2(writing, 1)
        os.dup2(writing, 2)
        os.close(writing)

        def ready() -> None:
            sys.stdout.flush()
            os.dup2(null, 1)
            os.dup2(null, 2)

        status = _serve(specs, options, ready)
    except BaseException:
        # The process ends here, so that nobody else would write it: into the pipe, from where the parent hands it on.
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _complain(line: str) -> None:
    sys.stderr.write(f"winsim: {line}\n")
    sys.stderr.flush()
