#!/usr/bin/env python
# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Try the collection on a real Windows, and leave one page that says what was confirmed and what was contradicted.

  make real WINDOWS=2022                                    a throw-away machine in a container (Linux with KVM and Docker)
  make real REAL_HOST=web01 REAL_INVENTORY=hosts.yml        any host of an inventory; what changes it is left out
  make real REAL_HOST=vm01 REAL_INVENTORY=hosts.yml BREAK=yes    a host that may be closed, restarted and broken

Ends with 1 if anything was contradicted or failed, and with 2 if there was no host to try.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from ansible_collections.netmin.windows.tests.real import machine, outside
from ansible_collections.netmin.windows.tests.real.report import PAGE, Ended, Finding, Folder, page, plain
from ansible_collections.netmin.windows.tests.real.steps import STEPS, Trial, do
from ansible_collections.netmin.windows.tests.real.target import ROOT, NoTarget, Target, one_of
from ansible_collections.netmin.windows.tests.real.versions import ALL, NoSuchWindows, Version, version_named

NO_TARGET = 2
FINDINGS = "findings.json"
# What steps put into the folder.
FOLDERS = ("capture", "doctor", "give_away", "steps")
NAMES = tuple(step.name for step in STEPS)


def main(arguments: Sequence[str]) -> int:
    """Find the host, try it, and write the page."""
    options = parsed(arguments)
    try:
        if options.host:
            if not options.inventory:
                raise NoTarget("REAL_HOST names a host, and REAL_INVENTORY no inventory that it is in")
            with one_of(options.inventory, options.host) as target:
                return tried(target, options, label=options.host, may_change=options.may_break_it)
        version = version_named(options.windows)
        files = Path(options.files) if options.files else None
        with machine.machine(version, say, engine=options.engine, image=options.image, files=files) as target:
            return tried(target, options, label=version.name, may_change=True, version=version)
    except (NoSuchWindows, NoTarget, machine.NoMachine) as error:
        sys.stderr.write(f"make real: {error}\n")
        return NO_TARGET


def parsed(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    which = parser.add_argument_group("which host")
    which.add_argument("--windows", metavar="VERSION", help=f"a throw-away machine: {', '.join(version.name for version in ALL)}")
    which.add_argument("--host", metavar="NAME", help="a host of an inventory")
    which.add_argument("--inventory", metavar="FILE", help="the inventory")
    which.add_argument("--may-break-it", action="store_true", help="do what changes and restarts the host, too")
    which.add_argument("--not-its-own", metavar="PORTS", default="", help="TCP ports that answer at its address and are not the host's")
    which.add_argument("--sudo", action="store_true", help="let nmap become root with sudo, which it needs for UDP")
    parser.add_argument("--steps", metavar="NAMES", help=f"only these, with commas between: {', '.join(NAMES)}")
    parser.add_argument("--out", metavar="FOLDER", help="in place of build/real/VERSION or build/real/NAME")
    made = parser.add_argument_group("the throw-away machine")
    made.add_argument("--engine", default="docker", help="the container engine (default: docker)")
    made.add_argument("--image", default=machine.IMAGE, help=f"the image (default: {machine.IMAGE})")
    made.add_argument("--files", metavar="FOLDER", help="what is put beside install.bat")
    options = parser.parse_args(arguments)
    if bool(options.windows) == bool(options.host):
        parser.error("name either a Windows (make real WINDOWS=2022) or a host (make real REAL_HOST=web01 REAL_INVENTORY=hosts.yml)")
    unknown = [name for name in chosen(options.steps) if name not in NAMES]
    if unknown:
        parser.error(f"there is no step {', '.join(unknown)}; there are {', '.join(NAMES)}")
    return options


def chosen(steps: str | None) -> list[str]:
    """Return the names of the steps that are wanted."""
    return [name.strip() for name in steps.split(",") if name.strip()] if steps else list(NAMES)


def tried(target: Target, options: argparse.Namespace, *, label: str, may_change: bool, version: Version | None = None) -> int:
    """Do every step on a host, and write what came of them."""
    out = Path(options.out) if options.out else ROOT / "build/real" / label.replace("/", "_").lstrip(".")
    remove_earlier(out)
    folder = Folder(out.resolve(), target.secrets)
    exclude = outside.OF_THE_CONTAINER if version is not None else options.not_its_own
    trial = Trial(target, folder, expected=version.ids if version else (), exclude=exclude, sudo=options.sudo)
    wanted, findings = chosen(options.steps), list[Finding]()
    for step in STEPS:
        if step.name not in wanted:
            continue
        say(f"{label}: {step.name}")
        findings.append(do(step, trial, may_change=may_change))
        say(f"{label}: {step.name}: {findings[-1].ended}")
        # After each step: whoever ends the run in the middle has what was found up to there.
        write_page(trial, label, findings)
    leaks = target.secrets.remove_leaks(folder.path)
    if leaks:
        names = ", ".join(str(path.relative_to(folder.path)) for path in leaks)
        findings.append(Finding("secrets", contradicted=[f"these files held a password and were removed: {names}"]))
    write_page(trial, label, findings)
    say(f"see {folder.path / PAGE}")
    return int(any(found.ended in (Ended.CONTRADICTED, Ended.FAILED) for found in findings))


def remove_earlier(out: Path) -> None:
    """Remove what an earlier run left, which must not pass for what this one found; anything else in the folder stays."""
    for name in (PAGE, FINDINGS):
        (out / name).unlink(missing_ok=True)
    for name in FOLDERS:
        shutil.rmtree(out / name, ignore_errors=True)


def write_page(trial: Trial, label: str, findings: Sequence[Finding]) -> None:
    """Write the page, and the same for other programs."""
    windows = trial.seen.get("windows")
    what = f"{windows['caption']}, build {windows['build']}." if windows else "It was never reached."
    trial.folder.write(PAGE, page(label, what, findings))
    trial.folder.write_json(FINDINGS, plain(findings))


def say(line: str) -> None:
    """Write one line at once: a run takes an hour."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
