# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What never gets into a capture: what stands behind a program on a command line."""

from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._capture.withheld import WITHHELD, command_line, envelope, service_path
from hypothesis import given
from hypothesis import strategies as st

PATHS = {
    r"C:\Windows\svchost.exe -k NetworkService -p -s Dnscache": r"C:\Windows\svchost.exe -k NetworkService -p -s Dnscache",
    r"C:\WINDOWS\System32\svchost.exe -k netsvcs": r"C:\WINDOWS\System32\svchost.exe -k netsvcs",
    r'"C:\Program Files\Agent\agent.exe" --password hunter2': r'"C:\Program Files\Agent\agent.exe"',
    r"C:\Program Files\Agent\agent.exe -s hunter2 -k hunter2": r"C:\Program Files\Agent\agent.exe",
    r"C:\Windows\system32\svchost.exe -k netsvcs /password:hunter2": r"C:\Windows\system32\svchost.exe -k netsvcs",
    r'C:\Windows\svchost.exe -k "a b hunter2"': r"C:\Windows\svchost.exe",
    r"\\server\share\tool.exe hunter2": r"\\server\share\tool.exe",
    r"\SystemRoot\system32\drivers\afd.sys": r"\SystemRoot\system32\drivers\afd.sys",
    "java -Dsecret=hunter2 -jar x": "java",
    "": "",
}


@pytest.mark.parametrize("path", PATHS)
def test_of_a_path_the_program_is_kept_and_of_a_shared_one_group_and_name(path: str) -> None:
    assert service_path(path) == PATHS[path]


@given(st.text(alphabet=" \"'-/=:;ksp", min_size=0, max_size=12))
def test_no_argument_of_another_program_is_kept(between: str) -> None:
    assert "hunter2" not in service_path(rf"C:\a\b.exe {between}hunter2")


def test_of_a_command_line_only_our_script_is_kept() -> None:
    assert command_line(r"cmd.exe /d /c call C:\Windows\netmin.windows\CONFIRM.cmd hunter2") == "confirm.cmd"
    assert command_line("cmd.exe /c net use x: /user:a hunter2") == WITHHELD


@pytest.mark.parametrize(
    "element",
    [
        "<p:CommandLine>cmd /c hunter2</p:CommandLine>",
        '<CommandLine xsi:type="string">cmd /c &quot;hunter2&quot;</CommandLine>',
        r"<p:PathName>C:\a.exe hunter2</p:PathName>",
        r"<p:pathname >C:\a.exe<![CDATA[ hunter2]]></p:pathname>",
        "<p:CommandLine>cut off hunter2",
    ],
)
def test_a_recording_has_no_more(element: str) -> None:
    content = envelope(f"<a><p:Name>x</p:Name>{element}<p:State>Running</p:State></a>".encode())
    assert b"hunter2" not in content
    assert content.startswith(b"<a><p:Name>x</p:Name>")


def test_the_rest_of_a_recording_is_as_it_was() -> None:
    content = rb"<a><p:PathName/><p:PathName>C:\a.exe</p:PathName><p:Name>CommandLine</p:Name></a>"
    assert envelope(content) == content
