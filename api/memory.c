/* SPDX-License-Identifier: MIT */
/*
 * The functions that compilers call for assignments and initialisations of structures. The DLL
 * links no C runtime; the system's own block functions do the work. Declared here by hand, because
 * the system headers define them as macros for the functions below.
 */
#include <stddef.h>

__declspec(dllimport) void __stdcall RtlMoveMemory(void *Destination, const void *Source,
                                                   size_t Length);
__declspec(dllimport) void __stdcall RtlFillMemory(void *Destination, size_t Length, int Fill);
__declspec(dllimport)
size_t __stdcall RtlCompareMemory(const void *Left, const void *Right, size_t Length);

void *
memcpy(void *Destination, const void *Source, size_t Length);
void *
memmove(void *Destination, const void *Source, size_t Length);
void *
memset(void *Destination, int Fill, size_t Length);
int
memcmp(const void *Left, const void *Right, size_t Length);

#if defined(_MSC_VER) && !defined(__clang__)
#pragma function(memcpy, memmove, memset, memcmp)
#endif

void *
memcpy(void *Destination, const void *Source, size_t Length)
{
    RtlMoveMemory(Destination, Source, Length);
    return Destination;
}

void *
memmove(void *Destination, const void *Source, size_t Length)
{
    RtlMoveMemory(Destination, Source, Length);
    return Destination;
}

void *
memset(void *Destination, int Fill, size_t Length)
{
    RtlFillMemory(Destination, Length, Fill);
    return Destination;
}

int
memcmp(const void *Left, const void *Right, size_t Length)
{
    size_t Same = RtlCompareMemory(Left, Right, Length);
    if (Same == Length)
        return 0;
    return (int)((const unsigned char *)Left)[Same] - (int)((const unsigned char *)Right)[Same];
}
