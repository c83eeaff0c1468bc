/* SPDX-License-Identifier: MIT */
/*
 * Under AddressSanitizer, structures that lie freed in a pool are shut, so that a use after the
 * free is found at once although the memory has not gone back to the kernel. Elsewhere nothing.
 */
#ifndef CULVERT_NDIS_SANITIZE_H
#define CULVERT_NDIS_SANITIZE_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define NDIS_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define NDIS_SANITIZED
#endif

#if defined(NDIS_SANITIZED) && !defined(_WIN32)
#include <sanitizer/asan_interface.h>
#define SanitizeShut(Address, Bytes) ASAN_POISON_MEMORY_REGION(Address, Bytes)
#define SanitizeOpen(Address, Bytes) ASAN_UNPOISON_MEMORY_REGION(Address, Bytes)
#else
#define SanitizeShut(Address, Bytes) ((void)0)
#define SanitizeOpen(Address, Bytes) ((void)0)
#endif

#endif
