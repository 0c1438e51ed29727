# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Folders that are none of `collect`, were not finished, or come from somebody who means harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._collected.folder import read_folder
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import UnusableCapture
from ansible_collections.netmin.windows.tests.unit.collected import fill
from ansible_collections.netmin.windows.tests.unit.simulated import simulated


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of a simulated Windows 2000 host."""
    with simulated("windows_2000") as host:
        return fill(tmp_path / "W2K", host)


def edit(path: Path, old: str, new: str) -> None:
    """Change a line of a file."""
    path.write_bytes(path.read_bytes().replace(old.encode(), new.encode()))


def test_a_whole_folder_is_read(folder: Path) -> None:
    """Nothing is wrong with it."""
    found = read_folder(folder)
    assert found.version == (5, 0, 2195)
    assert found.facts == {"systemroot": "C:\\WINNT"}
    assert found.services is None
    assert found.tasks is None


@pytest.mark.parametrize(
    ("name", "old", "new", "message"),
    [
        ("collect.txt", "netmin.windows collect 1", "netmin.windows collect 2", "does not begin with"),
        ("collect.txt", "done\r\n", "", "did not reach its end"),
        ("collect.txt", "key product.reg HKEY_LOCAL_MACHINE", "key product.reg HKEY_USERS", "no Windows has"),
        ("collect.txt", "key product.reg", "key ../product.reg", "outside of it"),
        ("collect.txt", "key product.reg", "key .hidden.reg", "outside of it"),
        ("ver.txt", "5.0.2195", "", "no version"),
    ],
)
def test_what_was_changed_is_refused(folder: Path, name: str, old: str, new: str, message: str) -> None:
    """One sentence says what is wrong."""
    edit(folder / name, old, new)
    with pytest.raises(UnusableCapture, match=message):
        read_folder(folder)


@pytest.mark.parametrize("name", ["collect.txt", "ver.txt", "chcp.txt", "net-start.txt", "netstat.txt", "netstat2.txt"])
def test_a_file_that_was_not_copied_is_named(folder: Path, name: str) -> None:
    """What the script always makes has to be there."""
    (folder / name).unlink()
    with pytest.raises(UnusableCapture, match=f"has no file {name}"):
        read_folder(folder)


def test_an_export_that_was_cut_is_named(folder: Path) -> None:
    """Half a registry is none."""
    path = folder / "services.reg"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 4 * 2 + 1])
    with pytest.raises(UnusableCapture, match=r"no whole export of the registry in services\.reg"):
        read_folder(folder)


def test_links_lead_nowhere(folder: Path, tmp_path: Path) -> None:
    """A link may point at anything that the controller can read."""
    (tmp_path / "secret").write_text("x")
    (folder / "services.reg").unlink()
    (folder / "services.reg").symlink_to(tmp_path / "secret")
    with pytest.raises(UnusableCapture, match=r"services\.reg in .* cannot be read"):
        read_folder(folder)


def test_what_is_no_file_is_refused(folder: Path) -> None:
    """A folder in its place, or a device."""
    (folder / "ver.txt").unlink()
    (folder / "ver.txt").mkdir()
    with pytest.raises(UnusableCapture, match=r"ver\.txt"):
        read_folder(folder)


def test_no_listing_is_endless(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of any size is read up to a bound."""
    monkeypatch.setattr("ansible_collections.netmin.windows.plugins.plugin_utils._collected.folder.MOST_LISTING", 20_000)
    (folder / "netstat.txt").write_bytes(b"x" * 20_001)
    with pytest.raises(UnusableCapture, match=r"netstat\.txt .* more than 20000 bytes"):
        read_folder(folder)


def test_the_listings_are_in_the_code_page_of_the_console(folder: Path) -> None:
    """What `chcp` says counts, else the registry; a page that nobody knows is none."""
    (folder / "chcp.txt").write_text("Aktive Codepage: 850.")
    assert read_folder(folder).encoding == "cp850"
    (folder / "chcp.txt").write_text("Active code page: 99999")
    assert read_folder(folder).encoding == "cp437"
