# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Why a login or TLS failed: the reason in the words of Kerberos, OpenSSL or the library, never a secret, and what to do.

Only the advice looks at words, of which Kerberos gives no numbers through `kinit`; what kind of error it is they never decide.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterable

from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt

SECRET = "***"

# Patterns of what MIT krb5 says (its error tables and `kinit`), in small letters, and what to do. The first that fits counts.
# `kinit` asks for a new password where the old one has expired, and cannot read one (tried).
_KERBEROS = (
    (
        (r"server (\S+ )?not found",),
        "the realm knows no HTTP service of that name: use the host's full DNS name in ansible_host, or set {name}",
    ),
    (("client not found", "not found in kerberos database"), "check ansible_user: user@REALM, with the realm in capital letters"),
    (
        ("cannot find kdc",),
        "check the realm in ansible_user and krb5.conf: user@REALM, with the realm in capital letters (a UPN suffix need not be one)",
    ),
    (
        ("cannot contact any kdc", "cannot resolve", "no kdc"),
        "check the realm in ansible_user and krb5.conf, and that its KDC answers",
    ),
    (("must be changed", "has expired", "password expired", "cannot read password"), "change the password of the account, then run again"),
    (("password incorrect", "preauthentication failed", "integrity check"), "check ansible_password"),
    (("revoked", "locked out"), "the account is disabled or locked: unlock it in the domain"),
    (("clock skew",), "set the clock of the controller and of the host"),
    (("ticket expired",), "get a new ticket with 'kinit'"),
    (
        ("no kerberos credentials", "no credentials cache", "credentials cache", "no credential", "can't find client principal"),
        "get a ticket with 'kinit', or set ansible_password and, with the winrm connection, ansible_winrm_kinit_mode: managed",
    ),
    (("calling kinit", "no such file"), "install the Kerberos programs (krb5-user, krb5-workstation), or set ansible_winrm_kinit_cmd"),
    (("not installed", "no module named"), "install it on the controller, or choose another mechanism"),
)
_NAME_OVERRIDE = {"psrp": "ansible_psrp_negotiate_hostname_override", "winrm": "ansible_winrm_kerberos_hostname_override"}
KERBEROS_DEFAULT = "run 'kinit' with the same user on the controller to see more"

_IGNORE = {"psrp": "ansible_psrp_cert_validation", "winrm": "ansible_winrm_server_cert_validation"}
_CA = {"psrp": "ansible_psrp_ca_cert", "winrm": "ansible_winrm_ca_trust_path"}
_KEY = {"psrp": "ansible_psrp_certificate_key_pem", "winrm": "ansible_winrm_cert_key_pem"}
_CERTIFICATE = {"psrp": "ansible_psrp_certificate_pem", "winrm": "ansible_winrm_cert_pem"}
# X509_V_ERR_… of OpenSSL (x509_vfy.h).
_NOT_YET_VALID, _EXPIRED, _OTHER_NAME, _OTHER_ADDRESS = 9, 10, 62, 64


def without_secrets(text: str, secrets: Iterable[str]) -> str:
    """Replace secrets in a text."""
    for secret in secrets:
        text = text.replace(secret, SECRET)
    return text


def words_of(chain: Iterable[BaseException], secrets: Iterable[str]) -> str:
    """Return what an error and those behind it say: the innermost text first, which is the reason."""
    texts = [excerpt(without_secrets(_text(error), secrets)) for error in chain]
    return next((text for text in reversed(texts) if text), "")


def _text(error: BaseException) -> str:
    # GSSError of gssapi and of pykerberos: tuples of major and minor texts; their repr is the only text that they have.
    return " ".join(str(error).split())


def is_status(error: BaseException) -> bool:
    """Tell whether a library only says that the host answered 401, which is no finding of Kerberos."""
    return type(error).__name__ in ("AuthenticationError", "InvalidCredentialsError")


def kerberos_advice(words: str, plugin: str) -> str:
    """Say what to do about a failed login with Kerberos."""
    folded = words.lower()
    advice = next((advice for signs, advice in _KERBEROS if any(re.search(sign, folded) for sign in signs)), KERBEROS_DEFAULT)
    return advice.format(name=_NAME_OVERRIDE[plugin])


def of_certificate(error: ssl.SSLCertVerificationError, plugin: str) -> str:
    """Say what is wrong with the certificate of a host, in the words of OpenSSL, and what to do."""
    code = error.verify_code
    said = excerpt(error.verify_message or error.reason or "no reason given")
    if code in (_EXPIRED, _NOT_YET_VALID):
        advice = "renew it on the host, or set the clock of the controller"
    elif code in (_OTHER_NAME, _OTHER_ADDRESS):
        advice = "set ansible_host to a name that the certificate has"
    else:
        advice = f"set {_CA[plugin]} to a file with its issuer's certificate"
    return f"has a certificate that the controller does not trust ({said}): {advice}, or set {_IGNORE[plugin]} to ignore"


def of_tls(error: ssl.SSLError, plugin: str) -> str:
    """Say why no TLS session could be agreed on, in the words of OpenSSL, and what to do."""
    reason = error.reason or ""
    said = excerpt(reason.replace("_", " ").lower() or error)
    if reason == "KEY_VALUES_MISMATCH":
        return f"was not asked: the key of the client certificate does not belong to it ({said}): check {_KEY[plugin]}"
    if (
        "PEM" in (reason or str(error))
        or reason in ("NO_START_LINE", "BAD_END_LINE", "BAD_DECRYPT", "NO_CERTIFICATE_ASSIGNED")
        or error.library in ("PEM", "X509")
    ):
        return f"was not asked: the client certificate or its key cannot be read ({said}): check {_CERTIFICATE[plugin]} and {_KEY[plugin]}"
    if reason.startswith(("SSLV3_ALERT_", "TLSV1_ALERT_", "TLSV13_ALERT_")) and ("CERT" in reason or "UNKNOWN_CA" in reason):
        return f"does not accept the client certificate ({said}): check {_CERTIFICATE[plugin]}, and that the host trusts its issuer"
    return f"could not agree on TLS: is this the https port, with a version that both sides allow? OpenSSL says: {said}"
