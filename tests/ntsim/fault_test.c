/* SPDX-License-Identifier: MIT */
/*
 * Every call that can fail does: a scenario is run once to count such calls, then once for each of
 * them with that one failing, then with two failing, then with many at random. Each time nothing
 * may leak, and the driver works afterwards.
 *
 *   NTSIM_FAULT_PAIRS=N     as many pairs of each scenario; 0: all. The default is for ./run test
 *   NTSIM_FAULT_SEED=S      the first seed of the failures at random
 *   NTSIM_FAULT_ROUNDS=N    how many seeds
 */
#include <stdio.h>
#include "fault_scenario.h"
#include "runner.h"

#if defined(SIM_THREAD_SANITIZER)
#define PAIRS_MAX 40
#define ROUNDS    60
#else
#define PAIRS_MAX 400
#define ROUNDS    300
#endif

static SIM_COUNTS Empty;

static int
Setup(void **State)
{
    (void)State;
    SimRegistryReset();
    SimEdgePoolsCreate();
    /* Once without failures: what is made at the first use stays. */
    assert_true(WorldTryUp());
    FaultScenarioEnd();
    assert_true(SimQuiesce());
    Empty = SimCount();
    return 0;
}

/* Runs the scenario with a plan; returns how many calls could fail. */
static unsigned
RunPlan(const FAULT_SCENARIO *Scenario, const SIM_FAULT_PLAN *Plan)
{
    RunnerNote("%s, call %u and %u fail, or %u of 1000 with seed %u", Scenario->Name, Plan->First,
               Plan->Second, Plan->PerMille, Plan->Seed);
    if (Scenario->Prepare != NULL)
    {
        assert_true(WorldTryUp());
        Scenario->Prepare();
    }
    SimFaultArmPlan(Plan);
    Scenario->Run();
    unsigned Calls = SimFaultDisarm();
    FaultScenarioEnd();
    assert_true(SimQuiesce());
    SIM_COUNTS Now = SimCount();
    if (memcmp(&Now, &Empty, sizeof(Now)) != 0)
    {
        SimLeft();
        fail_msg("something is left");
    }
    return Calls;
}

/* No call fails. Returns how many could. */
static unsigned
CountCalls(const FAULT_SCENARIO *Scenario)
{
    unsigned Calls = RunPlan(Scenario, &(SIM_FAULT_PLAN){0});
    if (Calls < Scenario->CallsLeast)
        fail_msg("%s has %u calls that can fail, not %u", Scenario->Name, Calls,
                 Scenario->CallsLeast);
    return Calls;
}

static unsigned
Setting(const char *Name, unsigned Default)
{
    const char *Text = getenv(Name);
    return Text != NULL ? (unsigned)strtoul(Text, NULL, 0) : Default;
}

/* ---- The table of calls -------------------------------------------------------------------------
 */

/* Whether the driver imports Name, by the lists that the product is linked with. */
static BOOLEAN
IsImported(const char *File, const char *Name)
{
    char Line[200];
    size_t Length = strlen(Name);
    BOOLEAN Found = FALSE;
    FILE *List = fopen(File, "r");
    assert_non_null(List);
    while (fgets(Line, sizeof(Line), List) != NULL)
        Found |= strncmp(Line, "    ", 4) == 0 && strncmp(Line + 4, Name, Length) == 0 &&
                 strchr(" \n", Line[4 + Length]) != NULL;
    fclose(List);
    return Found;
}

/* The second column of the table for a call: '+' if it can fail, '-' if not, 0 if it is not there.
 */
static char
TableEntry(const char *Name)
{
    char Line[400], Entry = 0;
    size_t Length = strlen(Name);
    FILE *Table = fopen(NTSIM_ROOT "/tests/ntsim/fault_points.tsv", "r");
    assert_non_null(Table);
    while (fgets(Line, sizeof(Line), Table) != NULL)
    {
        if (strncmp(Line, Name, Length) == 0 && Line[Length] == '\t')
            Entry = Line[Length + 1] == 'f' ? '+' : '-';
    }
    fclose(Table);
    return Entry;
}

/* Whether docs/testing.md has the call in its table. */
static BOOLEAN
IsDocumented(const char *Name)
{
    char Line[400];
    BOOLEAN Found = FALSE;
    FILE *Page = fopen(NTSIM_ROOT "/docs/testing.md", "r");
    assert_non_null(Page);
    while (fgets(Line, sizeof(Line), Page) != NULL)
        Found |= Line[0] == '|' && strstr(Line, Name) != NULL;
    fclose(Page);
    return Found;
}

/* Every import is in the table. */
static unsigned
CheckImports(const char *File)
{
    char Line[200];
    unsigned Wrong = 0, Count = 0;
    FILE *List = fopen(File, "r");
    assert_non_null(List);
    while (fgets(Line, sizeof(Line), List) != NULL)
    {
        if (strncmp(Line, "    ", 4) != 0)
            continue;
        char *Name = strtok(Line, " \n");
        ++Count;
        if (TableEntry(Name) != 0)
            continue;
        print_message("# the driver imports %s; can it fail? fault_points.tsv does not say\n",
                      Name);
        ++Wrong;
    }
    fclose(List);
    assert_true(Count > 10);
    return Wrong;
}

/* What the table says of a call is what happened: it failed, or never. */
static unsigned
CheckTable(const char *Kernel, const char *Ndis)
{
    char Line[400];
    unsigned Wrong = 0;
    FILE *Table = fopen(NTSIM_ROOT "/tests/ntsim/fault_points.tsv", "r");
    assert_non_null(Table);
    while (fgets(Line, sizeof(Line), Table) != NULL)
    {
        if (Line[0] == '#')
            continue;
        const char *Name = strtok(Line, "\t\n"), *Kind = strtok(NULL, "\t\n"),
                   *Reason = strtok(NULL, "\t\n");
        assert_non_null(Reason);
        BOOLEAN Fails = strcmp(Kind, "fails") == 0;
        const char *Problem = NULL;
        if (!Fails && strcmp(Kind, "cannot") != 0)
            Problem = "is neither \"fails\" nor \"cannot\"";
        else if (!IsImported(Kernel, Name) && !IsImported(Ndis, Name))
            Problem = "is not imported by the driver";
        else if (Fails != (SimFaultFailures(Name) != 0))
            Problem = Fails ? "has never failed" : "has failed";
        else if (Fails && !IsDocumented(Name))
            Problem = "is not in the table of docs/testing.md";
        if (Problem == NULL)
            continue;
        print_message("# fault_points.tsv: %s %s\n", Name, Problem);
        ++Wrong;
    }
    fclose(Table);
    return Wrong;
}

/* ---- The tests ----------------------------------------------------------------------------------
 */

static void
EachCallFailsOnce(void **State)
{
    static const char Kernel[] = NTSIM_ROOT "/driver/imports/ntoskrnl.def";
    static const char Ndis[] = NTSIM_ROOT "/driver/imports/ndis.def";
    (void)State;
    for (unsigned At = 0; At < FaultScenarioCount; ++At)
    {
        const FAULT_SCENARIO *Scenario = &FaultScenarios[At];
        unsigned Calls = CountCalls(Scenario);
        for (unsigned Nth = 1; Nth <= Calls; ++Nth)
        {
            RunPlan(Scenario, &(SIM_FAULT_PLAN){.First = Nth});
            assert_int_equal(SimFaultHits(), 1);
        }
        print_message("# %s: %u calls that can fail, each failed once\n", Scenario->Name, Calls);
    }
    RunnerNote("the table of calls");
    unsigned Wrong = CheckImports(Kernel) + CheckImports(Ndis);
    assert_int_equal(Wrong + CheckTable(Kernel, Ndis), 0);
}

/* All pairs, or every so many, evenly over the scenario. */
static void
RunPairs(const FAULT_SCENARIO *Scenario)
{
    unsigned Most = Setting("NTSIM_FAULT_PAIRS", PAIRS_MAX), Number = 0, Done = 0;
    unsigned Calls = CountCalls(Scenario);
    unsigned Stride = Most == 0 ? 1 : (Calls * (Calls - 1) / 2 + Most - 1) / Most;
    for (unsigned First = 1; First <= Calls; ++First)
    {
        unsigned Then = Calls;
        for (unsigned Second = First + 1; Second <= Then; ++Second)
        {
            if (Number++ % Stride != 0)
                continue;
            /* After the first failure the calls are others. */
            Then = RunPlan(Scenario, &(SIM_FAULT_PLAN){.First = First, .Second = Second});
            ++Done;
        }
    }
    print_message("# %s: %u of %u pairs of failures, stride %u\n", Scenario->Name, Done, Number,
                  Stride);
    assert_true(Done != 0);
}

static void
PairsOfCallsFail(void **State)
{
    (void)State;
    for (unsigned At = 0; At < FaultScenarioCount; ++At)
        RunPairs(&FaultScenarios[At]);
}

static void
CallsFailAtRandom(void **State)
{
    static const unsigned PerMille[] = {5, 20, 60, 200};
    unsigned Seed = Setting("NTSIM_FAULT_SEED", 1), Rounds = Setting("NTSIM_FAULT_ROUNDS", ROUNDS);
    ULONG64 Hits = 0, Calls = 0;
    (void)State;
    assert_true(RunPlan(&FaultLife, &(SIM_FAULT_PLAN){0}) >= FaultLife.CallsLeast);
    for (unsigned Round = 0; Round < Rounds; ++Round)
    {
        SIM_FAULT_PLAN Plan = {.Seed = Seed + Round,
                               .PerMille = PerMille[Round % ARRAYSIZE(PerMille)]};
        Calls += RunPlan(&FaultLife, &Plan);
        Hits += SimFaultHits();
    }
    print_message("# %s with seeds %u to %u: %llu of %llu calls failed\n", FaultLife.Name, Seed,
                  Seed + Rounds - 1, Hits, Calls);
    assert_true(Hits >= Rounds);
}

#define FAULT_TEST(Name) cmocka_unit_test_setup_teardown(Name, Setup, WorldTeardown)

void
RunFaultTests(void)
{
    static const struct CMUnitTest fault_tests[] = {
        FAULT_TEST(EachCallFailsOnce),
        FAULT_TEST(PairsOfCallsFail),
        FAULT_TEST(CallsFailAtRandom),
    };
    RUN_TESTS("fault", fault_tests);
}
