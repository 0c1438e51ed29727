# Copyright: the netmin.windows contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""WMI classes that have rows and no behaviour: what each is called, what it consists of, and which Windows has it.

A scenario's rows are read by this table, and `providers/rows.py` serves them by it. Knows no host.

Sources: Microsoft, the page of each class in "Win32 Provider", "Hyper-V WMI provider" (both versions), "SMB Management API",
"Failover Cluster WMI provider", "iSCSI Initiator WMI classes", "Windows Filtering and firewall WMI"; "Win32_ServerFeature" and
"Win32_OptionalFeature" for the numbers of features and states. From memory: since when those classes exist that the pages say of
no more than Windows Vista; the keys where a page names none; RSOP_*, AntiVirusProduct, Site and IIsWebServer, which no page that
could be read describes; the later half of Win32_TerminalServiceSetting.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

CIMV2: Final = "root/cimv2"
STANDARD_CIMV2: Final = "root/standardcimv2"
TERMINAL_SERVICES: Final = "root/cimv2/terminalservices"
SMB: Final = "root/microsoft/windows/smb"
WMI: Final = "root/wmi"

XP, SERVER_2003, VISTA, SEVEN, EIGHT, EIGHT_1, TEN = (5, 1), (5, 2), (6, 0), (6, 1), (6, 2), (6, 3), (10, 0)

Version = tuple[int, int]


class Side(Enum):
    """Which kind of Windows has a class."""

    BOTH = "clients and servers"
    CLIENT = "clients"
    SERVER = "servers"


@dataclass(frozen=True, slots=True)
class RowClass:
    """One class whose rows a scenario lists.

    Attributes:
        properties: name -> CIM type, with `[]` behind it for an array; `object` is an embedded instance, which is always null here.
        later: properties that came after the class, with the first Windows that has them.
        since, until: the first Windows that has it, and the first that has it no more.
        feature: it comes with a feature or product, so that it exists where the scenario names it, be it without a row.
        served_by: the service without which it has no rows.
    """

    name: str
    namespace: str
    keys: tuple[str, ...]
    properties: Mapping[str, str]
    later: Mapping[str, Version]
    since: Version
    until: Version | None
    side: Side
    feature: bool
    served_by: str | None

    def on(self, version: Version, *, server: bool) -> bool:
        """Tell whether this Windows can have it."""
        ended = self.until is not None and version >= self.until
        return self.since <= version and not ended and self.side in (Side.BOTH, Side.SERVER if server else Side.CLIENT)


def _class(
    name: str,
    namespace: str,
    keys: str,
    properties: str,
    *,
    since: Version,
    until: Version | None = None,
    side: Side = Side.BOTH,
    feature: bool = False,
    served_by: str | None = None,
    later: Mapping[str, Version] | None = None,
) -> RowClass:
    """Make an entry of the table; properties are written `string Name, uint16[] Roles`, in any order."""
    typed = [entry.split() for entry in properties.split(",")]
    ordered = {name: kind for kind, name in sorted(typed, key=lambda pair: pair[1].lower())}
    return RowClass(name, namespace, tuple(keys.split()), ordered, later or {}, since, until, side, feature, served_by)


ELEMENT = "string Caption, string Description, datetime InstallDate, string Name, string Status"
"""What CIM_ManagedSystemElement gives all that are derived from it."""

_PRINTER = """
    uint32 Attributes, uint16 Availability, string[] AvailableJobSheets, uint32 AveragePagesPerMinute, uint16[] Capabilities,
    string[] CapabilityDescriptions, string[] CharSetsSupported, string Comment, uint32 ConfigManagerErrorCode,
    boolean ConfigManagerUserConfig, string CreationClassName, uint16[] CurrentCapabilities, string CurrentCharSet,
    uint16 CurrentLanguage, string CurrentMimeType, string CurrentNaturalLanguage, string CurrentPaperType, boolean Default,
    uint16[] DefaultCapabilities, uint32 DefaultCopies, uint16 DefaultLanguage, string DefaultMimeType, uint32 DefaultNumberUp,
    string DefaultPaperType, uint32 DefaultPriority, uint16 DetectedErrorState, string DeviceID, boolean Direct,
    boolean DoCompleteFirst, string DriverName, boolean EnableBIDI, boolean EnableDevQueryPrint, boolean ErrorCleared,
    string ErrorDescription, string[] ErrorInformation, uint16 ExtendedDetectedErrorState, uint16 ExtendedPrinterStatus,
    boolean Hidden, uint32 HorizontalResolution, uint32 JobCountSinceLastReset, boolean KeepPrintedJobs,
    uint16[] LanguagesSupported, uint32 LastErrorCode, boolean Local, string Location, uint16 MarkingTechnology, uint32 MaxCopies,
    uint32 MaxNumberUp, uint32 MaxSizeSupported, string[] MimeTypesSupported, string[] NaturalLanguagesSupported, boolean Network,
    uint16[] PaperSizesSupported, string[] PaperTypesAvailable, string Parameters, string PNPDeviceID, string PortName,
    uint16[] PowerManagementCapabilities, boolean PowerManagementSupported, string[] PrinterPaperNames, uint32 PrinterState,
    uint16 PrinterStatus, string PrintJobDataType, string PrintProcessor, uint32 Priority, boolean Published, boolean Queued,
    boolean RawOnly, string SeparatorFile, string ServerName, boolean Shared, string ShareName, boolean SpoolEnabled,
    datetime StartTime, uint16 StatusInfo, string SystemCreationClassName, string SystemName, datetime TimeOfLastReset,
    datetime UntilTime, uint32 VerticalResolution, boolean WorkOffline"""
_TERMINAL_SERVICE = """
    string ServerName, uint32 TerminalServerMode, uint32 GetCapabilitiesID, uint32 LicensingType, uint32 PolicySourceLicensingType,
    uint32 PossibleLicensingTypes, string LicensingName, string LicensingDescription, uint32 ActiveDesktop, uint32 UserPermission,
    uint32 DeleteTempFolders, uint32 PolicySourceDeleteTempFolders, uint32 UseTempFolders, uint32 PolicySourceUseTempFolders,
    uint32 AllowTSConnections, uint32 PolicySourceAllowTSConnections, uint32 SingleSession, uint32 PolicySourceSingleSession,
    string ProfilePath, uint32 PolicySourceProfilePath, string HomeDirectory, uint32 PolicySourceHomeDirectory,
    uint32 TimeZoneRedirection, uint32 PolicySourceTimeZoneRedirection, uint32 Logons, string Help"""
_VIRTUAL_MACHINE = """
    string ElementName, uint16[] OperationalStatus, string[] StatusDescriptions, uint16 HealthState, uint16 EnabledState,
    string OtherEnabledState, uint16 RequestedState, datetime TimeOfLastStateChange, string PrimaryOwnerName,
    string PrimaryOwnerContact, string[] IdentifyingDescriptions, string[] OtherIdentifyingInfo, uint16[] Dedicated,
    string[] OtherDedicatedDescriptions, uint16 ResetCapability, uint16[] PowerManagementCapabilities, uint16 EnabledDefault,
    string CreationClassName, string[] Roles, string NameFormat, uint64 OnTimeInMilliseconds,
    datetime TimeOfLastConfigurationChange, uint32 ProcessID, uint16[] AssignedNumaNodeList"""
_VIRTUAL_MACHINE_2 = """
    string InstanceID, uint16 CommunicationStatus, uint16 DetailedStatus, uint16 OperatingStatus, uint16 PrimaryStatus,
    uint16[] AvailableRequestedStates, uint16 TransitioningToState"""
_SHADOW_COPY = """
    string ID, string SetID, string ProviderID, uint32 Count, string DeviceObject, string VolumeName, string OriginatingMachine,
    string ServiceMachine, string ExposedName, uint32 State, boolean Persistent, boolean ClientAccessible, boolean NoAutoRelease,
    boolean NoWriters, boolean Transportable, boolean NotSurfaced, boolean HardwareAssisted, boolean Differential, boolean Plex,
    boolean Imported, boolean ExposedRemotely, boolean ExposedLocally"""
_CLUSTER = """
    string CreationClassName, string PrimaryOwnerContact, string PrimaryOwnerName, string[] Roles, string NameFormat,
    string[] OtherIdentifyingInfo, string[] IdentifyingDescriptions, uint16[] Dedicated, uint32 MaxNumberOfNodes, string Fqdn,
    uint32 QuorumLogFileSize, uint8[] Security, string MaintenanceFile, string[] AdminExtensions"""
_SECURITY_RULE = """
    uint16 Mode, boolean AllowSetKey, boolean AllowWatchKey, uint32 MaxReturnPathLifetimeSeconds, uint16 InboundSecurity,
    uint16 OutboundSecurity, uint16 KeyModule, boolean RequireAuthorization, string Users, string Machines,
    string[] LocalTunnelEndpoint, string RemoteTunnelEndpointDNSName, string[] RemoteTunnelEndpoint,
    boolean BypassTunnelIfEncrypted, string[] Platforms, string RuleGroup, string DisplayGroup, uint16 Profiles,
    string MainModeCryptoSet, string QuickModeCryptoSet, string Phase1AuthSet, string Phase2AuthSet, uint16 PrimaryStatus,
    uint32 StatusCode, string Status, uint16[] EnforcementStatus, uint16 PolicyStoreSourceType, string PolicyStoreSource,
    string SystemCreationClassName, string SystemName, string CreationClassName, string PolicyRuleName, uint16 ConditionListType,
    string RuleUsage, uint16 Priority, boolean Mandatory, uint16 SequencedActions, uint16 ExecutionStrategy,
    uint16 PolicyDecisionStrategy, string[] PolicyRoles, uint16 Enabled, string CommonName, string[] PolicyKeywords,
    string InstanceID, string Caption, string DisplayName, string Description, string ElementName"""
_POLICY_SETTING = "string id, uint32 precedence, string name, string GPOID, string SOMID, datetime creationTime"

ROW_CLASSES: Final = (
    _class(
        "AntiVirusProduct",
        "root/securitycenter2",
        "instanceGuid",
        "string displayName, string instanceGuid, string pathToSignedProductExe, string pathToSignedReportingExe, uint32 productState,"
        " string timestamp",
        since=VISTA,
        side=Side.CLIENT,
        later={"timestamp": EIGHT},
    ),
    _class(
        "IIsWebServer",
        "root/microsoftiisv2",
        "Name",
        f"{ELEMENT}, boolean AppIsolated, string AppPackageID, string AppPackageName, string AppRoot, uint32 ServerState",
        since=SERVER_2003,
        until=VISTA,
        feature=True,
        served_by="W3SVC",
    ),
    _class(
        "MSCluster_Cluster",
        "root/mscluster",
        "Name",
        f"{ELEMENT}, {_CLUSTER}",
        since=SERVER_2003,
        side=Side.SERVER,
        feature=True,
        served_by="ClusSvc",
    ),
    _class("MSFT_NetConSecRule", STANDARD_CIMV2, "InstanceID", _SECURITY_RULE, since=EIGHT),
    _class(
        "MSFT_SmbConnection",
        SMB,
        "ServerName ShareName UserName",
        "string ServerName, string ShareName, string UserName, uint32 SmbInstance, string Credential, uint64 NumOpens, string Dialect,"
        " boolean ContinuouslyAvailable, boolean Encrypted, boolean Redirected, boolean Signed",
        since=EIGHT,
        served_by="LanmanWorkstation",
        later={"SmbInstance": EIGHT_1, "Signed": TEN},
    ),
    _class(
        "MSFT_SmbOpenFile",
        SMB,
        "FileId",
        "uint64 FileId, uint32 SmbInstance, uint64 SessionId, string ScopeName, string ClusterNodeName, string Path,"
        " string ShareRelativePath, string ClientComputerName, string ClientUserName, uint32 Permissions, uint32 Locks,"
        " boolean ContinuouslyAvailable, boolean Encrypted, boolean Signed",
        since=EIGHT,
        served_by="LanmanServer",
        later={"SmbInstance": EIGHT_1, "Signed": TEN},
    ),
    _class(
        "MSFT_SmbSession",
        SMB,
        "SessionId",
        "uint64 SessionId, string ScopeName, string ClusterNodeName, string ClientComputerName, string ClientUserName, uint64 NumOpens,"
        " uint32 SecondsIdle, uint32 SecondsExists, string Dialect, string TransportName, uint32 SmbInstance",
        since=EIGHT,
        served_by="LanmanServer",
        later={"SmbInstance": EIGHT_1},
    ),
    _class(
        "MSiSCSIInitiator_SessionClass",
        WMI,
        "SessionId",
        "string SessionId, string InitiatorName, string TargetNodeName, string TargetName, uint8[] ISID, uint8[] TSID,"
        " object[] ConnectionInformation, object[] Devices",
        since=VISTA,
        served_by="MSiSCSI",
    ),
    _class(
        "Msvm_ComputerSystem",
        "root/virtualization",
        "CreationClassName Name",
        f"{ELEMENT}, {_VIRTUAL_MACHINE}",
        since=VISTA,
        until=EIGHT,
        side=Side.SERVER,
        feature=True,
        served_by="vmms",
    ),
    _class(
        "Msvm_ComputerSystem",
        "root/virtualization/v2",
        "CreationClassName Name",
        f"{ELEMENT}, {_VIRTUAL_MACHINE}, {_VIRTUAL_MACHINE_2}",
        since=EIGHT,
        feature=True,
        served_by="vmms",
    ),
    _class(
        "RSOP_RegistryPolicySetting",
        "root/rsop/computer",
        "id precedence",
        f"{_POLICY_SETTING}, string registryKey, string valueName, uint32 valueType, uint8[] value, boolean deleted, string command",
        since=XP,
    ),
    _class(
        "RSOP_SystemService",
        "root/rsop/computer",
        "id precedence",
        f"{_POLICY_SETTING}, uint32 ErrorCode, uint32 Status, string Service, uint32 StartupMode, string SDDLString",
        since=XP,
    ),
    _class(
        "Site",
        "root/webadministration",
        "Name",
        "string Name, uint32 Id, boolean ServerAutoStart, object[] Bindings, object ApplicationDefaults, object Limits, object LogFile,"
        " object TraceFailedRequestsLogging, object VirtualDirectoryDefaults",
        since=VISTA,
        feature=True,
        served_by="W3SVC",
    ),
    _class(
        "Win32_DFSNode",
        CIMV2,
        "Name",
        f"{ELEMENT}, boolean Root, uint32 State, uint32 Timeout",
        since=SERVER_2003,
        served_by="Dfs",
    ),
    _class(
        "Win32_LogonSession",
        CIMV2,
        "LogonId",
        f"{ELEMENT}, datetime StartTime, string AuthenticationPackage, string LogonId, uint32 LogonType",
        since=XP,
    ),
    _class(
        "Win32_NetworkConnection",
        CIMV2,
        "Name",
        f"{ELEMENT}, uint32 AccessMask, string Comment, string ConnectionState, string ConnectionType, string DisplayType,"
        " string LocalName, boolean Persistent, string ProviderName, string RemoteName, string RemotePath, string ResourceType,"
        " string UserName",
        since=(5, 0),
        served_by="LanmanWorkstation",
    ),
    _class("Win32_OptionalFeature", CIMV2, "Name", f"{ELEMENT}, uint32 InstallState", since=SEVEN),
    _class("Win32_Printer", CIMV2, "DeviceID", f"{ELEMENT}, {_PRINTER}", since=(5, 0), served_by="Spooler"),
    _class(
        "Win32_ServerConnection",
        CIMV2,
        "ComputerName ShareName UserName",
        f"{ELEMENT}, uint32 ActiveTime, string ComputerName, uint32 ConnectionID, uint32 NumberOfFiles, uint32 NumberOfUsers,"
        " string ShareName, string UserName",
        since=XP,
        served_by="LanmanServer",
    ),
    _class("Win32_ServerFeature", CIMV2, "ID", "uint32 ID, uint32 ParentID, string Name", since=VISTA, side=Side.SERVER),
    _class(
        "Win32_ServerSession",
        CIMV2,
        "ComputerName UserName",
        f"{ELEMENT}, uint32 ActiveTime, string ClientType, string ComputerName, uint32 IdleTime, uint32 ResourcesOpened,"
        " uint32 SessionType, string TransportName, string UserName",
        since=XP,
        served_by="LanmanServer",
    ),
    _class("Win32_ShadowCopy", CIMV2, "ID", f"{ELEMENT}, {_SHADOW_COPY}", since=SERVER_2003, side=Side.SERVER),
    _class(
        "Win32_Share",
        CIMV2,
        "Name",
        f"{ELEMENT}, uint32 AccessMask, boolean AllowMaximum, uint32 MaximumAllowed, string Path, uint32 Type",
        since=(5, 0),
        served_by="LanmanServer",
    ),
    _class("Win32_TerminalServiceSetting", CIMV2, "ServerName", f"{ELEMENT}, {_TERMINAL_SERVICE}", since=XP, until=VISTA),
    _class("Win32_TerminalServiceSetting", TERMINAL_SERVICES, "ServerName", f"{ELEMENT}, {_TERMINAL_SERVICE}", since=VISTA),
)
"""All of them; a name may be there twice, in another namespace on another Windows, with the same keys."""
