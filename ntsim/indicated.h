/* SPDX-License-Identifier: MIT */
/* Lists that a miniport indicates, again and again: what they say of a packet besides its bytes. */
#ifndef CULVERT_NTSIM_INDICATED_H
#define CULVERT_NTSIM_INDICATED_H

#include "rules.h"

/* Breaks a rule if a list says of its packet what a miniport that knows nothing of packets must not
 * say, such as what whoever had the list before left in it. */
void
SimIndicatedCheck(PNET_BUFFER_LIST List);

/* A filter or protocol writes what it likes to the lists that it has, before it gives them back. */
void
SimIndicatedScribble(PNET_BUFFER_LIST Chain);

#endif
