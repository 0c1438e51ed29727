# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The program: its options, its inventory, its life in the foreground and in the background."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml

from winsim import cli
from winsim.inventory import inventory_text
from winsim.server import Host
from winsim_tests.fake import FakeComputer

WINSIM = Path(sys.executable).with_name("winsim")


def specs(*arguments: str) -> list[str]:
    options = cli._parser().parse_args(arguments)  # noqa: SLF001 - what argparse makes of the arguments is the point
    return [spec.scenario for spec in cli.host_specs(options)]


def test_scenarios_repeat_and_multiply() -> None:
    assert specs("--scenario", "windows_xp", "--scenario", "3*windows_2000") == ["windows_xp"] + ["windows_2000"] * 3


def test_parts_are_laid_over_a_scenario() -> None:
    assert specs("--scenario", "2*windows_xp+hazard_time") == ["windows_xp+hazard_time"] * 2


def test_a_file_counts_as_a_scenario(tmp_path: Path) -> None:
    file = tmp_path / "my.yml"
    file.write_text("extends: windows_xp\ntitle: mine\n", encoding="utf-8")
    assert specs("--scenario", f"2*{file}+hazard_time", "--scenario", str(file)) == [f"{file}+hazard_time"] * 2 + [str(file)]


def test_a_file_that_is_wrong_is_refused_before_anything_starts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "my.yml"
    assert cli.main(["--scenario", str(file)]) == 2
    assert capsys.readouterr().err == f"winsim: {file}: cannot be read: No such file or directory\n"
    file.write_text("extends: windows_xp\ntitle: mine\ncolour: blue\nempty_list: never\n", encoding="utf-8")
    assert cli.main(["--scenario", f"3*{file}"]) == 2
    said = capsys.readouterr().err.splitlines()
    assert said[0].startswith("winsim: my.yml: $.colour: unknown key; ")
    assert said[1].startswith("my.yml: $.empty_list: 'never' is none of ")


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("windows_xp+hazard_tim", "there is no part hazard_tim; near are hazard_time"),
        ("windows_pp+hazard_time", "no scenario is called windows_pp+hazard_time; near are windows_xp"),
        ("windows_xp+role_rdp_host", "windows_xp+role_rdp_host: $.services["),
        ("windows_xp+", "no scenario is called windows_xp+; "),
    ],
)
def test_an_expression_that_is_wrong_is_refused_before_anything_starts(
    expression: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--scenario", expression]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("name", ["windows_95", "x*windows_xp", "../windows_xp", ""])
def test_unknown_scenarios_are_named(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--scenario", name]) == 2
    said = capsys.readouterr().err
    assert f"no scenario is called {name}; " in said
    assert "there are windows_10, windows_10_1709, windows_11" in said


def test_without_a_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert "--list" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "value"),
    [
        *((option, value) for option in ("--boot-seconds", "--speed") for value in ("nan", "inf", "-inf", "-1", "0", "1e999", "fast", "")),
        *(("--latency", value) for value in ("nan", "inf", "-1", "1e999", "slow", "")),
        *(("--window-port", value) for value in ("-1", "65536", "1.5", "http", "9" * 5000, "")),
    ],
)
def test_a_number_that_makes_no_sense_is_refused_in_one_sentence(option: str, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--scenario", "windows_xp", f"{option}={value}"])
    assert ended.value.code == 2
    said = capsys.readouterr().err.splitlines()
    assert said[-1].startswith(f"winsim: error: argument {option}: '{value[:20]}")
    assert not any("Traceback" in line for line in said)


@pytest.mark.parametrize(
    ("option", "value"),
    [("--boot-seconds", 0.01), ("--speed", 60.0), ("--speed", 0.5), ("--latency", 0), ("--latency", 30.0), ("--window-port", 65535)],
)
def test_numbers_that_make_sense_are_taken(option: str, value: float) -> None:
    options = cli._parser().parse_args([option, str(value)])  # noqa: SLF001 - what argparse makes of the arguments is the point
    assert getattr(options, option[2:].replace("-", "_")) == value


def test_scenarios_are_listed_with_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    between = lines.index("")
    assert {"windows_2000", "windows_xp"} <= {line.split()[0] for line in lines[:between]}
    assert {"role_web_server", "hazard_shares_in_use"} <= {line.split()[0] for line in lines[between + 2 :]}
    assert all(len(line.split()) > 2 for line in lines if line)


def test_an_inventory_is_ready_to_use() -> None:
    host = Host(
        name="xp-1", scenario="windows_xp", address="127.77.1.1", own_address="127.77.1.1", port=5985, scheme="https", auth="ntlm",
        user="Administrator", password="a: 'b' # {{ c }}", window_url="http://127.0.0.1:1/hosts/xp-1", computer=FakeComputer(),
    )  # fmt: skip
    row = yaml.safe_load(inventory_text([host]))["windows"]["hosts"]["xp-1"]
    assert row["ansible_host"] == "127.77.1.1"
    assert (row["ansible_connection"], row["ansible_winrm_transport"], row["ansible_port"]) == ("winrm", "ntlm", 5985)
    assert row["ansible_password"] == "a: 'b' # {{ c }}"
    assert row["ansible_winrm_server_cert_validation"] == "ignore"
    assert (row["winsim_name"], row["winsim_window"]) == ("xp-1", "http://127.0.0.1:1/hosts/xp-1")


def winsim(folder: Path, *arguments: str) -> list[str]:
    files = ["--inventory", str(folder / "hosts.yml"), "--pid-file", str(folder / "pid")]
    return [str(WINSIM), "--scenario", "2*windows_xp", *files, *arguments]


@pytest.mark.slow
def test_in_the_foreground_it_says_one_line_and_ends_on_a_signal(tmp_path: Path) -> None:
    with subprocess.Popen(winsim(tmp_path), stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        line = running.stdout.readline()
        assert line.startswith("winsim: ready: xp-1 at 127.")
        hosts = yaml.safe_load((tmp_path / "hosts.yml").read_text(encoding="utf-8"))["windows"]["hosts"]
        assert set(hosts) == {"xp-1", "xp-2"}
        assert (tmp_path / "hosts.yml").stat().st_mode & 0o077 == 0
        assert int((tmp_path / "pid").read_text(encoding="utf-8")) == running.pid
        running.send_signal(signal.SIGTERM)
        assert running.stdout.read() == ""
    assert running.returncode == 0
    assert not (tmp_path / "pid").exists()


@pytest.mark.slow
def test_as_a_daemon_it_returns_when_it_listens(tmp_path: Path) -> None:
    done = subprocess.run(winsim(tmp_path, "--daemonize"), capture_output=True, text=True, timeout=60, check=True)
    pid = int((tmp_path / "pid").read_text(encoding="utf-8"))
    try:
        assert done.stdout.startswith("winsim: ready: ")
        assert done.stdout.count("\n") == 1
        assert os.getsid(pid) == pid
    finally:
        os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 30
    while (tmp_path / "pid").exists() and time.monotonic() < deadline:
        time.sleep(0.02)  # another process ends; nothing to wait on
    assert not (tmp_path / "pid").exists()


def test_a_daemon_that_breaks_says_where(tmp_path: Path) -> None:
    broken = "from winsim import cli\ndef broken(*_):\n    raise LookupError('what nobody expects')\ncli._serve = broken\n"
    command = [sys.executable, "-c", broken + "raise SystemExit(cli.main(['--scenario', 'windows_xp', '--daemonize']))"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert "LookupError: what nobody expects" in done.stderr


@pytest.mark.slow
def test_a_daemon_that_cannot_start_says_so(tmp_path: Path) -> None:
    missing = tmp_path / "file"
    missing.touch()
    command = [*winsim(tmp_path, "--daemonize")[:-5], "--inventory", str(missing / "below"), "--daemonize"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("winsim: ")
    assert "Traceback" not in done.stderr
