# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What each reader of a command line takes for its own; the last word has the command processor of a simulated host."""

from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.command_line import echoed, quoted, quoted_in_script
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import InvalidOption, Refused
from ansible_collections.netmin.windows.tests.unit.simulated import scenario

from winsim.host.clock import ManualClock
from winsim.providers.computer import build
from winsim.providers.console import HostConsole

PLAIN = ["", "Spooler", "Own Service", "a&b", "x|y", "<own>", "(own)", "a^b", "O'Brien", "a!b", "a=b;c,d"]


@pytest.fixture(scope="module")
def console() -> HostConsole:
    """Start one host for all tests; none of them leaves anything."""
    return build(scenario("windows_server_2022"), clock=ManualClock()).console


def written(console: HostConsole, line: str) -> str:
    result = console.run(line, [])
    assert result.exit_code == 0, result.stderr
    return result.stdout.decode().removesuffix("\r\n")


@pytest.mark.parametrize("text", PLAIN)
def test_in_quotes_nothing_is_changed(console: HostConsole, text: str) -> None:
    assert quoted(text) == f'"{text}"'
    assert written(console, f"echo {quoted(text)}") == f'"{text}"'


@pytest.mark.parametrize("text", ['a"b', "%PATH%", "100%", "a\nb", "a\x1bb", "a\u202eb", "a\\"])
def test_what_would_not_stay_what_it_is_on_a_line_is_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="cannot be written on a command line"):
        quoted(text)


def test_a_long_text_is_told_in_part() -> None:
    with pytest.raises(InvalidOption) as found:
        quoted("%" * 10_000)
    assert len(str(found.value)) < 200


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Spooler", '"Spooler"'),
        # The script does not read it again as a line.
        ("%SystemRoot%", '"%SystemRoot%"'),
        ("a^b|c", '"a^b|c"'),
        ("~ !", '"~ !"'),
        # Before the closing quote two backslashes are one, elsewhere each is one.
        ("a\\", '"a\\\\"'),
        ("a\\\\", '"a\\\\\\\\"'),
        ("a\\b", '"a\\b"'),
    ],
)
def test_in_the_script(text: str, said: str) -> None:
    assert quoted_in_script(text) == said


@pytest.mark.parametrize("text", ['a"b', "a&b", "Überwachung", "a\tb", "a\x7fb", "a\r"])
def test_what_would_not_stay_what_it_is_in_the_script_is_refused(text: str) -> None:
    with pytest.raises(Refused, match=r"'confirm' cannot be used here: .* cannot be written on a command line of the host"):
        quoted_in_script(text)


@pytest.mark.parametrize("text", [*PLAIN[1:], "%PATH%", "%%a", "100%", "%^PATH%", 'say "a & b" %1', "2>nul", "off no", '"%K%"'])
def test_echo_writes_the_text_as_it_is(console: HostConsole, text: str) -> None:
    assert written(console, f"echo {echoed(text)}") == text
