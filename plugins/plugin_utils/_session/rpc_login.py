# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The play's credentials for a server of RPC: NTLM, through pyspnego, which pywinrm and pypsrp bring.

Microsoft's clients log in to the endpoint mapper by NTLM alone (policy "Enable RPC Endpoint Mapper Client Authentication"). A play that
logs in by Kerberos or a certificate has said that no password is to be sent around: it gets no login here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt

try:
    import spnego
except ImportError as error:
    NOT_IMPORTED: ImportError | None = error
else:
    NOT_IMPORTED = None

# What a play may log in with so that NTLM with its password is no new thing.
WITH_PASSWORD = frozenset({"basic", "credssp", "negotiate", "ntlm", "plaintext", "ssl"})


class LoginFailed(Exception):
    """The dialogue of a login came to no end."""


@dataclass(frozen=True, slots=True)
class Login:
    """A user with a password; printing it shows no secret.

    Attributes:
        unusable: why it cannot be used; "" where it can.
    """

    user: str
    password: str = field(repr=False)
    unusable: str = ""


def login_of(user: str | None, password: object, mechanisms: Iterable[str]) -> Login | None:
    """Return the login that a play's connection makes possible; None where it has no password."""
    offered = tuple(mechanisms)
    if not WITH_PASSWORD.intersection(offered):
        return Login(user or "", "", f"the play logs in by {' or '.join(offered)}, and the endpoint mapper takes NTLM")
    if not user or not password:
        return None
    problem = "the Python library pyspnego, which a login needs, cannot be imported" if NOT_IMPORTED is not None else ""
    return Login(user, str(password), problem)


class Dialogue:
    """A login under way."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def step(self, token: bytes | None) -> bytes:
        """Return the next token.

        Raises:
            LoginFailed: what the server sent does not lead on.
        """
        try:
            answer = self._context.step(token)
        except Exception as error:  # what the library reads comes from the host; whatever it raises is about that
            raise LoginFailed(f"the login came to no end: {excerpt(error)}") from error
        if not answer:
            raise LoginFailed("the login came to no end: there is nothing to answer")
        return bytes(answer)


def begin(login: Login, address: str) -> Dialogue:
    """Begin a login by NTLM.

    Raises:
        LoginFailed: the library cannot.
    """
    try:
        context = spnego.client(login.user, login.password, hostname=address, service="host", protocol="ntlm")
    except Exception as error:  # as above
        raise LoginFailed(f"the login could not begin: {excerpt(error)}") from error
    return Dialogue(context)
