# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read the filters of RPC calls that a host has.

There is no other way than the text of netsh: WMI has no class for them, and the registry keeps them as blobs that nobody describes.
"""

from __future__ import annotations

from ansible_collections.netmin.windows.plugins.plugin_utils._core.errors import Fault, MethodFailed, NotCaptured, ProtocolError
from ansible_collections.netmin.windows.plugins.plugin_utils._core.foreign import excerpt
from ansible_collections.netmin.windows.plugins.plugin_utils._core.reader import CommandOutput, Reader
from ansible_collections.netmin.windows.plugins.plugin_utils._core.rpc_filter import SHOW, SINCE, RpcFilters, read_listing

from .host import Host
from .shells import forbidden

# The service that keeps them; without it nothing is filtered.
ENGINE = "BFE"


def read_rpc_filters(reader: Reader, host: Host) -> RpcFilters:
    """Read all filters of RPC calls, everybody's; where that cannot be done, say why."""
    if host.windows.nt < SINCE:
        return RpcFilters()
    engine = host.services.get(ENGINE)
    if engine is None or engine.state != "Running":
        return RpcFilters(unknown=f"the service {ENGINE} is not running, and it keeps them; start it, and run again")
    try:
        no_shell = forbidden(reader, host.windows.nt)
        return RpcFilters(unknown=no_shell) if no_shell else filters_of(reader.command(*SHOW))
    except (Fault, MethodFailed, NotCaptured, ProtocolError) as error:
        return RpcFilters(unknown=f"'{' '.join(SHOW)}' failed ({excerpt(error)})")


def filters_of(output: CommandOutput) -> RpcFilters:
    """Read an output of netsh. Exit codes prove nothing, but a list without any filter that comes with a failure may be none."""
    listed = read_listing(output.stdout)
    if listed is None or (output.exit_code != 0 and not listed):
        return RpcFilters(
            unknown=f"'{' '.join(SHOW)}' wrote what is not understood: {excerpt(output.stdout or output.stderr or 'nothing')}"
        )
    return RpcFilters(listed)
