/* SPDX-License-Identifier: MIT */
/*
 * Reads what a catalog needs to know from the INF of a driver package.
 *
 * It understands what INFs of this project consist of: no %tokens% in what it reads, no continued
 * lines, and models sections that are decorated with the architecture. Anything else is refused,
 * not guessed.
 */
#include "inf.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FIELDS_MAX    16
#define DATE_EARLIEST 2009 /* Windows 7 */
#define DATE_LATEST   2049 /* the last year of a UTCTime */

/* A line "Key = Field0, Field1, ...", or one of fields only. */
struct line
{
    const char *Section;
    const char *Key;
    char *Field[FIELDS_MAX];
    unsigned Count;
};

/* Called for each line. Returns false after a message. */
typedef bool
line_reader(const char *Path, const struct line *Line, const char *Wanted, struct inf *Inf);

static char *
Trim(char *Text)
{
    while (isspace((unsigned char)*Text))
        Text++;
    size_t Size = strlen(Text);
    while (Size && isspace((unsigned char)Text[Size - 1]))
        Text[--Size] = 0;
    if (Size >= 2 && Text[0] == '"' && Text[Size - 1] == '"')
    {
        Text[Size - 1] = 0;
        Text++;
    }
    return Text;
}

/* The first of Characters in Text that is not in quotes; its end if there is none. */
static char *
FindUnquoted(char *Text, const char *Characters)
{
    bool Quoted = false;
    for (; *Text; Text++)
    {
        if (*Text == '"')
            Quoted = !Quoted;
        else if (!Quoted && strchr(Characters, *Text))
            break;
    }
    return Text;
}

static bool
SplitLine(char *Text, struct line *Line)
{
    Line->Key = NULL;
    Line->Count = 0;
    char *Equals = FindUnquoted(Text, "=");
    if (*Equals)
    {
        *Equals = 0;
        Line->Key = Trim(Text);
        Text = Equals + 1;
    }
    for (;;)
    {
        char *Comma = FindUnquoted(Text, ",");
        bool More = *Comma;
        *Comma = 0;
        if (Line->Count == FIELDS_MAX)
            return false;
        Line->Field[Line->Count++] = Trim(Text);
        if (!More)
            return true;
        Text = Comma + 1;
    }
}

/* Goes through a copy of the lines; Text is not changed. */
static bool
ForEachLine(const char *Path, const char *Text, line_reader *Reader, const char *Wanted,
            struct inf *Inf)
{
    char Section[INF_NAME_SIZE] = "", Copy[1024];
    while (*Text)
    {
        size_t Size = strcspn(Text, "\r\n");
        if (Size >= sizeof(Copy))
        {
            fprintf(stderr, "make_catalog: %s: a line is longer than %zu characters\n", Path,
                    sizeof(Copy) - 1);
            return false;
        }
        memcpy(Copy, Text, Size);
        Copy[Size] = 0;
        Text += Size;
        Text += strspn(Text, "\r\n");

        *FindUnquoted(Copy, ";") = 0;
        char *Start = Trim(Copy);
        struct line Line = {.Section = Section};
        if (*Start == '[')
            snprintf(Section, sizeof(Section), "%.*s", (int)strcspn(Start + 1, "]"), Start + 1);
        else if (*Start && !SplitLine(Start, &Line))
        {
            fprintf(stderr, "make_catalog: %s: too many fields in [%s]\n", Path, Section);
            return false;
        }
        else if (*Start && !Reader(Path, &Line, Wanted, Inf))
            return false;
    }
    return true;
}

/* Adds Name in lower case unless it is there. */
static bool
AddName(const char *Path, struct inf_names *Names, const char *Name)
{
    char *Slot = Names->Name[Names->Count];
    size_t Size = strlen(Name);
    if (!Size || Size >= INF_NAME_SIZE || strchr(Name, '%'))
    {
        fprintf(stderr, "make_catalog: %s: the name \"%s\" is not understood\n", Path, Name);
        return false;
    }
    for (size_t i = 0; i <= Size; i++)
        Slot[i] = (char)tolower((unsigned char)Name[i]);
    for (size_t i = 0; i < Names->Count; i++)
        if (strcmp(Names->Name[i], Slot) == 0)
            return true;
    if (Names->Count == INF_NAMES_MAX - 1)
    {
        fprintf(stderr, "make_catalog: %s: more than %d names\n", Path, INF_NAMES_MAX - 1);
        return false;
    }
    Names->Count++;
    return true;
}

static bool
ReadDate(const char *Path, const char *Text, struct inf *Inf)
{
    unsigned Month, Day, Year;
    int End = 0;
    if (sscanf(Text, "%2u/%2u/%4u%n", &Month, &Day, &Year, &End) != 3 || Text[End] || !Month ||
        Month > 12 || !Day || Day > 31 || Year < DATE_EARLIEST || Year > DATE_LATEST)
    {
        fprintf(stderr, "make_catalog: %s: DriverVer's date \"%s\" is not MM/DD/YYYY\n", Path,
                Text);
        return false;
    }
    snprintf(Inf->Date, sizeof(Inf->Date), "%02u%02u%02u000000Z", Year % 100, Month, Day);
    return true;
}

static bool
ReadGeneral(const char *Path, const struct line *Line, const char *Wanted, struct inf *Inf)
{
    (void)Wanted;
    if (strcasecmp(Line->Section, "SourceDisksFiles") == 0)
        return AddName(Path, &Inf->Files, Line->Key ? Line->Key : "");
    if (strcasecmp(Line->Section, "Version") != 0 || !Line->Key)
        return true;
    if (strcasecmp(Line->Key, "DriverVer") == 0)
        return ReadDate(Path, Line->Field[0], Inf);
    if (strcasecmp(Line->Key, "CatalogFile") == 0)
        snprintf(Inf->CatalogFile, sizeof(Inf->CatalogFile), "%s", Line->Field[0]);
    return true;
}

/* In the models section Wanted: "description" = install section, hardware id, compatible ids... */
static bool
ReadModels(const char *Path, const struct line *Line, const char *Wanted, struct inf *Inf)
{
    if (strcasecmp(Line->Section, Wanted) != 0 || !Line->Key)
        return true;
    for (unsigned i = 1; i < Line->Count; i++)
        if (!AddName(Path, &Inf->HardwareIds, Line->Field[i]))
            return false;
    return true;
}

/* Manufacturer = models, decorations...: keeps the names of the architecture's models sections. */
static bool
ReadManufacturers(const char *Path, const struct line *Line, const char *Wanted, struct inf *Inf)
{
    char Section[2 * INF_NAME_SIZE], Decoration[INF_NAME_SIZE];
    if (strcasecmp(Line->Section, "Manufacturer") != 0)
        return true;
    /* "NTamd64", or that and a version: "NTamd64.6.1". */
    snprintf(Decoration, sizeof(Decoration), "NT%s", Wanted);
    size_t Size = strlen(Decoration);
    for (unsigned i = 1; i < Line->Count; i++)
    {
        const char *Field = Line->Field[i];
        if (strncasecmp(Field, Decoration, Size) != 0 || (Field[Size] && Field[Size] != '.'))
            continue;
        snprintf(Section, sizeof(Section), "%s.%s", Line->Field[0], Field);
        if (!AddName(Path, &Inf->HardwareIds, Section))
            return false;
    }
    return true;
}

bool
InfRead(const char *Path, const char *Text, size_t Size, const char *Architecture, struct inf *Inf)
{
    memset(Inf, 0, sizeof(*Inf));
    for (size_t i = 0; i < Size; i++)
    {
        if (Text[i] > 0)
            continue;
        fprintf(stderr, "make_catalog: %s is not in ASCII\n", Path);
        return false;
    }
    if (!ForEachLine(Path, Text, ReadGeneral, NULL, Inf) ||
        !ForEachLine(Path, Text, ReadManufacturers, Architecture, Inf))
        return false;
    struct inf_names Models = Inf->HardwareIds;
    Inf->HardwareIds.Count = 0;
    for (size_t i = 0; i < Models.Count; i++)
        if (!ForEachLine(Path, Text, ReadModels, Models.Name[i], Inf))
            return false;

    const char *Missing = NULL;
    if (!Inf->CatalogFile[0])
        Missing = "CatalogFile in [Version]";
    else if (!Inf->Date[0])
        Missing = "DriverVer in [Version]";
    else if (!Inf->Files.Count)
        Missing = "files in [SourceDisksFiles]";
    else if (!Inf->HardwareIds.Count)
        Missing = "hardware ids for this architecture";
    if (Missing)
        fprintf(stderr, "make_catalog: %s has no %s\n", Path, Missing);
    return !Missing;
}
