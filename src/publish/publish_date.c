/* SPDX-License-Identifier: MIT
 * Days in Beijing (see the header).
 */
#include "publish/publish_date.h"

#include <stdio.h>

#include "parkd/base/iso8601.h"

#define FROM_MS  (20 * MINUTE_MS) /* after midnight: the last cars of the day have been told by then */
#define UNTIL_MS (6 * HOUR_MS)
#define BACK     3 /* days */

static uint32_t date_of_days(int64_t days)
{
    int y = 0, m = 0, d = 0;
    civil_of_days(days, &y, &m, &d);
    return (uint32_t)(y * 10000 + m * 100 + d);
}

static int64_t days_of_date(uint32_t date)
{
    return days_of_civil((int)(date / 10000), (int)(date / 100 % 100), (int)(date % 100));
}

uint32_t publish_date_before(int64_t wall_ms, int days)
{
    return date_of_days((wall_ms + BEIJING_MS) / DAY_MS - days);
}

uint32_t publish_date_due(int64_t wall_ms, uint32_t done)
{
    int64_t here = wall_ms + BEIJING_MS, today = here / DAY_MS;
    int64_t newest = here % DAY_MS >= FROM_MS ? today - 1 : today - 2;
    for (int64_t day = today - BACK; day <= newest; day++) {
        if (date_of_days(day) > done)
            return date_of_days(day);
    }
    return 0;
}

int64_t publish_date_give_up(uint32_t date, int64_t begun_ms)
{
    int64_t until = (days_of_date(date) + 1) * DAY_MS + UNTIL_MS - BEIJING_MS;
    return begun_ms < until ? until : begun_ms + UNTIL_MS;
}

char *publish_date_text(uint32_t date, char dst[PUBLISH_DATE_SIZE])
{
    (void)snprintf(dst, PUBLISH_DATE_SIZE, "%04u-%02u-%02u", date / 10000 % 10000, date / 100 % 100,
                   date % 100);
    return dst;
}
