/* SPDX-License-Identifier: MIT */
/*
 * The peer of an adapter where there is no TUN device: whatever address an echo request is for, it
 * answers. Everything else is lost. ICMP: RFC 792; ICMPv6: RFC 4443.
 *
 * A reply is the request with the addresses exchanged and another type. A checksum is corrected by
 * what changed: exchanged addresses do not change it, the type does.
 */
#include "edge.h"

#define REPLIES_MAX         256
#define IPV4_HEADER_MIN     20u
#define IPV6_HEADER         40u
#define ICMP_HEADER         8u
#define PROTOCOL_ICMP       1
#define PROTOCOL_ICMPV6     58
#define ICMP_ECHO_REPLY     0
#define ICMP_ECHO_REQUEST   8
#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY   129
#define IPV4_FRAGMENT_BITS  0x3FFF /* more fragments, offset */
#define GATHER_PIECES       64

typedef struct ECHO_REPLY
{
    struct ECHO_REPLY *Next;
    ULONG Bytes;
    UCHAR Packet[];
} ECHO_REPLY;

struct ECHO_PEER
{
    HOST_LOCK Lock;
    ECHO_REPLY *First; /* under Lock, as all below */
    ECHO_REPLY **Last;
    ULONG Count;
    int Wake;
};

ECHO_PEER *
EchoCreate(int Wake)
{
    ECHO_PEER *Peer = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Peer), HOST_POOL_TAG);
    if (Peer == NULL)
        return NULL;
    RtlZeroMemory(Peer, sizeof(*Peer));
    Peer->Last = &Peer->First;
    Peer->Wake = Wake;
    return Peer;
}

VOID
EchoDelete(ECHO_PEER *Peer)
{
    while (Peer->First != NULL)
    {
        ECHO_REPLY *Reply = Peer->First;
        Peer->First = Reply->Next;
        ExFreePoolWithTag(Reply, HOST_POOL_TAG);
    }
    ExFreePoolWithTag(Peer, HOST_POOL_TAG);
}

static VOID
Exchange(PUCHAR A, PUCHAR B, ULONG Bytes)
{
    for (ULONG Index = 0; Index < Bytes; Index++)
    {
        UCHAR Byte = A[Index];
        A[Index] = B[Index];
        B[Index] = Byte;
    }
}

/* The type is the high byte of the first 16 bits that the checksum covers. The sum below is that of
 * RFC 1141 and never 0: for a reply that is all zeros but its checksum, 0 would be wrong. */
static VOID
ChangeType(PUCHAR Icmp, UCHAR Type)
{
    ULONG Old = (ULONG)Icmp[0] << 8;
    ULONG New = (ULONG)Type << 8;
    ULONG Sum = (((ULONG)Icmp[2] << 8) | Icmp[3]) + Old + (0xFFFFu & ~New);

    Sum = (Sum & 0xFFFF) + (Sum >> 16);
    Sum = (Sum & 0xFFFF) + (Sum >> 16);
    Icmp[0] = Type;
    Icmp[2] = (UCHAR)(Sum >> 8);
    Icmp[3] = (UCHAR)Sum;
}

static BOOLEAN
Answer4(PUCHAR Packet, ULONG Bytes)
{
    ULONG Header = (Packet[0] & 0x0Fu) * 4;

    if (Bytes < IPV4_HEADER_MIN || Header < IPV4_HEADER_MIN || Bytes < Header + ICMP_HEADER ||
        Packet[9] != PROTOCOL_ICMP || Packet[Header] != ICMP_ECHO_REQUEST ||
        ((((ULONG)Packet[6] << 8) | Packet[7]) & IPV4_FRAGMENT_BITS) != 0)
        return FALSE;
    Exchange(Packet + 12, Packet + 16, 4);
    ChangeType(Packet + Header, ICMP_ECHO_REPLY);
    return TRUE;
}

static BOOLEAN
Answer6(PUCHAR Packet, ULONG Bytes)
{
    if (Bytes < IPV6_HEADER + ICMP_HEADER || Packet[6] != PROTOCOL_ICMPV6 ||
        Packet[IPV6_HEADER] != ICMPV6_ECHO_REQUEST)
        return FALSE;
    Exchange(Packet + 8, Packet + 24, 16);
    ChangeType(Packet + IPV6_HEADER, ICMPV6_ECHO_REPLY);
    return TRUE;
}

static BOOLEAN
Gather(PNET_BUFFER NetBuffer, PUCHAR Packet)
{
    LINUX_IOVEC Pieces[GATHER_PIECES];
    int Count = OutboundPieces(NetBuffer, Pieces, GATHER_PIECES);

    for (int Index = 0; Index < Count; Index++)
    {
        RtlCopyMemory(Packet, Pieces[Index].Base, Pieces[Index].Bytes);
        Packet += Pieces[Index].Bytes;
    }
    return Count != 0;
}

BOOLEAN
EchoOffer(ECHO_PEER *Peer, PNET_BUFFER NetBuffer)
{
    ULONG Bytes = NET_BUFFER_DATA_LENGTH(NetBuffer);
    ECHO_REPLY *Reply;
    BOOLEAN Taken = FALSE;

    if (Bytes == 0)
        return FALSE;
    Reply = ExAllocatePoolWithTag(NonPagedPool, sizeof(*Reply) + Bytes, HOST_POOL_TAG);
    if (Reply == NULL)
        return FALSE;
    Reply->Next = NULL;
    Reply->Bytes = Bytes;
    if (Gather(NetBuffer, Reply->Packet) &&
        (Reply->Packet[0] >> 4 == 4 ? Answer4(Reply->Packet, Bytes)
                                    : Reply->Packet[0] >> 4 == 6 && Answer6(Reply->Packet, Bytes)))
    {
        HostLockAcquire(&Peer->Lock);
        if (Peer->Count < REPLIES_MAX)
        {
            *Peer->Last = Reply;
            Peer->Last = &Reply->Next;
            Peer->Count++;
            Taken = TRUE;
        }
        HostLockRelease(&Peer->Lock);
    }
    if (Taken)
        LinuxEventFdSignal(Peer->Wake);
    else
        ExFreePoolWithTag(Reply, HOST_POOL_TAG);
    return Taken;
}

ULONG
EchoNext(ECHO_PEER *Peer, const LINUX_IOVEC Pieces[2])
{
    ECHO_REPLY *Reply;
    ULONG Bytes;
    ULONG First;

    HostLockAcquire(&Peer->Lock);
    Reply = Peer->First;
    if (Reply != NULL)
    {
        Peer->First = Reply->Next;
        if (Peer->First == NULL)
            Peer->Last = &Peer->First;
        Peer->Count--;
    }
    HostLockRelease(&Peer->Lock);
    if (Reply == NULL)
        return 0;
    Bytes = Reply->Bytes;
    First = Bytes < Pieces[0].Bytes ? Bytes : (ULONG)Pieces[0].Bytes;
    RtlCopyMemory(Pieces[0].Base, Reply->Packet, First);
    RtlCopyMemory(Pieces[1].Base, Reply->Packet + First, Bytes - First);
    ExFreePoolWithTag(Reply, HOST_POOL_TAG);
    return Bytes;
}
