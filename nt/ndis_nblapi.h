/* SPDX-License-Identifier: MIT */
/*
 * Functions that allocate, free and walk NET_BUFFER_LIST and NET_BUFFER structures. All of them may
 * be called up to DISPATCH_LEVEL unless a line says otherwise. Documentation: nblapi (formerly
 * "NDIS buffer management functions").
 */
#ifndef CULVERT_NT_NDIS_NBLAPI_H
#define CULVERT_NT_NDIS_NBLAPI_H

#include "ndis_nbl.h"

/* nblapi/ns-nblapi-net_buffer_list_pool_parameters */
typedef struct _NET_BUFFER_LIST_POOL_PARAMETERS
{
    NDIS_OBJECT_HEADER Header;
    UCHAR ProtocolId;
    BOOLEAN fAllocateNetBuffer;
    USHORT ContextSize;
    ULONG PoolTag;
    ULONG DataSize;
} NET_BUFFER_LIST_POOL_PARAMETERS, *PNET_BUFFER_LIST_POOL_PARAMETERS;
NT_ASSERT_SIZE(NET_BUFFER_LIST_POOL_PARAMETERS, 16, 16);
#define NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1 1
#define NDIS_SIZEOF_NET_BUFFER_LIST_POOL_PARAMETERS_REVISION_1                                     \
    NDIS_SIZEOF_THROUGH(NET_BUFFER_LIST_POOL_PARAMETERS, DataSize)

/* nblapi/ns-nblapi-net_buffer_pool_parameters */
typedef struct _NET_BUFFER_POOL_PARAMETERS
{
    NDIS_OBJECT_HEADER Header;
    ULONG PoolTag;
    ULONG DataSize;
} NET_BUFFER_POOL_PARAMETERS, *PNET_BUFFER_POOL_PARAMETERS;
NT_ASSERT_SIZE(NET_BUFFER_POOL_PARAMETERS, 12, 12);
#define NET_BUFFER_POOL_PARAMETERS_REVISION_1 1
#define NDIS_SIZEOF_NET_BUFFER_POOL_PARAMETERS_REVISION_1                                          \
    NDIS_SIZEOF_THROUGH(NET_BUFFER_POOL_PARAMETERS, DataSize)

typedef PMDL NTAPI
NET_BUFFER_ALLOCATE_MDL(_Inout_ PULONG BufferSize);
typedef NET_BUFFER_ALLOCATE_MDL *NET_BUFFER_ALLOCATE_MDL_HANDLER;
typedef VOID NTAPI
NET_BUFFER_FREE_MDL(_In_ PMDL Mdl);
typedef NET_BUFFER_FREE_MDL *NET_BUFFER_FREE_MDL_HANDLER;

/* Pools. The handle is the driver's or the adapter's. Freed when nothing of the pool is left. */
_Must_inspect_result_
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI NDIS_HANDLE NTAPI
NdisAllocateNetBufferListPool(_In_opt_ NDIS_HANDLE NdisHandle,
                              _In_ PNET_BUFFER_LIST_POOL_PARAMETERS Parameters);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisFreeNetBufferListPool(_In_ NDIS_HANDLE PoolHandle);
_Must_inspect_result_
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI NDIS_HANDLE NTAPI
NdisAllocateNetBufferPool(_In_opt_ NDIS_HANDLE NdisHandle,
                          _In_ PNET_BUFFER_POOL_PARAMETERS Parameters);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisFreeNetBufferPool(_In_ NDIS_HANDLE PoolHandle);

_Must_inspect_result_
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI PNET_BUFFER_LIST NTAPI
NdisAllocateNetBufferList(_In_ NDIS_HANDLE PoolHandle, _In_ USHORT ContextSize,
                          _In_ USHORT ContextBackFill);
/* The pool must have been made with fAllocateNetBuffer and a DataSize of zero. */
_Must_inspect_result_
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI PNET_BUFFER_LIST NTAPI
NdisAllocateNetBufferAndNetBufferList(_In_ NDIS_HANDLE PoolHandle, _In_ USHORT ContextSize,
                                      _In_ USHORT ContextBackFill, _In_opt_ PMDL MdlChain,
                                      _In_ ULONG DataOffset, _In_ SIZE_T DataLength);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisFreeNetBufferList(_In_ PNET_BUFFER_LIST NetBufferList);
_Must_inspect_result_
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI PNET_BUFFER NTAPI
NdisAllocateNetBuffer(_In_ NDIS_HANDLE PoolHandle, _In_opt_ PMDL MdlChain, _In_ ULONG DataOffset,
                      _In_ SIZE_T DataLength);
_Must_inspect_result_
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI PNET_BUFFER NTAPI
NdisAllocateNetBufferMdlAndData(_In_ NDIS_HANDLE PoolHandle);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisFreeNetBuffer(_In_ PNET_BUFFER NetBuffer);

/* An MDL over non-paged memory of the caller's. */
_Must_inspect_result_
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI PMDL NTAPI
NdisAllocateMdl(_In_ NDIS_HANDLE NdisHandle, _In_reads_bytes_(Length) PVOID VirtualAddress,
                _In_ UINT Length);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisFreeMdl(_In_ PMDL Mdl);

/*
 * The first BytesNeeded bytes of the data in one piece: in place, or copied to Storage where they
 * are not contiguous (or not aligned). NULL where that cannot be had.
 */
_Must_inspect_result_
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI PVOID NTAPI
NdisGetDataBuffer(_In_ PNET_BUFFER NetBuffer, _In_ ULONG BytesNeeded,
                  _Out_writes_bytes_all_opt_(BytesNeeded) PVOID Storage, _In_ UINT AlignMultiple,
                  _In_ UINT AlignOffset);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI VOID NTAPI
NdisAdvanceNetBufferDataStart(_In_ PNET_BUFFER NetBuffer, _In_ ULONG DataOffsetDelta,
                              _In_ BOOLEAN FreeMdl,
                              _In_opt_ NET_BUFFER_FREE_MDL_HANDLER FreeMdlHandler);
_Must_inspect_result_
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI NDIS_STATUS NTAPI
NdisRetreatNetBufferDataStart(_In_ PNET_BUFFER NetBuffer, _In_ ULONG DataOffsetDelta,
                              _In_ ULONG DataBackFill,
                              _In_opt_ NET_BUFFER_ALLOCATE_MDL_HANDLER AllocateMdlHandler);
_IRQL_requires_max_(DISPATCH_LEVEL)
NDISAPI NDIS_STATUS NTAPI
NdisCopyFromNetBufferToNetBuffer(_In_ PNET_BUFFER Destination, _In_ ULONG DestinationOffset,
                                 _In_ ULONG BytesToCopy, _In_ const NET_BUFFER *Source,
                                 _In_ ULONG SourceOffset, _Out_ PULONG BytesCopied);

#endif
