# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Listings of the tools that a Windows has, in the languages and layouts that were seen."""

from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.model import StoredValue, ValueKind
from ansible_collections.netmin.windows.plugins.plugin_utils._collected.listings import (
    ServiceStatus,
    Task,
    by_display_name,
    decode,
    parse_code_page,
    parse_running,
    parse_services,
    parse_tasks,
    parse_values,
    parse_version,
)
from hypothesis import given
from hypothesis import strategies as st

RUNNING = ServiceStatus("Dhcp", "DHCP Client", "Running", accepts_stop=True, exit_code=0, pid=1234)
ENGLISH = """
SERVICE_NAME: Dhcp
DISPLAY_NAME: DHCP Client
        TYPE               : 20  WIN32_SHARE_PROCESS
        STATE              : 4  RUNNING
                                (STOPPABLE, NOT_PAUSABLE, ACCEPTS_SHUTDOWN)
        WIN32_EXIT_CODE    : 0  (0x0)
        SERVICE_EXIT_CODE  : 0  (0x0)
        CHECKPOINT         : 0x0
        WAIT_HINT          : 0x0
        PID                : 1234
        FLAGS              :
"""
SPANISH = """
NOMBRE_SERVICIO: Dhcp
NOMBRE_MOSTRAR: DHCP Client
        TIPO               : 20  WIN32_SHARE_PROCESS
        ESTADO             : 4  RUNNING
                                (STOPPABLE, NOT_PAUSABLE, ACCEPTS_SHUTDOWN)
        CÓD_SALIDA_WIN32   : 0  (0x0)
        CÓD_SALIDA_SERVICIO: 0  (0x0)
        PUNTO_COMPROB.     : 0x0
        INDICACIÓN_INICIO  : 0x0
        PID                : 1234
        MARCAS             :
"""
# The older layout: no blank after commas, a tab before the hexadecimal form, flags of what is stopped as well.
OLD = """
SERVICE_NAME: Alerter
DISPLAY_NAME: Alerter: tells others
        TYPE               : 20  WIN32_SHARE_PROCESS
        STATE              : 1  STOPPED
                                (NOT_STOPPABLE,NOT_PAUSABLE,IGNORES_SHUTDOWN)
        WIN32_EXIT_CODE    : 1077\t(0x435)
        SERVICE_EXIT_CODE  : 0\t(0x0)
        CHECKPOINT         : 0x0
        WAIT_HINT          : 0x0
        PID                : 0
        FLAGS              :
"""


@pytest.mark.parametrize("text", [ENGLISH, SPANISH], ids=["English", "Spanish"])
def test_a_service_is_read_by_places_and_numbers(text: str) -> None:
    """No label is looked at."""
    assert parse_services(text) == (RUNNING,)


def test_the_older_layout_is_read_and_one_block_does_not_run_into_another() -> None:
    """A colon in a display name does not end it."""
    stopped = ServiceStatus("Alerter", "Alerter: tells others", "Stopped", accepts_stop=None, exit_code=1077, pid=None)
    assert parse_services(ENGLISH + OLD + SPANISH) == (RUNNING, stopped, RUNNING)


def test_a_driver_has_no_process() -> None:
    """What `sc queryex type= driver` shows."""
    text = ENGLISH.replace("20  WIN32_SHARE_PROCESS", "1  KERNEL_DRIVER").replace("PID                : 1234", "PID                : 0")
    assert parse_services(text)[0].pid is None


@pytest.mark.parametrize(
    "broken", ["", "[SC] EnumServicesStatus FAILED 234:\n\nMore data is available.\n", ENGLISH[:60], "SERVICE_NAME: x\n"]
)
def test_what_is_no_whole_block_is_no_service(broken: str) -> None:
    """A list that was refused or cut has fewer services, and invents none."""
    assert parse_services(broken) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Microsoft Windows 2000 [Version 5.00.2195]", (5, 0, 2195)),
        ("Microsoft Windows XP [Version 5.1.2600]", (5, 1, 2600)),
        ("Microsoft Windows [Version 10.0.20348.2340]", (10, 0, 20348)),
        ("Microsoft Windows [Versión 6.1.7601]", (6, 1, 7601)),
        ("Microsoft Windows [版本 6.3.9600]", (6, 3, 9600)),
    ],
)
def test_a_version_is_read_in_any_language(text: str, expected: tuple[int, int, int]) -> None:
    """The word before the number is translated."""
    assert parse_version(text) == expected


def test_no_version_is_an_error() -> None:
    """Nothing is guessed."""
    with pytest.raises(ValueError, match="no version"):
        parse_version("Microsoft Windows")


@pytest.mark.parametrize(
    ("text", "page"), [("Active code page: 437", 437), ("Aktive Codepage: 850.", 850), ("现用代码页: 936", 936), ("nothing", None)]
)
def test_a_code_page_is_read_in_any_language(text: str, page: int | None) -> None:
    """In German a full stop ends the line."""
    assert parse_code_page(text) == page


def test_running_services_are_the_indented_lines() -> None:
    """Title and last line are translated."""
    text = (
        "Diese Windows-Dienste sind gestartet:\r\n\r\n   Ablagemappe\r\n   DHCP-Client\r\n\r\nDer Befehl wurde erfolgreich ausgeführt.\r\n"
    )
    assert parse_running(text) == ("Ablagemappe", "DHCP-Client")


def test_processes_are_the_second_column() -> None:
    """A title is passed over, whatever its language."""
    text = '"Имя образа","PID","Службы"\r\n"svchost.exe","908","RpcEptMapper,RpcSs"\r\n"a,b.exe","4","N/A"\r\n'
    assert parse_tasks(text) == (Task("svchost.exe", 908), Task("a,b.exe", 4))


def test_values_of_one_key() -> None:
    """Numbers and texts alone; a name may have blanks in it, and the default value has a translated name."""
    text = (
        "\r\nHKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\r\n"
        "    (Standard)    REG_SZ    x\r\n"
        "    Current User    REG_SZ    USERNAME\r\n"
        "    Empty    REG_SZ    \r\n"
        "    WaitToKillServiceTimeout    REG_DWORD    0x1388\r\n"
        "    PreshutdownOrder    REG_MULTI_SZ    a\\0b\r\n"
        "\r\nHKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\Class\r\n"
    )
    assert parse_values(text) == {
        "Current User": StoredValue(type=ValueKind.SZ, data="USERNAME"),
        "Empty": StoredValue(type=ValueKind.SZ, data=""),
        "WaitToKillServiceTimeout": StoredValue(type=ValueKind.DWORD, data=5000),
    }


def test_services_are_found_by_what_a_code_page_leaves_of_their_names() -> None:
    """Two names that fall together are told of neither; a name of nobody is shown."""
    names = {"A": "Служба A", "B": "Служба B", "C": "Служба", "D": "Планета", "E": "Dienst für alles"}
    running = ("?????? A", "??????", "dienst für alles", "unknown")
    runs, unclear, foreign = by_display_name(running, {**names, "F": "Планет"}, "cp850")
    assert (runs, unclear, foreign) == ({"A", "E"}, {"C", "F"}, ["unknown"])


def test_a_listing_may_be_unicode() -> None:
    """`cmd /u` writes UTF-16; and what is no character is shown as none."""
    assert decode("\ufeffDHCP".encode("utf-16-le"), "cp437") == "DHCP"
    assert decode(b"\x81 ok", "cp932")[-2:] == "ok"


@given(st.text(max_size=300), st.lists(st.sampled_from(ENGLISH.splitlines() + OLD.splitlines()), max_size=30))
def test_no_text_makes_more_than_it_holds(text: str, lines: list[str]) -> None:
    """Whatever stands in a listing, a service has a name, and a state that Windows has."""
    mixed = "\n".join([*lines, text])
    for service in parse_services(mixed):
        assert service.state in {"Running", "Stopped"} or any(character.isdigit() for character in text)
    parse_running(mixed)
    parse_tasks(mixed)
    parse_values(mixed)
    parse_code_page(mixed)
