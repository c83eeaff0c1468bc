/* SPDX-License-Identifier: MIT */
/*
 * Packets from the miniport: the pieces that a NET_BUFFER's MDLs describe.
 */
#include "edge.h"

int
OutboundPieces(PNET_BUFFER NetBuffer, LINUX_IOVEC *Pieces, int Maximum)
{
    ULONG Left = NET_BUFFER_DATA_LENGTH(NetBuffer);
    ULONG Offset = NET_BUFFER_CURRENT_MDL_OFFSET(NetBuffer);
    int Count = 0;

    for (PMDL Mdl = NET_BUFFER_CURRENT_MDL(NetBuffer); Mdl != NULL && Left != 0; Mdl = Mdl->Next)
    {
        ULONG Bytes = MmGetMdlByteCount(Mdl);
        PUCHAR Address = MmGetSystemAddressForMdlSafe(Mdl, NormalPagePriority);

        if (Offset >= Bytes)
        {
            Offset -= Bytes;
            continue;
        }
        if (Count == Maximum || Address == NULL)
            return 0;
        Bytes -= Offset;
        if (Bytes > Left)
            Bytes = Left;
        Pieces[Count].Base = Address + Offset;
        Pieces[Count].Bytes = Bytes;
        Count++;
        Left -= Bytes;
        Offset = 0;
    }
    return Left == 0 ? Count : 0;
}
