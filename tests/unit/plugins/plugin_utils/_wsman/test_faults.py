# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest
from ansible_collections.netmin.windows.plugins.plugin_utils._core import errors
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman import faults
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.faults import error_of
from ansible_collections.netmin.windows.plugins.plugin_utils._wsman.messages import SoapFault


def error(*codes: int, subcode: str = "", text: str = "") -> errors.Fault:
    return error_of(SoapFault(codes, subcode, text), what="StopService on 'Spooler'", host="web01")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (5, errors.AccessDenied),
        (0x80070005, errors.AccessDenied),
        (0x80041003, errors.AccessDenied),
        (0x80041062, errors.AccessDenied),
        (2150859180, errors.AccessDenied),
        (2150858752, errors.ClassMissing),
        (2150858778, errors.ClassMissing),
        (0x80041010, errors.ClassMissing),
        (0x8004100E, errors.ClassMissing),
        (2150858815, errors.QuotaExceeded),
        (2150859173, errors.QuotaExceeded),
        (2150859174, errors.QuotaExceeded),
        (2150859175, errors.QuotaExceeded),
        (2150859176, errors.QuotaExceeded),
        (0x8004106C, errors.QuotaExceeded),
        (2150858793, errors.TimedOut),
        (87, errors.Fault),
        (424242, errors.Fault),
    ],
)
def test_the_code_decides(code: int, kind: type[errors.Fault]) -> None:
    found = error(code, subcode="InternalError")
    assert found.__class__ is kind
    assert (found.code, found.subcode, found.host) == (code, "InternalError", "web01")


def test_the_message_names_method_key_host_and_code() -> None:
    words = "access denied; use an account that is an administrator there (0x80041003)"
    assert str(error(0x80041003)) == f"StopService on 'Spooler' at web01: {words}"


def test_the_first_code_that_is_known_decides() -> None:
    assert error(2150859010, 0x80041003).__class__ is errors.AccessDenied
    assert error(2150859010).code == 2150859010


@pytest.mark.parametrize(
    ("subcode", "kind"),
    [
        ("AccessDenied", errors.AccessDenied),
        ("DestinationUnreachable", errors.ClassMissing),
        ("CannotProcessFilter", errors.ClassMissing),
        ("QuotaLimit", errors.QuotaExceeded),
        ("TimedOut", errors.TimedOut),
        ("InternalError", errors.Fault),
        ("", errors.Fault),
    ],
)
def test_the_subcode_decides_without_a_known_code(subcode: str, kind: type[errors.Fault]) -> None:
    assert error(subcode=subcode).__class__ is kind
    assert error(subcode=subcode).code is None
    assert error(424242, subcode=subcode).__class__ is kind


def test_text_never_decides_and_is_shown_tamed() -> None:
    found = error(424242, subcode="InternalError", text="Access is denied\x1b[31m " + "x" * 500)
    assert found.__class__ is errors.Fault
    assert "\x1b" not in str(found)
    assert len(str(found)) < 400


def test_every_known_code_has_words() -> None:
    assert all(words for _kind, words in faults._BY_CODE.values())  # noqa: SLF001


def test_an_object_that_is_gone_is_told_in_the_words_of_the_host() -> None:
    told = str(error(2150858843, subcode="InvalidParameter", text="The object was not found."))
    assert "the object of the request does not exist" in told
    assert 'saying "The object was not found."' in told


def test_a_shell_that_is_gone_is_told_as_that_in_the_words_of_the_host() -> None:
    gone = SoapFault((2150858843,), "InvalidSelectors", "The shell was not found on the server.")
    told = str(error_of(gone, what="command 'netstat -ano'", host="web01", in_shell=True))
    words = "the command shell, or the command in it, is gone"
    assert told == f"command 'netstat -ano' at web01: {words}, saying \"The shell was not found on the server.\" (0x8033805B)"


def test_no_such_class_is_absence_and_never_a_refusal() -> None:
    assert error(0x80041010).__class__ is errors.ClassMissing
