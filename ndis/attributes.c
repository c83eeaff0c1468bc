/* SPDX-License-Identifier: MIT */
/* NdisMSetMiniportAttributes. Pages "NdisMSetMiniportAttributes" and
 * "NDIS_MINIPORT_ADAPTER_…_ATTRIBUTES". */
#include "adapter.h"
#include "verify.h"

static const char Function[] = "NdisMSetMiniportAttributes";
#define TAG_ATTRIBUTES OBJECT_SIGNATURE('N', 'd', 'A', 't')

#define KNOWN_ATTRIBUTE_FLAGS                                                                      \
    (NDIS_MINIPORT_ATTRIBUTES_HARDWARE_DEVICE | NDIS_MINIPORT_ATTRIBUTES_NDIS_WDM |                \
     NDIS_MINIPORT_ATTRIBUTES_SURPRISE_REMOVE_OK | NDIS_MINIPORT_ATTRIBUTES_NOT_CO_NDIS |          \
     NDIS_MINIPORT_ATTRIBUTES_DO_NOT_BIND_TO_ALL_CO |                                              \
     NDIS_MINIPORT_ATTRIBUTES_NO_HALT_ON_SUSPEND | NDIS_MINIPORT_ATTRIBUTES_BUS_MASTER |           \
     NDIS_MINIPORT_ATTRIBUTES_CONTROLS_DEFAULT_PORT |                                              \
     NDIS_MINIPORT_ATTRIBUTES_NO_PAUSE_ON_SUSPEND |                                                \
     NDIS_MINIPORT_ATTRIBUTES_NO_OID_INTERCEPT_ON_NONDEFAULT_PORTS |                               \
     NDIS_MINIPORT_ATTRIBUTES_REGISTER_BUGCHECK_CALLBACK)

static const HEADER_REVISION RegistrationRevisions[] = {
    {NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_1, NDIS_VERSION(6, 0)},
    {NDIS_SIZEOF_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES_REVISION_2, NDIS_VERSION(6, 30)},
};
static const HEADER_RULE RegistrationRule = {
    "NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES",
    NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES, RTL_NUMBER_OF(RegistrationRevisions),
    sizeof(NDIS_MINIPORT_ADAPTER_ATTRIBUTES), RegistrationRevisions};

static const HEADER_REVISION GeneralRevisions[] = {
    {NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1, NDIS_VERSION(6, 0)},
    {NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2, NDIS_VERSION(6, 20)},
};
static const HEADER_RULE GeneralRule = {"NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES",
                                        NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES,
                                        RTL_NUMBER_OF(GeneralRevisions),
                                        sizeof(NDIS_MINIPORT_ADAPTER_ATTRIBUTES), GeneralRevisions};

static const HEADER_REVISION PowerRevisions[] = {
    {NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_1, NDIS_VERSION(6, 20)},
    {NDIS_SIZEOF_NDIS_PM_CAPABILITIES_REVISION_2, NDIS_VERSION(6, 30)},
};
static const HEADER_RULE PowerRule = {"NDIS_PM_CAPABILITIES", NDIS_OBJECT_TYPE_DEFAULT,
                                      RTL_NUMBER_OF(PowerRevisions), sizeof(NDIS_PM_CAPABILITIES),
                                      PowerRevisions};

static const HEADER_REVISION OffloadRevisions[] = {
    {NDIS_SIZEOF_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES_REVISION_1, NDIS_VERSION(6, 0)},
};
static const HEADER_RULE OffloadRule = {"NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES",
                                        NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES,
                                        RTL_NUMBER_OF(OffloadRevisions),
                                        sizeof(NDIS_MINIPORT_ADAPTER_ATTRIBUTES), OffloadRevisions};

VOID
AttributesFree(NDIS_ADAPTER *Adapter)
{
    if (Adapter->General.SupportedOidList != NULL)
        ExFreePoolWithTag(Adapter->General.SupportedOidList, TAG_ATTRIBUTES);
    RtlZeroMemory(&Adapter->General, sizeof(Adapter->General));
    Adapter->Attributes &= ATTRIBUTES_ADD_DEVICE;
    Adapter->MiniportAdapterContext = NULL;
}

static NDIS_STATUS
SetRegistration(NDIS_ADAPTER *Adapter,
                const NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES *Registration)
{
    NDIS_STATUS Status = RuleHeader(Function, &Registration->Header, &RegistrationRule,
                                    Adapter->Driver->NdisVersion);
    if (Status != NDIS_STATUS_SUCCESS)
        return Status;
    if (Registration->AttributeFlags & ~(ULONG)KNOWN_ATTRIBUTE_FLAGS)
    {
        RuleBroken(
            "%s: NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES.AttributeFlags is %x; only %x "
            "are defined",
            Function, Registration->AttributeFlags, (ULONG)KNOWN_ATTRIBUTE_FLAGS);
        return NDIS_STATUS_FAILURE;
    }
    Adapter->MiniportAdapterContext = Registration->MiniportAdapterContext;
    Adapter->AttributeFlags = Registration->AttributeFlags;
    Adapter->Attributes |= ATTRIBUTES_REGISTRATION;
    return NDIS_STATUS_SUCCESS;
}

#define GENERAL "NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES"

BOOLEAN NdisToTheLetter;

/* SupportedStatistics: what the page lists, all of which NDIS 6.0 drivers must support, and what
 * else ntddndis.h has. */
#define DEMANDED_STATISTICS                                                                        \
    (NDIS_STATISTICS_DIRECTED_FRAMES_RCV_SUPPORTED |                                               \
     NDIS_STATISTICS_MULTICAST_FRAMES_RCV_SUPPORTED |                                              \
     NDIS_STATISTICS_BROADCAST_FRAMES_RCV_SUPPORTED | NDIS_STATISTICS_BYTES_RCV_SUPPORTED |        \
     NDIS_STATISTICS_RCV_DISCARDS_SUPPORTED | NDIS_STATISTICS_RCV_ERROR_SUPPORTED |                \
     NDIS_STATISTICS_DIRECTED_FRAMES_XMIT_SUPPORTED |                                              \
     NDIS_STATISTICS_MULTICAST_FRAMES_XMIT_SUPPORTED |                                             \
     NDIS_STATISTICS_BROADCAST_FRAMES_XMIT_SUPPORTED | NDIS_STATISTICS_BYTES_XMIT_SUPPORTED |      \
     NDIS_STATISTICS_XMIT_ERROR_SUPPORTED | NDIS_STATISTICS_XMIT_DISCARDS_SUPPORTED |              \
     NDIS_STATISTICS_DIRECTED_BYTES_RCV_SUPPORTED |                                                \
     NDIS_STATISTICS_MULTICAST_BYTES_RCV_SUPPORTED |                                               \
     NDIS_STATISTICS_BROADCAST_BYTES_RCV_SUPPORTED |                                               \
     NDIS_STATISTICS_DIRECTED_BYTES_XMIT_SUPPORTED |                                               \
     NDIS_STATISTICS_MULTICAST_BYTES_XMIT_SUPPORTED |                                              \
     NDIS_STATISTICS_BROADCAST_BYTES_XMIT_SUPPORTED)
#define KNOWN_STATISTICS                                                                           \
    (DEMANDED_STATISTICS | NDIS_STATISTICS_XMIT_OK_SUPPORTED | NDIS_STATISTICS_RCV_OK_SUPPORTED |  \
     NDIS_STATISTICS_RCV_NO_BUFFER_SUPPORTED | NDIS_STATISTICS_RCV_CRC_ERROR_SUPPORTED |           \
     NDIS_STATISTICS_TRANSMIT_QUEUE_LENGTH_SUPPORTED | NDIS_STATISTICS_GEN_STATISTICS_SUPPORTED)

/* Of revision 1 there is none. */
static const NDIS_PM_CAPABILITIES *
PowerCapabilities(const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *General)
{
    return General->Header.Revision >= NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2
               ? General->PowerManagementCapabilitiesEx
               : NULL;
}

/* The fields whose values are restricted by the page of the structure or of the OID it names. */
static BOOLEAN
CheckGeneral(const NDIS_ADAPTER *Adapter, const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *General)
{
    const struct
    {
        BOOLEAN Holds;
        const char *Field;
        const char *Required;
    } Rules[] = {
        {General->Flags == 0, "Flags", "zero, being reserved"},
        {General->MtuSize != 0, "MtuSize", "not zero"},
        {General->LookaheadSize != 0, "LookaheadSize", "not zero"},
        {General->MediaConnectState <= MediaConnectStateDisconnected, "MediaConnectState",
         "a NET_IF_MEDIA_CONNECT_STATE"},
        {General->MediaDuplexState <= MediaDuplexStateFull, "MediaDuplexState",
         "a NET_IF_MEDIA_DUPLEX_STATE"},
        {General->MacAddressLength <= NDIS_MAX_PHYS_ADDRESS_LENGTH, "MacAddressLength",
         "at most NDIS_MAX_PHYS_ADDRESS_LENGTH"},
        {General->AccessType > 0 && General->AccessType < NET_IF_ACCESS_MAXIMUM, "AccessType",
         "a NET_IF_ACCESS_TYPE"},
        {General->DirectionType < NET_IF_DIRECTION_MAXIMUM, "DirectionType",
         "a NET_IF_DIRECTION_TYPE"},
        {General->ConnectionType > 0 && General->ConnectionType < NET_IF_CONNECTION_MAXIMUM,
         "ConnectionType", "a NET_IF_CONNECTION_TYPE"},
        {General->IfType != 0, "IfType", "an IANA interface type"},
        {(General->SupportedStatistics & ~(ULONG)KNOWN_STATISTICS) == 0, "SupportedStatistics",
         "of NDIS_STATISTICS_..._SUPPORTED only"},
        {!NdisToTheLetter ||
             (General->SupportedStatistics & DEMANDED_STATISTICS) == DEMANDED_STATISTICS,
         "SupportedStatistics", "all that NDIS_STATISTICS_INFO has"},
        {General->SupportedOidList != NULL, "SupportedOidList", "not NULL"},
        {General->SupportedOidListLength != 0 &&
             General->SupportedOidListLength % sizeof(NDIS_OID) == 0,
         "SupportedOidListLength", "the length in bytes of an array of OIDs"},
        {Adapter->Driver->NdisVersion < NDIS_VERSION(6, 20) ||
             General->PowerManagementCapabilities == NULL,
         "PowerManagementCapabilities",
         "NULL, for NDIS 6.20 drivers use PowerManagementCapabilitiesEx"},
        {!NdisToTheLetter || Adapter->Driver->NdisVersion < NDIS_VERSION(6, 20) ||
             PowerCapabilities(General) != NULL,
         "PowerManagementCapabilitiesEx", "given, being mandatory for NDIS 6.20 drivers"},
    };
    BOOLEAN Holds = TRUE;
    for (ULONG Index = 0; Index < RTL_NUMBER_OF(Rules); Index++)
    {
        if (Rules[Index].Holds)
            continue;
        RuleBroken("%s: " GENERAL ".%s is wrong; it must be %s", Function, Rules[Index].Field,
                   Rules[Index].Required);
        Holds = FALSE;
    }
    return Holds;
}

static NDIS_STATUS
SetGeneral(NDIS_ADAPTER *Adapter, const NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES *General)
{
    NDIS_STATUS Status =
        RuleHeader(Function, &General->Header, &GeneralRule, Adapter->Driver->NdisVersion);
    if (Status != NDIS_STATUS_SUCCESS)
        return Status;
    if (!CheckGeneral(Adapter, General))
        return NDIS_STATUS_FAILURE;
    if (PowerCapabilities(General) != NULL)
    {
        Status = RuleHeader(Function, &PowerCapabilities(General)->Header, &PowerRule,
                            Adapter->Driver->NdisVersion);
        if (Status != NDIS_STATUS_SUCCESS)
            return Status;
    }
    PNDIS_OID List =
        ExAllocatePoolWithTag(NonPagedPoolNx, General->SupportedOidListLength, TAG_ATTRIBUTES);
    if (List == NULL)
        return NDIS_STATUS_RESOURCES;
    RtlCopyMemory(List, General->SupportedOidList, General->SupportedOidListLength);
    RtlZeroMemory(&Adapter->General, sizeof(Adapter->General));
    RtlCopyMemory(&Adapter->General, General,
                  General->Header.Revision == NDIS_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1
                      ? NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_1
                      : NDIS_SIZEOF_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES_REVISION_2);
    Adapter->General.SupportedOidList = List;
    /* These belong to the miniport and need not outlive this call. */
    Adapter->PowerAware = Adapter->General.PowerManagementCapabilities != NULL ||
                          Adapter->General.PowerManagementCapabilitiesEx != NULL;
    Adapter->General.PowerManagementCapabilities = NULL;
    Adapter->General.PowerManagementCapabilitiesEx = NULL;
    Adapter->General.RecvScaleCapabilities = NULL;
    Adapter->PacketFilter = 0;
    Adapter->Lookahead = General->LookaheadSize;
    KIRQL Irql;
    KeAcquireSpinLock(&Adapter->LinkLock, &Irql);
    /* The miniport may have indicated NDIS_STATUS_LINK_STATE already, after the registration
     * attributes: that is newer than what it may have filled in here before. */
    if (!Adapter->LinkIndicated)
    {
        Adapter->Link.ConnectState = General->MediaConnectState;
        Adapter->Link.DuplexState = General->MediaDuplexState;
        Adapter->Link.XmitLinkSpeed = General->XmitLinkSpeed;
        Adapter->Link.RcvLinkSpeed = General->RcvLinkSpeed;
    }
    KeReleaseSpinLock(&Adapter->LinkLock, Irql);
    Adapter->Attributes |= ATTRIBUTES_GENERAL;
    return NDIS_STATUS_SUCCESS;
}

/* Offloads, hardware assistance and the like need a protocol driver that uses them: accepted in the
 * documented order and otherwise without consequence. */
static NDIS_STATUS
SetAdditional(NDIS_ADAPTER *Adapter, const NDIS_MINIPORT_ADAPTER_ATTRIBUTES *Attributes,
              ULONG Which)
{
    if (Which == ATTRIBUTES_OFFLOAD)
    {
        NDIS_STATUS Status = RuleHeader(Function, &Attributes->OffloadAttributes.Header,
                                        &OffloadRule, Adapter->Driver->NdisVersion);
        if (Status != NDIS_STATUS_SUCCESS)
            return Status;
    }
    Adapter->Attributes |= Which;
    return NDIS_STATUS_SUCCESS;
}

static const struct
{
    UCHAR Type;
    const char *Name;
    ULONG Which;
    ULONG Before; /* what must have been set before it */
} AttributeKinds[] = {
    {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES,
     "NDIS_MINIPORT_ADAPTER_REGISTRATION_ATTRIBUTES", ATTRIBUTES_REGISTRATION, 0},
    {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_GENERAL_ATTRIBUTES, GENERAL, ATTRIBUTES_GENERAL,
     ATTRIBUTES_REGISTRATION},
    {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES,
     "NDIS_MINIPORT_ADAPTER_OFFLOAD_ATTRIBUTES", ATTRIBUTES_OFFLOAD, ATTRIBUTES_GENERAL},
    {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES,
     "NDIS_MINIPORT_ADAPTER_HARDWARE_ASSIST_ATTRIBUTES", ATTRIBUTES_ASSIST, ATTRIBUTES_GENERAL},
    {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_NATIVE_802_11_ATTRIBUTES,
     "NDIS_MINIPORT_ADAPTER_NATIVE_802_11_ATTRIBUTES", ATTRIBUTES_NATIVE_80211, ATTRIBUTES_GENERAL},
    {NDIS_OBJECT_TYPE_MINIPORT_ADAPTER_NDK_ATTRIBUTES, "NDIS_MINIPORT_ADAPTER_NDK_ATTRIBUTES",
     ATTRIBUTES_NDK, ATTRIBUTES_GENERAL},
};

/* The order and number of the calls: page "NdisMSetMiniportAttributes", remarks. */
static BOOLEAN
CheckOrder(const NDIS_ADAPTER *Adapter, ULONG Kind)
{
    const char *Name = AttributeKinds[Kind].Name;
    if (ReadWord(&Adapter->State) != AdapterInitializing)
    {
        RuleBroken("%s: %s is set while the adapter is %s; MiniportInitializeEx must set it",
                   Function, Name, AdapterStateName(ReadWord(&Adapter->State)));
        return FALSE;
    }
    if (Adapter->Attributes & AttributeKinds[Kind].Which)
    {
        RuleBroken("%s: %s is set a second time", Function, Name);
        return FALSE;
    }
    if ((Adapter->Attributes & AttributeKinds[Kind].Before) != AttributeKinds[Kind].Before)
    {
        RuleBroken("%s: %s is set before %s attributes", Function, Name,
                   AttributeKinds[Kind].Before == ATTRIBUTES_GENERAL ? "the general"
                                                                     : "the registration");
        return FALSE;
    }
    return TRUE;
}

NDIS_STATUS NTAPI
NdisMSetMiniportAttributes(NDIS_HANDLE NdisMiniportHandle,
                           PNDIS_MINIPORT_ADAPTER_ATTRIBUTES MiniportAttributes)
{
    NDIS_ADAPTER *Adapter = AdapterFromHandle(Function, NdisMiniportHandle);
    if (Adapter == NULL || !RuleIrqlAtMost(Function, PASSIVE_LEVEL))
        return NDIS_STATUS_FAILURE;
    UCHAR Type = MiniportAttributes->RegistrationAttributes.Header.Type;
    ULONG Kind = 0;
    while (Kind < RTL_NUMBER_OF(AttributeKinds) && AttributeKinds[Kind].Type != Type)
        Kind++;
    if (Kind == RTL_NUMBER_OF(AttributeKinds))
    {
        RuleBroken("%s: NDIS_MINIPORT_ADAPTER_ATTRIBUTES.Header.Type is %x, which is not that of "
                   "attributes",
                   Function, (ULONG)Type);
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    if (!CheckOrder(Adapter, Kind))
        return NDIS_STATUS_FAILURE;
    switch (AttributeKinds[Kind].Which)
    {
    case ATTRIBUTES_REGISTRATION:
        return SetRegistration(Adapter, &MiniportAttributes->RegistrationAttributes);
    case ATTRIBUTES_GENERAL:
        return SetGeneral(Adapter, &MiniportAttributes->GeneralAttributes);
    default:
        return SetAdditional(Adapter, MiniportAttributes, AttributeKinds[Kind].Which);
    }
}
