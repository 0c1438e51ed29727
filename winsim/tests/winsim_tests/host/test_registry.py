# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keys and values without regard to case."""

from __future__ import annotations

import pytest

from winsim.host.registry import Registry
from winsim.registry_value import RegistryType, RegistryValue

KEY = r"HKLM\Software\Acme"


@pytest.fixture
def registry() -> Registry:
    made = Registry()
    made.create(KEY)
    made.write(KEY, "Level", RegistryValue.dword(3))
    return made


def test_names_are_found_in_any_case_and_keep_theirs(registry: Registry) -> None:
    registry.write(KEY.upper(), "LEVEL", RegistryValue.dword(4))
    assert registry.values(KEY.lower()) == {"Level": RegistryValue.dword(4)}
    assert registry.subkeys(r"hklm\SOFTWARE") == ("Acme",)


def test_what_is_absent_is_none(registry: Registry) -> None:
    assert registry.value(KEY, "Other") is None
    assert registry.values(KEY + r"\Sub") is None
    assert registry.subkeys(r"HKLM\Nothing") is None
    assert not registry.exists("HKXX")


def test_typed_reading_refuses_other_types(registry: Registry) -> None:
    registry.write(KEY, "List", RegistryValue.texts(()))
    assert registry.number(KEY, "Level") == 3
    assert registry.text(KEY, "Level") is None
    assert registry.texts(KEY, "List") == ()
    assert registry.number(KEY, "List") is None


def test_writing_needs_the_key(registry: Registry) -> None:
    with pytest.raises(KeyError):
        registry.write(KEY + r"\Sub", "Level", RegistryValue.dword(1))
    with pytest.raises(KeyError):
        registry.delete_key(r"HKLM\Software\None\Such")
    with pytest.raises(KeyError):
        registry.delete_value(r"HKLM\Nothing", "Level")


def test_deleting(registry: Registry) -> None:
    registry.delete_value(KEY, "level")
    assert registry.values(KEY) == {}
    registry.delete_key(KEY)
    assert not registry.exists(KEY)


def test_walk_yields_every_key_with_its_path(registry: Registry) -> None:
    registry.create(KEY + r"\B")
    registry.create(KEY + r"\A")
    paths = [path for path, values in registry.walk() if path.startswith(KEY)]
    assert paths == [KEY, KEY + r"\A", KEY + r"\B"]
    assert dict(registry.walk())[KEY]["Level"].type is RegistryType.DWORD
