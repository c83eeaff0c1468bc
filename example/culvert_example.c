/* SPDX-License-Identifier: MIT */
/*
 * What culvert.h adds, in a few lines each: the job of example.c done with batches, with waits that
 * Ctrl+C cancels, and with statistics at the end. With a DLL that has only the Wintun API it does
 * the same one packet at a time.
 *
 *     culvert_example.exe [NAME]     the adapter's name, "culvert-demo" unless given
 */
#include "culvert.h"
#include "packets.h"
#include <stdio.h>

#define RING_CAPACITY 0x400000 /* 4 MiB */
#define BATCH         64

#define WINTUN_FUNCTIONS(X)                                                                        \
    X(WINTUN_CREATE_ADAPTER_FUNC, WintunCreateAdapter)                                             \
    X(WINTUN_DELETE_ADAPTER_FUNC, WintunDeleteAdapter)                                             \
    X(WINTUN_FREE_ADAPTER_FUNC, WintunFreeAdapter)                                                 \
    X(WINTUN_DELETE_POOL_DRIVER_FUNC, WintunDeletePoolDriver)                                      \
    X(WINTUN_START_SESSION_FUNC, WintunStartSession)                                               \
    X(WINTUN_END_SESSION_FUNC, WintunEndSession)                                                   \
    X(WINTUN_GET_READ_WAIT_EVENT_FUNC, WintunGetReadWaitEvent)                                     \
    X(WINTUN_RECEIVE_PACKET_FUNC, WintunReceivePacket)                                             \
    X(WINTUN_RELEASE_RECEIVE_PACKET_FUNC, WintunReleaseReceivePacket)                              \
    X(WINTUN_ALLOCATE_SEND_PACKET_FUNC, WintunAllocateSendPacket)                                  \
    X(WINTUN_SEND_PACKET_FUNC, WintunSendPacket)

/* NULL where the DLL does not have them. */
#define CULVERT_FUNCTIONS(X)                                                                       \
    X(CULVERT_HAS_FEATURE_FUNC, CulvertHasFeature)                                                 \
    X(CULVERT_RELEASE_RECEIVE_PACKETS_FUNC, CulvertReleaseReceivePackets)                          \
    X(CULVERT_SEND_PACKETS_FUNC, CulvertSendPackets)                                               \
    X(CULVERT_RECEIVE_PACKETS_WAIT_FUNC, CulvertReceivePacketsWait)                                \
    X(CULVERT_ALLOCATE_SEND_PACKETS_WAIT_FUNC, CulvertAllocateSendPacketsWait)                     \
    X(CULVERT_GET_ADAPTER_STATISTICS_FUNC, CulvertGetAdapterStatistics)

#define DECLARE(Type, Name) static Type Name;
WINTUN_FUNCTIONS(DECLARE)
CULVERT_FUNCTIONS(DECLARE)
#undef DECLARE

static HANDLE QuitEvent; /* manual-reset: it cancels every wait */

static BOOL
LoadCulvert(void)
{
    HMODULE Dll = LoadLibraryExW(
        L"culvert.dll", NULL, LOAD_LIBRARY_SEARCH_APPLICATION_DIR | LOAD_LIBRARY_SEARCH_SYSTEM32);
    if (Dll == NULL)
        return FALSE;
#define RESOLVE(Type, Name) Name = (Type)(void (*)(void))GetProcAddress(Dll, #Name);
    WINTUN_FUNCTIONS(RESOLVE)
    CULVERT_FUNCTIONS(RESOLVE)
#undef RESOLVE
#define MISSING(Type, Name)                                                                        \
    if (Name == NULL)                                                                              \
        return FALSE;
    WINTUN_FUNCTIONS(MISSING)
#undef MISSING
    return TRUE;
}

static BOOL
Has(CULVERT_FEATURE Feature)
{
    return CulvertHasFeature != NULL && CulvertHasFeature(Feature);
}

static BOOL WINAPI
QuitHandler(DWORD ControlType)
{
    (void)ControlType;
    SetEvent(QuitEvent);
    return TRUE; /* and let main clean up */
}

/* Sends the answers, all of them: waits for room when the ring is full. FALSE at the end. */
static BOOL
SendAnswers(WINTUN_SESSION_HANDLE Session, const CULVERT_PACKET *Answers, DWORD Count)
{
    CULVERT_PACKET Out[BATCH];
    for (DWORD Sent = 0; Sent < Count;)
    {
        for (DWORD Index = Sent; Index < Count; ++Index)
            Out[Index] = (CULVERT_PACKET){.Size = Answers[Index].Size};
        /* Data is NULL from the first one on that there is no room for. */
        if (CulvertAllocateSendPacketsWait(Session, Out + Sent, Count - Sent, INFINITE,
                                           QuitEvent) == 0)
            return FALSE;
        DWORD First = Sent;
        for (; Sent < Count && Out[Sent].Data != NULL; ++Sent)
            CopyMemory(Out[Sent].Data, Answers[Sent].Data, Out[Sent].Size);
        CulvertSendPackets(Session, Out + First, Sent - First);
    }
    return TRUE;
}

/* Until Ctrl+C, or until the adapter goes away: whole batches, without an event in sight. */
static void
AnswerBatches(WINTUN_SESSION_HANDLE Session)
{
    CULVERT_PACKET In[BATCH], Answers[BATCH];
    BOOL GoOn = TRUE;
    DWORD Count;
    while (GoOn &&
           (Count = CulvertReceivePacketsWait(Session, In, BATCH, INFINITE, QuitEvent)) != 0)
    {
        DWORD Answered = 0;
        for (DWORD Index = 0; Index < Count; ++Index)
        {
            if (AnswerPacket(In[Index].Data, In[Index].Size) != AnswerNone)
                Answers[Answered++] = In[Index];
        }
        GoOn = SendAnswers(Session, Answers, Answered) &&
               WaitForSingleObject(QuitEvent, 0) != WAIT_OBJECT_0;
        CulvertReleaseReceivePackets(Session, In, Count);
    }
}

/* The same with the functions of wintun.h alone. */
static void
AnswerOneByOne(WINTUN_SESSION_HANDLE Session)
{
    HANDLE Events[] = {QuitEvent, WintunGetReadWaitEvent(Session)};
    while (WaitForSingleObject(QuitEvent, 0) != WAIT_OBJECT_0)
    {
        DWORD Size;
        BYTE *Packet = WintunReceivePacket(Session, &Size), *Out;
        if (Packet == NULL && GetLastError() != ERROR_NO_MORE_ITEMS)
            return;
        if (Packet == NULL)
        {
            WaitForMultipleObjects(2, Events, FALSE, INFINITE);
            continue;
        }
        if (AnswerPacket(Packet, Size) != AnswerNone &&
            (Out = WintunAllocateSendPacket(Session, Size)) != NULL)
        {
            CopyMemory(Out, Packet, Size);
            WintunSendPacket(Session, Out);
        }
        WintunReleaseReceivePacket(Session, Packet);
    }
}

static void
PrintDirection(const char *Name, const CULVERT_DIRECTION_STATISTICS *Of)
{
    printf("%s: %llu packets, %llu bytes, %llu dropped without room, %llu without a session, "
           "%llu wake-ups, at most %llu bytes in the ring\n",
           Name, Of->Packets, Of->Bytes, Of->DropsNoRoom, Of->DropsNoSession, Of->Signals,
           Of->HighWater);
}

/* What the driver has counted; any process may ask, whoever has the session. */
static void
PrintStatistics(WINTUN_ADAPTER_HANDLE Adapter)
{
    CULVERT_STATISTICS Statistics = {.Size = sizeof(Statistics)};
    if (!CulvertGetAdapterStatistics(Adapter, &Statistics))
        return;
    PrintDirection("from the system", &Statistics.Receive);
    PrintDirection("to the system", &Statistics.Send);
}

int
wmain(int ArgumentCount, WCHAR **Arguments)
{
    const WCHAR *Name = ArgumentCount > 1 ? Arguments[1] : L"culvert-demo";
    QuitEvent = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!LoadCulvert() || QuitEvent == NULL || !SetConsoleCtrlHandler(QuitHandler, TRUE))
    {
        fprintf(stderr, "culvert.dll cannot be used: error %lu\n", GetLastError());
        return 1;
    }
    WINTUN_ADAPTER_HANDLE Adapter = WintunCreateAdapter(L"CulvertExample", Name, NULL, NULL);
    WINTUN_SESSION_HANDLE Session = Adapter ? WintunStartSession(Adapter, RING_CAPACITY) : NULL;
    if (Session == NULL)
        fprintf(stderr, "no session: error %lu\n", GetLastError());
    else
    {
        BOOL Batches = Has(CULVERT_FEATURE_BATCHES) && Has(CULVERT_FEATURE_WAITS);
        printf("Session started: answering pings and UDP %s until Ctrl+C.\n",
               Batches ? "in batches" : "one by one");
        fflush(stdout);
        if (Batches)
            AnswerBatches(Session);
        else
            AnswerOneByOne(Session);
        if (Has(CULVERT_FEATURE_STATISTICS))
            PrintStatistics(Adapter);
        WintunEndSession(Session);
    }
    if (Adapter != NULL)
        WintunDeleteAdapter(Adapter, FALSE, NULL);
    WintunFreeAdapter(Adapter);
    WintunDeletePoolDriver(L"CulvertExample", NULL);
    return Session == NULL;
}
