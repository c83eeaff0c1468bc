/* SPDX-License-Identifier: MIT */
#include "windows.h" /* all that wintun.h needs of this header too */
