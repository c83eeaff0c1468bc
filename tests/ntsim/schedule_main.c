/* SPDX-License-Identifier: MIT */
/*
 * Runs scenarios under many seeds, each run in a process of its own: see schedule.h.
 *
 *   test_ntsim_schedule [OPTION...]
 *     --scenario NAME   only this one; may be repeated
 *     --seeds N         so many seeds for each (default 50)
 *     --from SEED       from this one on (default 1)
 *     --seconds N       at most so long for all together
 *     --seed SEED       this seed only
 *     --trace           with --seed: prints each change of the running thread
 *     --jobs N          so many processes at once (default 2)
 *     --list            prints the names of the scenarios
 *
 * Prints TAP: a line for each scenario, and one that says that seeds repeat runs. A seed that fails
 * is printed with the report and the command that repeats it.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "schedule.h"

#define JOBS_MAX        16u
#define SCENARIOS_MAX   64u
#define REPEATED_SEEDS  2u
#define RUN_SECONDS_MAX 60u
#define REPORT_LINES    40u

typedef struct RUN
{
    pid_t Child; /* 0: none */
    unsigned long long Seed;
    FILE *Output;
} RUN;

static struct
{
    const SCENARIO *Scenarios[SCENARIOS_MAX];
    unsigned ScenarioCount;
    unsigned long long Seeds, From;
    double Seconds;
    BOOLEAN One, Trace;
    unsigned Jobs;
} Options = {.Seeds = 50, .From = 1, .Jobs = 2};

static SIM_SCHEDULE *Results; /* of each job, shared with its process */
static unsigned Lines, Failures;
static const char *Program;

static double
Now(void)
{
    struct timespec Time;
    clock_gettime(CLOCK_MONOTONIC, &Time);
    return (double)Time.tv_sec + (double)Time.tv_nsec / 1e9;
}

static void
RunScenario(const SCENARIO *Scenario, unsigned long long Seed)
{
    SimScheduleBegin(Seed, Scenario->Points);
    if (Options.Trace)
        SimScheduleTrace();
    MachineUp(Scenario->Adapters);
    SimSchedulePreempt(TRUE);
    Scenario->Run();
    MachineDown(!Scenario->Unloaded);
    SimSchedulePreempt(FALSE);
}

/* In the child. */
static _Noreturn void
RunHere(const SCENARIO *Scenario, unsigned Job, const RUN *Run)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(fileno(Run->Output), STDOUT_FILENO);
    dup2(fileno(Run->Output), STDERR_FILENO);
    alarm(RUN_SECONDS_MAX);
    RunScenario(Scenario, Run->Seed);
    Results[Job] = SimScheduleResult();
    _exit(0);
}

static void
Start(const SCENARIO *Scenario, unsigned Job, RUN *Run)
{
    Run->Output = tmpfile();
    fflush(NULL);
    Run->Child = Run->Output != NULL ? fork() : -1;
    if (Run->Child < 0)
    {
        printf("Bail out! no process\n");
        exit(1);
    }
    if (Run->Child == 0)
        RunHere(Scenario, Job, Run);
}

static void
PrintReport(FILE *Output)
{
    char Line[500];
    rewind(Output);
    for (unsigned Count = 0; Count < REPORT_LINES && fgets(Line, sizeof(Line), Output); ++Count)
        printf("# %s%s", Line, strchr(Line, '\n') == NULL ? "\n" : "");
}

static void
Report(BOOLEAN Passed, const char *Format, ...) __attribute__((format(printf, 2, 3)));
static void
Report(BOOLEAN Passed, const char *Format, ...)
{
    char Text[200];
    va_list Arguments;
    va_start(Arguments, Format);
    vsnprintf(Text, sizeof(Text), Format, Arguments);
    va_end(Arguments);
    Failures += !Passed;
    printf("%s %u - %s\n", Passed ? "ok" : "not ok", ++Lines, Text);
    fflush(stdout);
}

/* Waits for one of the jobs; returns which. *Passed is how it ended. */
static unsigned
WaitForJob(RUN *Runs, BOOLEAN *Passed)
{
    int Status;
    for (;;)
    {
        pid_t Child = wait(&Status);
        for (unsigned Job = 0; Job < Options.Jobs; ++Job)
        {
            if (Child <= 0 || Runs[Job].Child != Child)
                continue;
            *Passed = WIFEXITED(Status) && WEXITSTATUS(Status) == 0;
            if (WIFSIGNALED(Status) && WTERMSIG(Status) == SIGALRM)
                fprintf(Runs[Job].Output, "\nno end after %u s\n", RUN_SECONDS_MAX);
            Runs[Job].Child = 0;
            return Job;
        }
    }
}

/* Runs a scenario under all seeds, until one fails or the time is over. */
static void
RunSeeds(const SCENARIO *Scenario, double Deadline)
{
    RUN Runs[JOBS_MAX] = {0};
    unsigned long long Next = Options.From, Done = 0, Points = 0, Switches = 0, Failed = 0;
    unsigned Running = 0;
    double Began = Now();
    for (;;)
    {
        for (unsigned Job = 0; Job < Options.Jobs; ++Job)
        {
            BOOLEAN Late = Deadline != 0 && Now() > Deadline && Next != Options.From;
            if (Runs[Job].Child != 0 || Failed != 0 || Late || Next == Options.From + Options.Seeds)
                continue;
            Runs[Job].Seed = Next++;
            Start(Scenario, Job, &Runs[Job]);
            ++Running;
        }
        if (Running == 0)
            break;
        BOOLEAN Passed;
        RUN *Run = &Runs[WaitForJob(Runs, &Passed)];
        --Running;
        ++Done;
        Points += Results[Run - Runs].Points;
        Switches += Results[Run - Runs].Switches;
        if (!Passed)
        {
            ++Failed;
            printf("# %s: seed %llu fails; to repeat: %s --scenario %s --seed %llu\n",
                   Scenario->Name, Run->Seed, Program, Scenario->Name, Run->Seed);
            PrintReport(Run->Output);
        }
        fclose(Run->Output);
    }
    Report(Failed == 0 && Done != 0, "%s: %llu seeds", Scenario->Name, Done);
    printf("# %.1f s, of each run: %llu points, %llu changes of the thread\n", Now() - Began,
           Points / (Done + !Done), Switches / (Done + !Done));
}

/* Runs each scenario twice under the same seed: all must be the same. */
static void
CheckRepeats(void)
{
    BOOLEAN Same = TRUE;
    for (unsigned At = 0; At < Options.ScenarioCount * REPEATED_SEEDS; ++At)
    {
        const SCENARIO *Scenario = Options.Scenarios[At / REPEATED_SEEDS];
        SIM_SCHEDULE Twice[2];
        for (unsigned Time = 0; Time < 2; ++Time)
        {
            RUN Run = {.Seed = Options.From + At % REPEATED_SEEDS};
            int Status;
            /* Stays so if the run fails, which is for RunSeeds to report. */
            memset(&Results[0], 0, sizeof(Results[0]));
            Start(Scenario, 0, &Run);
            waitpid(Run.Child, &Status, 0);
            fclose(Run.Output);
            Twice[Time] = Results[0];
        }
        if (memcmp(&Twice[0], &Twice[1], sizeof(Twice[0])) == 0)
            continue;
        Same = FALSE;
        printf("# %s, seed %llu: %llx after %llu points, then %llx after %llu\n", Scenario->Name,
               Options.From + At % REPEATED_SEEDS, (unsigned long long)Twice[0].Hash,
               (unsigned long long)Twice[0].Points, (unsigned long long)Twice[1].Hash,
               (unsigned long long)Twice[1].Points);
    }
    Report(Same, "a seed repeats a run exactly");
}

static const SCENARIO *
Find(const char *Name)
{
    for (unsigned At = 0; At < TrafficScenarioCount; ++At)
    {
        if (strcmp(TrafficScenarios[At].Name, Name) == 0)
            return &TrafficScenarios[At];
    }
    for (unsigned At = 0; At < LifeScenarioCount; ++At)
    {
        if (strcmp(LifeScenarios[At].Name, Name) == 0)
            return &LifeScenarios[At];
    }
    for (unsigned At = 0; At < DllScenarioCount; ++At)
    {
        if (strcmp(DllScenarios[At].Name, Name) == 0)
            return &DllScenarios[At];
    }
    fprintf(stderr, "there is no scenario \"%s\"; see --list\n", Name);
    exit(2);
}

static void
SelectAll(void)
{
    for (unsigned At = 0; At < LifeScenarioCount; ++At)
        Options.Scenarios[Options.ScenarioCount++] = &LifeScenarios[At];
    for (unsigned At = 0; At < TrafficScenarioCount; ++At)
        Options.Scenarios[Options.ScenarioCount++] = &TrafficScenarios[At];
    for (unsigned At = 0; At < DllScenarioCount; ++At)
        Options.Scenarios[Options.ScenarioCount++] = &DllScenarios[At];
}

static void
Parse(int Count, char **Arguments)
{
    for (int At = 1; At < Count; ++At)
    {
        const char *Name = Arguments[At];
        const char *Value = At + 1 < Count ? Arguments[At + 1] : "";
        ++At;
        if (strcmp(Name, "--scenario") == 0 && Options.ScenarioCount < SCENARIOS_MAX)
            Options.Scenarios[Options.ScenarioCount++] = Find(Value);
        else if (strcmp(Name, "--seeds") == 0)
            Options.Seeds = strtoull(Value, NULL, 0);
        else if (strcmp(Name, "--from") == 0)
            Options.From = strtoull(Value, NULL, 0);
        else if (strcmp(Name, "--seconds") == 0)
            Options.Seconds = strtod(Value, NULL);
        else if (strcmp(Name, "--jobs") == 0)
            Options.Jobs = min(max((unsigned)atoi(Value), 1u), JOBS_MAX);
        else if (strcmp(Name, "--seed") == 0)
        {
            Options.From = strtoull(Value, NULL, 0);
            Options.One = TRUE;
        }
        else if (--At, strcmp(Name, "--trace") == 0)
            Options.Trace = TRUE;
        else if (strcmp(Name, "--list") == 0)
        {
            SelectAll();
            for (unsigned Of = 0; Of < Options.ScenarioCount; ++Of)
                printf("%s\n", Options.Scenarios[Of]->Name);
            exit(0);
        }
        else
        {
            fprintf(stderr, "schedule: what is \"%s\"?\n", Name);
            exit(2);
        }
    }
    if (Options.ScenarioCount == 0)
        SelectAll();
}

int
main(int Count, char **Arguments)
{
    Program = Arguments[0];
    Parse(Count, Arguments);
    if (Options.One && Options.Trace)
    {
        RunScenario(Options.Scenarios[0], Options.From);
        return 0;
    }
    if (Options.One)
        Options.Seeds = 1;
    Results = mmap(NULL, JOBS_MAX * sizeof(*Results), PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (Results == MAP_FAILED)
        return 1;
    double Began = Now();
    if (!Options.One)
        CheckRepeats();
    for (unsigned At = 0; At < Options.ScenarioCount; ++At)
    {
        double Left = Options.Seconds - (Now() - Began);
        RunSeeds(Options.Scenarios[At],
                 Options.Seconds == 0 ? 0 : Now() + Left / (Options.ScenarioCount - At));
    }
    printf("1..%u\n", Lines);
    return Failures != 0;
}
