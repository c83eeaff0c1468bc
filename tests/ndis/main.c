/* SPDX-License-Identifier: MIT */
/* The unit tests of ndis/. */
#include "world.h"

int
main(void)
{
    return RunDriverTests() + RunAdapterTests() + RunPnpTests() + RunDataPathTests() +
           RunPoolTests() + RunOidTests() + RunDeviceTests() + RunServiceTests();
}
