/* SPDX-License-Identifier: MIT */
/*
 * The life of the driver and its adapter, in any order that Windows may choose: load, start, stop,
 * removal, surprise, pause, power, with sessions, traffic, requests and calls that fail in the
 * middle of all.
 *
 * Input: operations until the end. The first byte of each, modulo 16, says which:
 *
 *   0   load         the driver, or unload it
 *   1   add          a device, if there is none
 *   2   plug & play  1 byte: which of the requests that may come now (see Requests)
 *   3   pause        of the adapter
 *   4   restart
 *   5   power        1 byte: the device's state, D0 to D3
 *   6   open         1 byte: which application; it exits first if it is there
 *   7   session      1 byte: which application starts one
 *   8   cancel       1 byte: whose session
 *   9   close        1 byte: whose file
 *   10  in           1 byte: whose; 1 byte: packets into the system
 *   11  out          1 byte: packets from the system
 *   12  hold         1 byte, bit 0: what is indicated is kept from now on, or no longer
 *   13  return       1 byte: how many of the lists that are kept
 *   14  OID          1 byte: which one
 *   15  fault        1 byte: which call of the next operation fails
 *
 * 2 to 5 go on in the background, as they may have to wait for lists that are kept: one
 * plug-and-play request, one pause or restart and one power request at a time.
 */
#include "harness.h"

#define APPLICATIONS 2u

/* As the plug-and-play manager sees the device; article "State Transitions for PnP Devices". */
typedef enum DEVICE_STATE
{
    DeviceNone,
    DeviceAdded,
    DeviceStarted,
    DeviceStopPending,
    DeviceStopped,
    DeviceRemovePending,
    DeviceSurpriseRemoved
} DEVICE_STATE;

typedef struct TRANSITION
{
    DEVICE_STATE From;
    UCHAR Minor;
    DEVICE_STATE To;
} TRANSITION;

static const TRANSITION Requests[] = {
    {DeviceAdded, IRP_MN_START_DEVICE, DeviceStarted},
    {DeviceAdded, IRP_MN_REMOVE_DEVICE, DeviceNone},
    {DeviceStarted, IRP_MN_QUERY_STOP_DEVICE, DeviceStopPending},
    {DeviceStarted, IRP_MN_QUERY_REMOVE_DEVICE, DeviceRemovePending},
    {DeviceStarted, IRP_MN_SURPRISE_REMOVAL, DeviceSurpriseRemoved},
    {DeviceStopPending, IRP_MN_STOP_DEVICE, DeviceStopped},
    {DeviceStopPending, IRP_MN_CANCEL_STOP_DEVICE, DeviceStarted},
    {DeviceStopPending, IRP_MN_SURPRISE_REMOVAL, DeviceSurpriseRemoved},
    {DeviceStopped, IRP_MN_START_DEVICE, DeviceStarted},
    {DeviceStopped, IRP_MN_SURPRISE_REMOVAL, DeviceSurpriseRemoved},
    {DeviceRemovePending, IRP_MN_CANCEL_REMOVE_DEVICE, DeviceStarted},
    {DeviceRemovePending, IRP_MN_REMOVE_DEVICE, DeviceNone},
    {DeviceRemovePending, IRP_MN_SURPRISE_REMOVAL, DeviceSurpriseRemoved},
    {DeviceSurpriseRemoved, IRP_MN_REMOVE_DEVICE, DeviceNone},
};

/* An operation on a thread of its own. */
typedef struct TASK
{
    void (*Run)(struct TASK *Task);
    const TRANSITION *Transition;
    SIM_DEVICE *Device;
    NDIS_ADAPTER *Adapter;
    ULONG PowerState;
    NTSTATUS Status;
    volatile BOOLEAN Busy;
} TASK;

static BOOLEAN Loaded;
static DEVICE_STATE DeviceState;
static SIM_DEVICE *Device;
static TASK Plug, Binding, Power;
static APPLICATION Apps[APPLICATIONS]; /* Process NULL: not there */
static UCHAR Packet[300];

/* ---- Background --------------------------------------------------------------------------------
 */

static VOID NTAPI
TaskMain(PVOID Context)
{
    TASK *Task = Context;
    Task->Run(Task);
    Task->Busy = FALSE;
    PsTerminateSystemThread(STATUS_SUCCESS);
}

static void
Start(TASK *Task, void (*Run)(TASK *Task))
{
    OBJECT_ATTRIBUTES Attributes;
    HANDLE Handle;
    InitializeObjectAttributes(&Attributes, NULL, OBJ_KERNEL_HANDLE, NULL, NULL);
    Task->Run = Run;
    Task->Busy = TRUE;
    SimFaultExemptBegin();
    NTSTATUS Status =
        PsCreateSystemThread(&Handle, THREAD_ALL_ACCESS, &Attributes, NULL, NULL, TaskMain, Task);
    SimFaultExemptEnd();
    FUZZ_EXPECT(Status == STATUS_SUCCESS, "status %x", (ULONG)Status);
    ZwClose(Handle);
}

static void
RunPlug(TASK *Task)
{
    Task->Status = SimDevicePnp(Task->Device, Task->Transition->Minor);
}

static void
RunPause(TASK *Task)
{
    Task->Status = NdisEdgePause(Task->Adapter);
}

static void
RunRestart(TASK *Task)
{
    Task->Status = NdisEdgeRestart(Task->Adapter);
}

static void
RunPower(TASK *Task)
{
    Task->Status = SimDevicePower(Task->Device, DevicePowerState, Task->PowerState);
}

/* What the plug-and-play manager makes of the end of its request. */
static void
FinishPlug(void)
{
    const TRANSITION *Done = Plug.Transition;
    if (Done == NULL || Plug.Busy)
        return;
    Plug.Transition = NULL;
    FUZZ_EXPECT(NT_SUCCESS(Plug.Status) || Done->Minor == IRP_MN_START_DEVICE,
                "request %u failed with %x", Done->Minor, (ULONG)Plug.Status);
    /* A device whose start failed is to be removed. */
    DeviceState = NT_SUCCESS(Plug.Status) ? Done->To : DeviceSurpriseRemoved;
    if (DeviceState != DeviceNone)
        return;
    SimDeviceDelete(Device);
    Device = NULL;
}

static void
ReapSessions(void)
{
    for (unsigned At = 0; At < APPLICATIONS; ++At)
    {
        APPLICATION *App = &Apps[At];
        if (App->Request == NULL || !SimRequestDone(App->Request))
            continue;
        NTSTATUS Status = ApplicationWaitEnd(App);
        FUZZ_EXPECT(Status == STATUS_CANCELLED || Status == STATUS_DEVICE_REMOVED,
                    "a session ended with %x", (ULONG)Status);
        FUZZ_EXPECT(ApplicationState(App) == (Status == STATUS_CANCELLED ? CULVERT_STATE_CANCELLED
                                                                         : CULVERT_STATE_REMOVED),
                    "state %u after %x", ApplicationState(App), (ULONG)Status);
    }
}

static void
Settle(void)
{
    FuzzSettle();
    FinishPlug();
    ReapSessions();
}

/* ---- Operations --------------------------------------------------------------------------------
 */

static void
Load(void)
{
    if (!Loaded)
        Loaded = NT_SUCCESS(SimDriverLoadImage(NTSIM_DRIVER));
    else if (Device == NULL && SimDriverUnload())
        Loaded = FALSE;
}

static void
Add(void)
{
    if (!Loaded || Device != NULL)
        return;
    Device = SimDeviceAdd(WORLD_KEY);
    if (Device != NULL)
        DeviceState = DeviceAdded;
}

static void
PlugAndPlay(UCHAR Choice)
{
    const TRANSITION *Possible[ARRAYSIZE(Requests)];
    unsigned Count = 0;
    if (Device == NULL || Plug.Busy)
        return;
    for (unsigned At = 0; At < ARRAYSIZE(Requests); ++At)
    {
        if (Requests[At].From == DeviceState)
            Possible[Count++] = &Requests[At];
    }
    Plug.Transition = Possible[Choice % Count];
    /* The last request comes when nobody else is at the stack. */
    if (Plug.Transition->Minor == IRP_MN_REMOVE_DEVICE && (Binding.Busy || Power.Busy))
    {
        Plug.Transition = NULL;
        return;
    }
    Plug.Device = Device;
    Start(&Plug, RunPlug);
}

/* Whether something else than plug and play may be done with the device now. */
static BOOLEAN
IsStarted(void)
{
    return Device != NULL && SimEdge() != NULL && DeviceState != DeviceAdded &&
           (Plug.Transition == NULL || Plug.Transition->Minor != IRP_MN_REMOVE_DEVICE);
}

static void
Bind(void (*Run)(TASK *Task))
{
    if (!IsStarted() || Binding.Busy)
        return;
    Binding.Adapter = SimEdgeAdapter(SimEdge());
    Start(&Binding, Run);
}

static void
SetPower(UCHAR State)
{
    if (!IsStarted() || Power.Busy)
        return;
    Power.Device = Device;
    Power.PowerState = PowerDeviceD0 + State % 4;
    Start(&Power, RunPower);
}

static void
Open(APPLICATION *App)
{
    if (App->Process != NULL)
        ApplicationExit(App);
    App->Process = NULL;
    if (!NT_SUCCESS(ApplicationTryOpen(App, WORLD_CAPACITY)))
        memset(App, 0, sizeof(*App));
}

static void
StartSession(APPLICATION *App)
{
    if (App->Process == NULL || App->Request != NULL)
        return;
    SimProcessEnter(App->Process);
    ApplicationStart(App);
}

static void
CloseFile(APPLICATION *App)
{
    if (App->Process != NULL && App->File != NULL)
        SimHandleClose(App->Process, App->File);
    App->File = NULL;
}

static void
SendIn(APPLICATION *App, UCHAR Count)
{
    MakePacket(Packet, sizeof(Packet), Count & 1 ? 4 : 6, Count);
    while (App->Request != NULL && Count-- != 0 && ApplicationSend(App, Packet, sizeof(Packet)))
        ;
}

static void
SendOut(UCHAR Count)
{
    if (SimEdge() == NULL)
        return;
    MakePacket(Packet, sizeof(Packet), 4, Count);
    PNET_BUFFER_LIST List = SimListCreate();
    while (Count-- != 0)
        SimListAdd(List, Packet, sizeof(Packet), NULL);
    SimEdgeSend(SimEdge(), List);
    SimListFree(List);
}

static void
Ask(UCHAR Which)
{
    static const NDIS_OID Oids[] = {OID_GEN_STATISTICS, OID_GEN_XMIT_OK, OID_GEN_LINK_STATE,
                                    OID_GEN_CURRENT_PACKET_FILTER};
    UCHAR Buffer[sizeof(NDIS_STATISTICS_INFO)] = {0};
    if (IsStarted())
        SimEdgeOid(SimEdge(),
                   Which & 0x80 ? NdisRequestSetInformation : NdisRequestQueryInformation,
                   Oids[Which % ARRAYSIZE(Oids)], Buffer, sizeof(Buffer), NULL, NULL);
}

static void
Operation(FUZZ_INPUT *Input)
{
    UCHAR Code = FuzzByte(Input) & 15;
    UCHAR Operand = Code > 1 && Code != 3 && Code != 4 ? FuzzByte(Input) : 0;
    APPLICATION *App = &Apps[Operand % APPLICATIONS];
    switch (Code)
    {
    case 0:
        Load();
        break;
    case 1:
        Add();
        break;
    case 2:
        PlugAndPlay(Operand);
        break;
    case 3:
        Bind(RunPause);
        break;
    case 4:
        Bind(RunRestart);
        break;
    case 5:
        SetPower(Operand);
        break;
    case 6:
        Open(App);
        break;
    case 7:
        StartSession(App);
        break;
    case 8:
        if (App->Request != NULL)
            SimRequestCancel(App->Request);
        break;
    case 9:
        CloseFile(App);
        break;
    case 10:
        SendIn(App, FuzzByte(Input));
        break;
    case 11:
        SendOut(Operand);
        break;
    case 12:
        if (SimEdge() != NULL)
            SimEdgeHold(SimEdge(), Operand & 1);
        break;
    case 13:
        if (SimEdge() != NULL)
            SimEdgeReturn(SimEdge(), Operand);
        break;
    case 14:
        Ask(Operand);
        break;
    default:
        SimFaultArm(Operand);
        return; /* it is for the next one */
    }
    Settle();
    SimFaultDisarm();
}

/* Lets go of all that is kept, so that whatever waits for it ends. */
static void
Release(void)
{
    Settle();
    while (SimEdge() != NULL && SimEdgeReturn(SimEdge(), MAXULONG) != 0)
        Settle();
    FUZZ_EXPECT(!Plug.Busy && !Binding.Busy && !Power.Busy, "something waits for nothing");
}

static void
TakeDown(void)
{
    SimFaultDisarm();
    if (SimEdge() != NULL)
        SimEdgeHold(SimEdge(), FALSE);
    Release();
    for (unsigned At = 0; At < APPLICATIONS; ++At)
    {
        if (Apps[At].Process != NULL)
            ApplicationExit(&Apps[At]);
        Apps[At].Process = NULL;
        Release();
    }
    while (Device != NULL)
    {
        PlugAndPlay(1); /* which leads to the removal from every state */
        Release();
    }
    if (Loaded)
        FUZZ_EXPECT(SimDriverUnload(), "the driver cannot be unloaded");
    Loaded = FALSE;
}

int
LLVMFuzzerInitialize(int *Count, char ***Arguments)
{
    static const WCHAR Guid[] = WORLD_GUID;
    (void)Count;
    (void)Arguments;
    FuzzLoad();
    SimRegistrySet(WORLD_KEY, L"NetCfgInstanceId", REG_SZ, Guid, sizeof(Guid));
    return 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *Data, size_t Bytes)
{
    FUZZ_INPUT Input = {Data, Data + Bytes};
    while (FuzzMore(&Input))
        Operation(&Input);
    TakeDown();
    FuzzSettle();
    FuzzCheckCounts();
    return 0;
}
