/* SPDX-License-Identifier: MIT */
/* All tests, in the order in which they run. */
#ifndef TESTS_SELFTEST_TESTS_H
#define TESTS_SELFTEST_TESTS_H

#define SELFTESTS(X)                                                                               \
    X(Limits)                                                                                      \
    X(CreateArguments)                                                                             \
    X(OpenArguments)                                                                               \
    X(PoolArguments)                                                                               \
    X(ForeignHandles)                                                                              \
    X(StaleHandles)                                                                                \
    X(ForeignSessions)                                                                             \
    X(SessionArguments)                                                                            \
    X(ThreeTunnels)                                                                                \
    X(CreateAndOpen)                                                                               \
    X(OpenErrors)                                                                                  \
    X(ForeignInterfaceName)                                                                        \
    X(UnicodeNames)                                                                                \
    X(LongestStrings)                                                                              \
    X(Rename)                                                                                      \
    X(TakenName)                                                                                   \
    X(RequestedGuid)                                                                               \
    X(RandomGuid)                                                                                  \
    X(Luids)                                                                                       \
    X(InUseAndStale)                                                                               \
    X(Enumerate)                                                                                   \
    X(EnumerateDeletes)                                                                            \
    X(EnumerateReenters)                                                                           \
    X(EnumerateWhileChanging)                                                                      \
    X(Delete)                                                                                      \
    X(DeletePool)                                                                                  \
    X(DriverVersion)                                                                               \
    X(DamagedPackage)                                                                              \
    X(ForeignPackage)                                                                              \
    X(ForeignDevice)                                                                               \
    X(LeftUnpacked)                                                                                \
    X(OneSession)                                                                                  \
    X(SessionLifetime)                                                                             \
    X(EndedHandle)                                                                                 \
    X(FullSendRing)                                                                                \
    X(SendRingWraps)                                                                               \
    X(NotPackets)                                                                                  \
    X(SendersOnManyThreads)                                                                        \
    X(EndWhileInside)                                                                              \
    X(EndWhileWaiting)                                                                             \
    X(DeleteWhileRunning)                                                                          \
    X(RenameWhileRunning)                                                                          \
    X(RecreateWhileSessionIsOpen)                                                                  \
    X(StartRace)                                                                                   \
    X(ReceiveDatagrams)                                                                            \
    X(ReceiveWaits)                                                                                \
    X(ReceiveRingWraps)                                                                            \
    X(ReleaseInAnyOrder)                                                                           \
    X(FullReceiveRing)                                                                             \
    X(ReceiversOnManyThreads)                                                                      \
    X(SendDatagrams)                                                                               \
    X(SendInAllocationOrder)                                                                       \
    X(SendOnManyThreads)                                                                           \
    X(LargeDatagrams)                                                                              \
    X(LoggerReplaced)                                                                              \
    X(LoggerUnderLoad)                                                                             \
    X(LastErrorSurvivesLogger)                                                                     \
    X(AdapterOutlivesProcess)                                                                      \
    X(AdapterSharedByProcesses)                                                                    \
    X(KilledProcess)                                                                               \
    X(SessionOfAnotherProcess)                                                                     \
    X(ForcedDelete)                                                                                \
    X(KilledWhileChanging)                                                                         \
    X(ManyProcesses)                                                                               \
    X(ManyThreads)                                                                                 \
    X(SameNameRace)

#endif
