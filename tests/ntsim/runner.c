/* SPDX-License-Identifier: MIT */
/* See runner.h. */
#define _GNU_SOURCE
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "runner.h"

/* The simulator itself gives up a wait after 20 s; a test has several and may be one of many. */
#define TEST_SECONDS_MAX 150u

#define NOTE_BYTES 400

static char *LastNote; /* shared with the child */
static int NameCount;
static char **Names;
static unsigned Run, Failed;

#if defined(SIM_THREAD_SANITIZER)
/* At the exit of each child it would wait a second for races of threads that are ending. */
const char *
__tsan_default_options(void);
const char *
__tsan_default_options(void)
{
    return "atexit_sleep_ms=20";
}
#endif

void
RunnerSelect(int Count, char **Selected)
{
    NameCount = Count;
    Names = Selected;
    LastNote = mmap(NULL, NOTE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (LastNote == MAP_FAILED)
        abort();
}

void
RunnerNote(const char *Format, ...)
{
    va_list Arguments;
    va_start(Arguments, Format);
    vsnprintf(LastNote, NOTE_BYTES, Format, Arguments);
    va_end(Arguments);
}

static BOOLEAN
IsSelected(const char *File, const char *Test)
{
    for (int At = 0; At < NameCount; ++At)
    {
        if (strcmp(Names[At], File) == 0 || strcmp(Names[At], Test) == 0)
            return TRUE;
    }
    return NameCount == 0;
}

/* What a crash does. CMocka would leave the handler by longjmp, whichever thread crashed. */
static const int CrashSignals[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV};
static struct sigaction CrashActions[ARRAYSIZE(CrashSignals)];
static struct CMUnitTest Inner; /* the test that is run; CMocka sees the functions below instead */

static void
DieOfCrashes(void)
{
    for (unsigned At = 0; At < ARRAYSIZE(CrashSignals); ++At)
        sigaction(CrashSignals[At], &CrashActions[At], NULL);
}

static void
CallTest(void **State)
{
    DieOfCrashes();
    Inner.test_func(State);
}

static int
CallSetup(void **State)
{
    DieOfCrashes();
    return Inner.setup_func(State);
}

static int
CallTeardown(void **State)
{
    DieOfCrashes();
    return Inner.teardown_func(State);
}

/* In the child. Leaves through exit, so that the sanitizers and the coverage have their say. */
static _Noreturn void
RunHere(const char *File, const struct CMUnitTest *Test, FILE *Output)
{
    struct sigaction Die = {.sa_handler = SIG_DFL};
    dup2(fileno(Output), STDOUT_FILENO);
    dup2(fileno(Output), STDERR_FILENO);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sigaction(SIGALRM, &Die, NULL);
    alarm(TEST_SECONDS_MAX);
    cmocka_set_message_output(CM_OUTPUT_STDOUT);
    setenv("CMOCKA_MESSAGE_OUTPUT", "STDOUT", 1);
    for (unsigned At = 0; At < ARRAYSIZE(CrashSignals); ++At)
        sigaction(CrashSignals[At], NULL, &CrashActions[At]);
    Inner = *Test;
    struct CMUnitTest Called = *Test;
    Called.test_func = CallTest;
    Called.setup_func = Test->setup_func != NULL ? CallSetup : NULL;
    Called.teardown_func = Test->teardown_func != NULL ? CallTeardown : NULL;
    exit(_cmocka_run_group_tests(File, &Called, 1, NULL, NULL) != 0);
}

/* Passes on what the test printed: all of it, or only what it marked as a comment. */
static void
PrintOutput(FILE *Output, BOOLEAN All)
{
    char Line[1000];
    rewind(Output);
    while (fgets(Line, sizeof(Line), Output) != NULL)
    {
        if (All || strncmp(Line, "# ", 2) == 0)
            printf("%s%s%s", All && Line[0] != '#' ? "# " : "", Line,
                   strchr(Line, '\n') == NULL ? "\n" : "");
    }
}

static void
RunOne(const char *File, const struct CMUnitTest *Test)
{
    int Status;
    LastNote[0] = 0;
    FILE *Output = tmpfile();
    fflush(NULL);
    pid_t Child = Output != NULL ? fork() : -1;
    if (Child < 0)
    {
        printf("Bail out! no process for %s\n", Test->name);
        exit(1);
    }
    if (Child == 0)
        RunHere(File, Test, Output);
    while (waitpid(Child, &Status, 0) != Child)
        ;
    BOOLEAN Passed = WIFEXITED(Status) && WEXITSTATUS(Status) == 0;
    ++Run;
    Failed += !Passed;
    PrintOutput(Output, !Passed);
    fclose(Output);
    if (!Passed && LastNote[0] != 0)
        printf("# in: %s\n", LastNote);
    if (WIFSIGNALED(Status) && WTERMSIG(Status) == SIGALRM)
        printf("# no end after %u s\n", TEST_SECONDS_MAX);
    else if (WIFSIGNALED(Status))
        printf("# died of signal %d\n", WTERMSIG(Status));
    printf("%s %u - %s: %s\n", Passed ? "ok" : "not ok", Run, File, Test->name);
    fflush(stdout);
}

void
RunnerRun(const char *File, const struct CMUnitTest *Tests, size_t Count)
{
    for (size_t At = 0; At < Count; ++At)
    {
        if (IsSelected(File, Tests[At].name))
            RunOne(File, &Tests[At]);
    }
}

int
RunnerFinish(void)
{
    printf("1..%u\n", Run);
    return Run == 0 || Failed != 0;
}
