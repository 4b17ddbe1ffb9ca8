/* SPDX-License-Identifier: MIT
 * Zones that are an offset need no file; all others are GLib's. Only its conversion from UTC is used: which
 * of two offsets a local time means is decided here, by what was valid the day before.
 */
#include "parkd/base/zone.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "parkd/base/iso8601.h"

#define NAME_SIZE 64
#define DAY_S     86400

struct zone {
    GTimeZone *tz; /* NULL: the offset is fixed */
    int minutes;
};

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* May this character follow in a name? Digits and '+' stand in "Etc/GMT+5" only; a name without folder that
 * has them would be read as a rule ("Foo5Bar"). */
static bool goes_on(char c, bool in_folder)
{
    if (is_upper(c) || (c >= 'a' && c <= 'z') || (c && strchr("/_-", c)))
        return true;
    return in_folder && ((c >= '0' && c <= '9') || c == '+');
}

/* GLib would also take paths and rules, and trust any file of the folder. The names of zones begin with a
 * large letter, in every part; the other files there (posix, right, leapseconds) do not. */
static bool is_zone_name(struct view name)
{
    bool in_folder = false;
    char last = '/';
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        in_folder = in_folder || c == '/';
        if (last == '/' ? !is_upper(c) : !goes_on(c, in_folder))
            return false;
        last = c;
    }
    return name.n > 0 && last != '/';
}

int zone_open(struct view name, struct zone **out)
{
    char text[NAME_SIZE];
    int minutes = 0;
    bool fixed = zone_offset(name, &minutes) == 0;
    *out = NULL;
    if (!fixed && (!is_zone_name(name) || view_copy(name, text, sizeof text)))
        return ERR_INVALID;
    GTimeZone *tz = fixed ? NULL : g_time_zone_new_identifier(text);
    if (!fixed && !tz)
        return ERR_INVALID;
    struct zone *z = calloc(1, sizeof *z);
    if (!z) {
        g_clear_pointer(&tz, g_time_zone_unref);
        return ERR_NOMEM;
    }
    *z = (struct zone){.tz = tz, .minutes = minutes};
    *out = z;
    return 0;
}

void zone_free(struct zone *z)
{
    if (!z)
        return;
    g_clear_pointer(&z->tz, g_time_zone_unref);
    free(z);
}

static int64_t seconds_at(const struct zone *z, int64_t utc_s)
{
    return g_time_zone_get_offset(z->tz, g_time_zone_find_interval(z->tz, G_TIME_TYPE_UNIVERSAL, utc_s));
}

int zone_minutes_at_local(const struct zone *z, int64_t local_ms)
{
    if (!z->tz)
        return z->minutes;
    int64_t local = local_ms / 1000 - (local_ms % 1000 < 0);
    int64_t before = seconds_at(z, local - DAY_S), after = seconds_at(z, local + DAY_S);
    bool changed = seconds_at(z, local - before) != before && seconds_at(z, local - after) == after;
    return (int)((changed ? after : before) / 60);
}

int zone_minutes_at_utc(const struct zone *z, int64_t ms)
{
    return z->tz ? (int)(seconds_at(z, ms / 1000 - (ms % 1000 < 0)) / 60) : z->minutes;
}

/* A time that says its own offset reads the same whatever offset is given. */
int zone_parse_time(const struct zone *z, struct view text, struct view format, int64_t *ms)
{
    int64_t local = 0;
    int rc = time_parse(text, format, 0, &local);
    return rc ? rc : time_parse(text, format, zone_minutes_at_local(z, local), ms);
}
