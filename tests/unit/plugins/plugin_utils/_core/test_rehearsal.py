# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from inspect import signature

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import ClassMissing, ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import (
    CommandRead,
    GrantsRead,
    ListenersRead,
    QueryRead,
    Reader,
    SubkeysRead,
    TypesRead,
    ValueRead,
    Where,
)
from ansible_collections.netmin.windows.plugins.plugin_utils._core.registry import RegistryType
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rehearsal import Rehearsal, reads_of, wants_of
from ansible_collections.netmin.windows.tests.unit.plugins.plugin_utils._session.fakes import READS, fault, output, reading, rows


def test_what_is_not_remembered_is_noted_once_and_taken_for_absent() -> None:
    session, transport = reading()
    where = Where("Name", ("a",))

    def work(reader: Reader) -> None:
        assert reader.host == "web01"
        assert reader.query("C", ("Name",), where=where) == ()
        assert reader.value("K", "v", RegistryType.SZ) is None
        assert reader.value_types("K") is None
        assert reader.subkeys("K") is None
        assert reader.grants("K") is None
        assert reader.has_key("P\\K") is False
        assert reader.has_key("K") is False
        assert reader.winrm_listeners() == ()
        assert reader.command("netstat", "-an").stdout == ""
        reader.open_shell()
        reader.forget()
        reader.ahead(lambda: (), over=4)

    assert reads_of(session, work, work) == (
        QueryRead("C", ("Name",), where),
        ValueRead("K", "v", RegistryType.SZ),
        TypesRead("K"),
        SubkeysRead("K"),
        GrantsRead("K"),
        SubkeysRead("P"),
        ListenersRead(),
        CommandRead(("netstat", "-an")),
    )
    assert transport.sent == []


def test_what_is_remembered_is_told_and_not_noted() -> None:
    session, transport = reading(rows({"Name": "x"}), output("EnumKey", sNames=["a"]), output("EnumValues", 2), fault(5, "w:AccessDenied"))
    session.query("C")
    session.subkeys("P")
    session.value_types("Gone")
    with pytest.raises(Exception, match="access denied"):
        session.query("Denied")

    def work(reader: Reader) -> None:
        assert [row.text("Name") for row in reader.query("C")] == ["x"]
        assert reader.has_key("P\\A")
        assert not reader.has_key("P\\b")
        assert reader.value("Gone\\Below", "v", RegistryType.SZ) is None
        reader.query("Next")
        reader.query("Denied")
        reader.query("Never")

    # Work that cannot go on ends, and says what it needed up to then.
    assert reads_of(session, work, lambda reader: reader.query("Other")) == (QueryRead("Next"), QueryRead("Other"))
    assert len(transport.sent) == 4


@pytest.mark.parametrize("error", [ClassMissing("no", host="h", code=1, subcode=""), ProtocolError("no", host="h")])
def test_an_error_ends_the_work_and_nothing_else(error: Exception) -> None:
    session, _transport = reading()

    def fails(reader: Reader) -> None:
        reader.query("A")
        raise error

    assert reads_of(session, fails, lambda reader: reader.query("B")) == (QueryRead("A"), QueryRead("B"))


def test_what_is_complete_is_not_done_again() -> None:
    session, _transport = reading(rows({"Name": "x"}))
    done = []

    def work(reader: Reader) -> None:
        done.append(reader.query("C"))

    wants = wants_of(session, work, lambda reader: reader.query("D"))
    assert wants() == (QueryRead("C"), QueryRead("D"))
    session.query("C")
    assert [wants() for _time in range(2)] == [(QueryRead("D"),)] * 2
    assert len(done) == 2


def test_work_that_cannot_do_without_an_answer_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    session, _transport = reading()
    assert reads_of(session, lambda reader: reader.query("A")[0], lambda reader: reader.query("B")) == (QueryRead("A"), QueryRead("B"))
    assert "a rehearsal failed" in caplog.text


def test_a_rehearsal_has_every_verb_of_a_reader() -> None:
    for verb in READS:
        real, rehearsed = (list(signature(getattr(kind, verb)).parameters) for kind in (Reader, Rehearsal))
        assert real == rehearsed
