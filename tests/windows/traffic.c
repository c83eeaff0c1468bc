/* SPDX-License-Identifier: MIT */
/*
 * traffic.exe: the Windows end of the end-to-end tests.
 *
 *   traffic.exe reflect NAME           sends every packet back as it came
 *   traffic.exe bridge NAME NAME       moves packets between two adapters
 *   traffic.exe hold NAME              starts a session and does nothing with it
 *   traffic.exe delete-running NAME    deletes an adapter while a thread receives from it
 *
 * Each prints "ready" when packets can flow, and ends on Ctrl+C, deleting its adapters, or when an
 * adapter goes away. The pool is "CulvertTest".
 */
#include "culvert_dll.h"
#include <stdio.h>

#define POOL     L"CulvertTest"
#define CAPACITY 0x400000 /* 4 MiB */

typedef struct PORT
{
    WINTUN_ADAPTER_HANDLE Adapter;
    WINTUN_SESSION_HANDLE Session;
} PORT;

typedef struct LINK
{
    PORT *From;
    PORT *To;
    volatile LONG64 Packets;
    volatile LONG64 Dropped;
    volatile DWORD Error; /* why it ended, 0 for Ctrl+C */
} LINK;

static PORT
PortOpen(const WCHAR *Name)
{
    PORT Port;
    Port.Adapter = WintunCreateAdapter(POOL, Name, NULL, NULL);
    if (Port.Adapter == NULL)
        Die("WintunCreateAdapter");
    Port.Session = WintunStartSession(Port.Adapter, CAPACITY);
    if (Port.Session == NULL)
        Die("WintunStartSession");
    return Port;
}

static void
PortClose(PORT *Port)
{
    WintunEndSession(Port->Session);
    if (!WintunDeleteAdapter(Port->Adapter, FALSE, NULL))
        Die("WintunDeleteAdapter");
    WintunFreeAdapter(Port->Adapter);
}

static void
Ready(void)
{
    printf("ready\n");
    fflush(stdout);
}

static void
Forward(LINK *Link, const BYTE *Packet, DWORD Size)
{
    BYTE *Out = WintunAllocateSendPacket(Link->To->Session, Size);
    if (Out == NULL)
    {
        ++Link->Dropped;
        return;
    }
    CopyMemory(Out, Packet, Size);
    WintunSendPacket(Link->To->Session, Out);
    ++Link->Packets;
}

/* Moves packets from one port to another until Ctrl+C or the end of an adapter. */
static DWORD WINAPI
RunLink(LPVOID Context)
{
    LINK *Link = Context;
    HANDLE Events[] = {WintunGetReadWaitEvent(Link->From->Session), QuitEvent};
    for (;;)
    {
        DWORD Size;
        BYTE *Packet = WintunReceivePacket(Link->From->Session, &Size);
        if (Packet != NULL)
        {
            Forward(Link, Packet, Size);
            WintunReleaseReceivePacket(Link->From->Session, Packet);
            continue;
        }
        if (GetLastError() != ERROR_NO_MORE_ITEMS)
        {
            Link->Error = GetLastError();
            break;
        }
        if (WaitForMultipleObjects(2, Events, FALSE, INFINITE) == WAIT_OBJECT_0 + 1)
            break;
    }
    SetEvent(QuitEvent);
    return 0;
}

static void
Report(const char *What, const LINK *Link)
{
    printf("%s: %lld packets, %lld dropped, error %lu\n", What, (long long)Link->Packets,
           (long long)Link->Dropped, Link->Error);
}

static int
Reflect(const WCHAR *Name)
{
    PORT Port = PortOpen(Name);
    LINK Link = {.From = &Port, .To = &Port};
    Ready();
    RunLink(&Link);
    Report("reflected", &Link);
    PortClose(&Port);
    return 0;
}

static int
Bridge(const WCHAR *FirstName, const WCHAR *SecondName)
{
    PORT First = PortOpen(FirstName), Second = PortOpen(SecondName);
    LINK Forth = {.From = &First, .To = &Second}, Back = {.From = &Second, .To = &First};
    HANDLE Thread = CreateThread(NULL, 0, RunLink, &Back, 0, NULL);
    if (Thread == NULL)
        Die("CreateThread");
    Ready();
    RunLink(&Forth);
    WaitForSingleObject(Thread, INFINITE);
    CloseHandle(Thread);
    Report("forth", &Forth);
    Report("back", &Back);
    PortClose(&First);
    PortClose(&Second);
    return 0;
}

static int
Hold(const WCHAR *Name)
{
    PORT Port = PortOpen(Name);
    Ready();
    WaitForSingleObject(QuitEvent, INFINITE);
    PortClose(&Port);
    return 0;
}

static int
DeleteRunning(const WCHAR *Name)
{
    PORT Port = PortOpen(Name);
    LINK Link = {.From = &Port, .To = &Port};
    HANDLE Thread = CreateThread(NULL, 0, RunLink, &Link, 0, NULL);
    Ready();
    Sleep(200); /* let it wait for packets; either way it must end */
    if (!WintunDeleteAdapter(Port.Adapter, TRUE, NULL))
        Die("WintunDeleteAdapter");
    if (WaitForSingleObject(Thread, 5000) != WAIT_OBJECT_0)
        Die("the receiving thread did not wake");
    CloseHandle(Thread);
    if (Link.Error != ERROR_HANDLE_EOF)
    {
        printf("the receiving thread ended with %lu, not ERROR_HANDLE_EOF\n", Link.Error);
        return 1;
    }
    if (WintunAllocateSendPacket(Port.Session, 100) != NULL || GetLastError() != ERROR_HANDLE_EOF)
        Die("WintunAllocateSendPacket after the end");
    WintunEndSession(Port.Session);
    WintunFreeAdapter(Port.Adapter);
    printf("ended with ERROR_HANDLE_EOF\n");
    return 0;
}

static int
Usage(void)
{
    fprintf(stderr, "usage: traffic.exe reflect NAME | bridge NAME NAME | hold NAME | "
                    "delete-running NAME\n");
    return 2;
}

int
wmain(int ArgumentCount, WCHAR **Arguments)
{
    if (ArgumentCount < 3)
        return Usage();
    LoadCulvertDll();
    if (lstrcmpW(Arguments[1], L"reflect") == 0)
        return Reflect(Arguments[2]);
    if (lstrcmpW(Arguments[1], L"bridge") == 0 && ArgumentCount == 4)
        return Bridge(Arguments[2], Arguments[3]);
    if (lstrcmpW(Arguments[1], L"hold") == 0)
        return Hold(Arguments[2]);
    if (lstrcmpW(Arguments[1], L"delete-running") == 0)
        return DeleteRunning(Arguments[2]);
    return Usage();
}
