/* SPDX-License-Identifier: MIT */
/*
 * Documented NDIS 6 functions and structures that this NDIS offers and that nt/, which describes
 * what Culvert's own driver may use, does not declare. Pages of the same names in the ndis, nblapi
 * and ntddndis references.
 */
#ifndef CULVERT_NDIS_EXTRA_H
#define CULVERT_NDIS_EXTRA_H

#include "object.h"

/* Functions that nt/ gives as macros over the kernel's, as the WDK does; ndis.sys exports them too.
 */
#undef NdisAllocateSpinLock
#undef NdisFreeSpinLock
#undef NdisAcquireSpinLock
#undef NdisReleaseSpinLock
#undef NdisDprAcquireSpinLock
#undef NdisDprReleaseSpinLock

VOID NTAPI
NdisAllocateSpinLock(PNDIS_SPIN_LOCK SpinLock);
VOID NTAPI
NdisFreeSpinLock(PNDIS_SPIN_LOCK SpinLock);
VOID NTAPI
NdisAcquireSpinLock(PNDIS_SPIN_LOCK SpinLock);
VOID NTAPI
NdisReleaseSpinLock(PNDIS_SPIN_LOCK SpinLock);
VOID NTAPI
NdisDprAcquireSpinLock(PNDIS_SPIN_LOCK SpinLock);
VOID NTAPI
NdisDprReleaseSpinLock(PNDIS_SPIN_LOCK SpinLock);

NDIS_HANDLE NTAPI
NdisGetPoolFromNetBufferList(PNET_BUFFER_LIST NetBufferList);
NDIS_HANDLE NTAPI
NdisGetPoolFromNetBuffer(PNET_BUFFER NetBuffer);
PMDL NTAPI
NdisAdjustNetBufferCurrentMdl(PNET_BUFFER NetBuffer);
VOID NTAPI
NdisAdvanceNetBufferListDataStart(PNET_BUFFER_LIST NetBufferList, ULONG DataOffsetDelta,
                                  BOOLEAN FreeMdl, NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler);
NDIS_STATUS NTAPI
NdisRetreatNetBufferListDataStart(PNET_BUFFER_LIST NetBufferList, ULONG DataOffsetDelta,
                                  ULONG DataBackFill,
                                  NET_BUFFER_ALLOCATE_MDL_HANDLER AllocateMdlHandler,
                                  NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler);
NDIS_STATUS NTAPI
NdisAllocateNetBufferListContext(PNET_BUFFER_LIST NetBufferList, USHORT ContextSize,
                                 USHORT ContextBackFill, ULONG PoolTag);
VOID NTAPI
NdisFreeNetBufferListContext(PNET_BUFFER_LIST NetBufferList, USHORT ContextSize);
ULONG NTAPI
NdisQueryNetBufferPhysicalCount(PNET_BUFFER NetBuffer);

VOID NTAPI
NdisFreeMemoryWithTagPriority(NDIS_HANDLE NdisHandle, PVOID VirtualAddress, ULONG Tag);

VOID NTAPI
NdisOpenConfigurationKeyByName(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle,
                               PNDIS_STRING SubKeyName, PNDIS_HANDLE SubKeyHandle);
VOID NTAPI
NdisOpenConfigurationKeyByIndex(PNDIS_STATUS Status, NDIS_HANDLE ConfigurationHandle, ULONG Index,
                                PNDIS_STRING KeyName, PNDIS_HANDLE KeyHandle);
VOID NTAPI
NdisReadNetworkAddress(PNDIS_STATUS Status, PVOID *NetworkAddress, PUINT NetworkAddressLength,
                       NDIS_HANDLE ConfigurationHandle);

/* ntddndis: OID_GEN_PORT_AUTHENTICATION_PARAMETERS */
typedef enum _NDIS_PORT_CONTROL_STATE
{
    NdisPortControlStateUnknown,
    NdisPortControlStateControlled,
    NdisPortControlStateUncontrolled
} NDIS_PORT_CONTROL_STATE;

typedef enum _NDIS_PORT_AUTHORIZATION_STATE
{
    NdisPortAuthorizationUnknown,
    NdisPortAuthorized,
    NdisPortUnauthorized,
    NdisPortReauthorizing
} NDIS_PORT_AUTHORIZATION_STATE;

typedef struct _NDIS_PORT_AUTHENTICATION_PARAMETERS
{
    NDIS_OBJECT_HEADER Header;
    NDIS_PORT_CONTROL_STATE SendControlState;
    NDIS_PORT_CONTROL_STATE RcvControlState;
    NDIS_PORT_AUTHORIZATION_STATE SendAuthState;
    NDIS_PORT_AUTHORIZATION_STATE RcvAuthState;
} NDIS_PORT_AUTHENTICATION_PARAMETERS;
NT_ASSERT_SIZE(NDIS_PORT_AUTHENTICATION_PARAMETERS, 20, 20);
#define NDIS_PORT_AUTHENTICATION_PARAMETERS_REVISION_1 1
#define NDIS_SIZEOF_PORT_AUTHENTICATION_PARAMETERS_REVISION_1                                      \
    NDIS_SIZEOF_THROUGH(NDIS_PORT_AUTHENTICATION_PARAMETERS, RcvAuthState)

#endif
