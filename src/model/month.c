/* SPDX-License-Identifier: MIT
 * Sums of days, and the score of a month.
 */
#include "parkd/model/month.h"

#include "parkd/base/iso8601.h"

static int count_cells(const struct daily *d, char kind)
{
    int n = 0;
    for (int i = 0; i < DAILY_CELLS; i++)
        n += d->cells[i] == kind;
    return n;
}

void month_add_day(struct month_sum *m, const struct rules *r, const struct daily *d)
{
    enum rule by = RULE_N;
    int online = count_cells(d, CELL_GOOD) + count_cells(d, CELL_LATE);
    int samples = online + count_cells(d, CELL_NONE);
    if (samples == 0)
        return;
    m->days++;
    m->samples += samples;
    m->online += online;
    m->slots += d->slots;
    m->timely += d->timely;
    m->minutes += d->minutes;
    m->current += d->current;
    m->frozen_days += d->frozen_min > 0;
    m->unreconciled_days += d->reconciled == SUM_BAD;
    m->drift_days += d->drift;
    m->counted += d->counted;
    m->miscounted += d->miscounted;
    m->manual_min += d->manual_min;
    m->colours[rules_colour(r, d, &by)]++;
}

void month_add(struct month_sum *to, const struct month_sum *m)
{
    to->lots += m->lots;
    to->days += m->days;
    to->left_out += m->left_out;
    to->samples += m->samples;
    to->online += m->online;
    to->slots += m->slots;
    to->timely += m->timely;
    to->minutes += m->minutes;
    to->current += m->current;
    to->frozen_days += m->frozen_days;
    to->unreconciled_days += m->unreconciled_days;
    to->drift_days += m->drift_days;
    to->counted += m->counted;
    to->miscounted += m->miscounted;
    to->manual_min += m->manual_min;
    for (int i = 0; i < COLOUR_N; i++)
        to->colours[i] += m->colours[i];
}

static double share(int64_t part, int64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : -1;
}

double month_online(const struct month_sum *m)
{
    return share(m->online, m->samples);
}

double month_timeliness(const struct month_sum *m)
{
    return share(m->timely, m->slots);
}

double month_completeness(const struct month_sum *m)
{
    return share(m->current, m->minutes);
}

double month_honesty(const struct month_sum *m)
{
    int doubtful = m->frozen_days + m->unreconciled_days + m->miscounted;
    return share(doubtful < m->days ? m->days - doubtful : 0, m->days);
}

double month_score(const struct month_sum *m, const struct rules *r)
{
    double parts[SCORE_N] = {month_online(m), month_timeliness(m), month_completeness(m), month_honesty(m)};
    double sum = 0, weight = 0;
    for (int i = 0; i < SCORE_N; i++) {
        if (parts[i] < 0)
            continue;
        sum += parts[i] * r->score[i];
        weight += r->score[i];
    }
    return weight > 0 ? 100 * sum / weight : -1;
}

int month_parse(struct view name, int64_t *first_day, int *n_days)
{
    struct view rest = name;
    struct view year = view_cut(&rest, '-');
    int64_t y = 0, m = 0;
    if (year.n != 4 || rest.n != 2 || view_to_int(year, 1970, 2199, &y) || view_to_int(rest, 1, 12, &m))
        return ERR_INVALID;
    int next_year = (int)(m == 12 ? y + 1 : y), next_month = (int)(m == 12 ? 1 : m + 1);
    *first_day = days_of_civil((int)y, (int)m, 1);
    *n_days = (int)(days_of_civil(next_year, next_month, 1) - *first_day);
    return 0;
}
