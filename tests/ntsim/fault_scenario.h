/* SPDX-License-Identifier: MIT */
/* What the driver goes through while its calls fail: see fault_test.c. */
#ifndef CULVERT_TESTS_NTSIM_FAULT_SCENARIO_H
#define CULVERT_TESTS_NTSIM_FAULT_SCENARIO_H

#include "world.h"

typedef struct FAULT_SCENARIO
{
    const char *Name;
    void (*Prepare)(void); /* before any call fails; NULL: the world is down, else it is up */
    void (*Run)(void);     /* copes with failures; may leave the world up or down */
    unsigned CallsLeast;   /* calls that can fail; fewer: the scenario is not what it was */
} FAULT_SCENARIO;

extern const FAULT_SCENARIO FaultScenarios[];
extern const unsigned FaultScenarioCount;

/* All of it in one, for many failures at once. */
extern const FAULT_SCENARIO FaultLife;

/* After the last failure, whatever it left: there is one adapter, which carries packets both ways;
 * then the world goes down. */
void
FaultScenarioEnd(void);

#endif
