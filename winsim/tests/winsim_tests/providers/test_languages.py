# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts that speak German and Japanese: netstat, what is not found, code pages, the operating system's own words on it."""

from __future__ import annotations

import pytest

from .walk import CIMV2, Walk, parse, walk

GERMAN, JAPANESE = "windows_server_2008_r2_german", "windows_7_japanese"


def said(host: Walk, *words: str, code_page: int | None = None, encoding: str) -> tuple[str, str]:
    """Return what a command writes, decoded strictly."""
    result = host.computer.console.run(words[0], words[1:], code_page)
    return result.stdout.decode(encoding), result.stderr.decode(encoding)


def test_german_translates_columns_and_states() -> None:
    lines = said(walk(GERMAN), "netstat", "-ano", encoding="cp850")[0].splitlines()
    assert lines[1] == "Aktive Verbindungen"
    assert lines[3].split() == ["Proto", "Lokale", "Adresse", "Remoteadresse", "Status", "PID"]
    assert {line.split()[3] for line in lines if line.startswith("  TCP")} == {"ABH\u00d6REN"}
    assert lines[3].index("Remoteadresse") == lines[4].index("0.0.0.0:0")


def test_japanese_has_a_wider_first_column_and_english_states() -> None:
    lines = said(walk(JAPANESE), "netstat", "-ano", encoding="cp932")[0].splitlines()
    assert lines[1] == "\u30a2\u30af\u30c6\u30a3\u30d6\u306a\u63a5\u7d9a"
    words = lines[3].split()
    assert words[0] == "\u30d7\u30ed\u30c8\u30b3\u30eb"
    assert words[-2:] == ["\u72b6\u614b", "PID"]
    assert {line.split()[3] for line in lines if line.startswith("  TCP")} == {"LISTENING"}
    assert lines[4].startswith("  TCP         0.0.0.0:")


@pytest.mark.parametrize("scenario", [GERMAN, JAPANESE])
def test_a_language_changes_no_endpoint(scenario: str) -> None:
    host = walk(scenario)
    stdout = said(host, "netstat", "-ano", code_page=65001, encoding="utf-8")[0]
    assert set(parse(stdout)) == host.held()


@pytest.mark.parametrize(
    ("scenario", "own", "title"),
    [(GERMAN, "cp850", "Aktive Verbindungen"), (JAPANESE, "cp932", "\u30a2\u30af\u30c6\u30a3\u30d6\u306a\u63a5\u7d9a")],
)
def test_the_code_page_is_the_shells(scenario: str, own: str, title: str) -> None:
    host = walk(scenario)
    assert title in said(host, "netstat", "-ano", encoding=own)[0]
    assert title in said(host, "netstat", "-ano", code_page=65001, encoding="utf-8")[0]
    assert title in said(host, "netstat", "-ano", code_page=99999, encoding=own)[0]


def test_what_a_code_page_lacks_becomes_a_question_mark() -> None:
    stdout = said(walk(JAPANESE), "netstat", "-ano", code_page=437, encoding="ascii")[0]
    assert stdout.splitlines()[1] == "?" * 8
    assert "LISTENING" in stdout


@pytest.mark.parametrize(
    ("scenario", "encoding", "wanted"),
    [
        (GERMAN, "cp850", 'Der Befehl "powershell" ist entweder falsch geschrieben oder\r\nkonnte nicht gefunden werden.\r\n'),
        (JAPANESE, "cp932", "'powershell' \u306f\u3001"),
    ],
)
def test_what_is_not_found_is_said_in_its_language(scenario: str, encoding: str, wanted: str) -> None:
    stdout, stderr = said(walk(scenario), "powershell", encoding=encoding)
    assert stdout == ""
    assert stderr.startswith(wanted)


@pytest.mark.parametrize(
    ("scenario", "wanted"),
    [
        ("windows_7", (1033, "0409", "1252", "1")),
        (GERMAN, (1031, "0407", "1252", "49")),
        (JAPANESE, (1041, "0411", "932", "81")),
    ],
)
def test_the_operating_system_says_its_language(scenario: str, wanted: tuple[object, ...]) -> None:
    row = walk(scenario).computer.wmi.get(CIMV2, "Win32_OperatingSystem", {}).properties
    assert tuple(row[name] for name in ("OSLanguage", "Locale", "CodeSet", "CountryCode")) == wanted


def test_display_names_are_the_scenarios() -> None:
    row = walk(GERMAN).computer.wmi.get(CIMV2, "Win32_Service", {"Name": "Spooler"}).properties
    assert row["DisplayName"] == "Druckwarteschlange"
