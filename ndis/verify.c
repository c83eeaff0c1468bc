/* SPDX-License-Identifier: MIT */
/* The checks that more than one part of NDIS makes: see verify.h. */
#include "verify.h"
#include <stdarg.h>

#define RULE_CHARACTERS 384

typedef struct RULE_TEXT
{
    char Text[RULE_CHARACTERS];
    ULONG Length;
} RULE_TEXT;

static VOID
PutCharacter(RULE_TEXT *Rule, char Character)
{
    if (Rule->Length < RULE_CHARACTERS - 1)
        Rule->Text[Rule->Length++] = Character;
}

static VOID
PutNumber(RULE_TEXT *Rule, ULONG64 Value, ULONG Base)
{
    char Digits[24];
    ULONG Count = 0;
    do
    {
        Digits[Count++] = "0123456789abcdef"[Value % Base];
        Value /= Base;
    } while (Value != 0);
    while (Count != 0)
        PutCharacter(Rule, Digits[--Count]);
}

static VOID
PutString(RULE_TEXT *Rule, const char *String)
{
    while (*String)
        PutCharacter(Rule, *String++);
}

VOID
RuleBroken(const char *Format, ...)
{
    RULE_TEXT Rule = {.Length = 0};
    va_list Arguments;
    va_start(Arguments, Format);
    for (; *Format; Format++)
    {
        if (*Format != '%')
        {
            PutCharacter(&Rule, *Format);
            continue;
        }
        switch (*++Format)
        {
        case 's':
            PutString(&Rule, va_arg(Arguments, const char *));
            break;
        case 'u':
            PutNumber(&Rule, va_arg(Arguments, ULONG), 10);
            break;
        case 'x':
            PutString(&Rule, "0x");
            PutNumber(&Rule, va_arg(Arguments, ULONG), 16);
            break;
        case 'p':
            PutString(&Rule, "0x");
            PutNumber(&Rule, (ULONG_PTR)va_arg(Arguments, PVOID), 16);
            break;
        default:
            PutCharacter(&Rule, *Format);
        }
    }
    va_end(Arguments);
    Rule.Text[Rule.Length] = 0;
    EdgeRuleBroken(Rule.Text);
}

BOOLEAN
RuleIrqlAtMost(const char *Function, KIRQL Highest)
{
    KIRQL Irql = KeGetCurrentIrql();
    if (Irql <= Highest)
        return TRUE;
    RuleBroken("%s: called at IRQL %u; at most %u is allowed", Function, (ULONG)Irql,
               (ULONG)Highest);
    return FALSE;
}

BOOLEAN
RuleReturnedAt(const char *Function, KIRQL Irql)
{
    KIRQL Now = KeGetCurrentIrql();
    if (Now == Irql)
        return TRUE;
    RuleBroken("%s: returned at IRQL %u; it was called at %u", Function, (ULONG)Now, (ULONG)Irql);
    return FALSE;
}

NDIS_STATUS
RuleHeader(const char *Function, const NDIS_OBJECT_HEADER *Header, const HEADER_RULE *Rule,
           USHORT NdisVersion)
{
    if (Header->Type != Rule->Type)
    {
        RuleBroken("%s: %s.Header.Type is %x; %x is required", Function, Rule->Structure,
                   (ULONG)Header->Type, (ULONG)Rule->Type);
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    if (Header->Revision == 0 || Header->Revision > Rule->Revisions)
    {
        RuleBroken("%s: %s.Header.Revision is %u; 1 to %u are known", Function, Rule->Structure,
                   (ULONG)Header->Revision, (ULONG)Rule->Revisions);
        return NDIS_STATUS_BAD_VERSION;
    }
    const HEADER_REVISION *Revision = &Rule->Revision[Header->Revision - 1];
    if (Revision->NdisVersion > NdisVersion)
    {
        RuleBroken(
            "%s: %s.Header.Revision is %u, which is for NDIS %u.%u; the driver declared %u.%u",
            Function, Rule->Structure, (ULONG)Header->Revision, (ULONG)Revision->NdisVersion >> 8,
            (ULONG)Revision->NdisVersion & 0xff, (ULONG)NdisVersion >> 8,
            (ULONG)NdisVersion & 0xff);
        return NDIS_STATUS_BAD_VERSION;
    }
    if (Header->Size < Revision->Size || Header->Size > Rule->LargestSize)
    {
        RuleBroken("%s: %s.Header.Size is %u; revision %u requires %u", Function, Rule->Structure,
                   (ULONG)Header->Size, (ULONG)Header->Revision, (ULONG)Revision->Size);
        return NDIS_STATUS_BAD_CHARACTERISTICS;
    }
    return NDIS_STATUS_SUCCESS;
}
