/* SPDX-License-Identifier: MIT
 * The rules' table, reading and writing it, and applying it to one day.
 */
#include "parkd/model/rules.h"

#include <math.h>

#include "parkd/base/json.h"

#define NEVER NAN

static const struct rule_row {
    const char *name;
    bool share; /* colours below its limit */
    double most;
    double limits[4];
} rows[RULE_N] = {
    [RULE_ONLINE] = {"online_rate", true, 1, {0.95, 0.9, 0.8, 0.5}},
    [RULE_TIMELINESS] = {"timeliness", true, 1, {0.9, 0.75, 0.5, 0.25}},
    [RULE_COMPLETENESS] = {"completeness", true, 1, {0.9, 0.75, 0.5, 0.25}},
    [RULE_OFFLINE] = {"offline_hours", false, 24, {1, 4, 12, 24}},
    [RULE_FROZEN] = {"frozen_days", false, 366, {1, 2, 3, 7}},
    [RULE_UNRECONCILED] = {"unreconciled_days", false, 366, {1, 3, 5, 10}},
    [RULE_DRIFT] = {"drift", false, 1, {1, NEVER, NEVER, NEVER}},
};
static const char *const rule_names[] = {"online_rate", "timeliness",        "completeness", "offline_hours",
                                         "frozen_days", "unreconciled_days", "drift",        NULL};
static const char *const score_names[] = {"online_rate", "timeliness", "completeness", "honesty", NULL};
static const double weights[SCORE_N] = {40, 20, 20, 20};
static const double least[3] = {95, 85, 70};
static const char *const members[] = {"colours", "score", "grades", NULL};

void rules_default(struct rules *r)
{
    for (int i = 0; i < RULE_N; i++)
        for (int k = 0; k < 4; k++)
            r->limits[i][k] = rows[i].limits[k];
    for (int i = 0; i < SCORE_N; i++)
        r->score[i] = weights[i];
    for (int i = 0; i < 3; i++)
        r->grades[i] = least[i];
}

/* Numbers 0…most, each at least as strict as the one before; null where allowed. */
static int take_list(const struct json *list, double *out, size_t n, double most, bool falling, bool nulls,
                     struct why *why)
{
    size_t k = 0;
    double before = falling ? most : 0;
    if (!json_is(list, JSON_ARRAY) || json_size(list) != n)
        return why_set(why, ERR_TYPE, "", "must be a list of %zu numbers", n);
    for (const struct json *j = json_first(list); j; j = json_next(j), k++) {
        out[k] = json_number(j);
        if (nulls && json_is(j, JSON_NULL)) {
            out[k] = NEVER;
            continue;
        }
        if (!json_is(j, JSON_NUMBER) || out[k] < 0 || out[k] > most)
            return why_set(why, ERR_RANGE, "", "must hold numbers from 0 to %g", most);
        if (falling ? out[k] > before : out[k] < before)
            return why_set(why, ERR_RANGE, "", "must go from the mildest to the most severe");
        before = out[k];
    }
    return 0;
}

static int take_colours(const struct json *j, struct rules *out, struct why *why)
{
    int err = json_only(j, rule_names, why);
    for (int i = 0; i < RULE_N && !err; i++) {
        const struct json *list = json_get(j, rows[i].name);
        if (list && (err = take_list(list, out->limits[i], 4, rows[i].most, rows[i].share, true, why)))
            why_under(why, "/%s", rows[i].name);
    }
    return err;
}

static int take_score(const struct json *j, struct rules *out, struct why *why)
{
    double sum = 0;
    int err = json_only(j, score_names, why);
    for (int i = 0; i < SCORE_N && !err; i++) {
        err = json_want_real(j, score_names[i], 0, 100, &out->score[i], why);
        sum += out->score[i];
    }
    if (!err && sum <= 0)
        err = why_set(why, ERR_RANGE, "", "at least one weight must be above 0");
    return err;
}

int rules_parse(const struct json *j, struct rules *out, struct why *why)
{
    const struct json *colours = NULL, *score = NULL, *grades = NULL;
    rules_default(out);
    int err = json_only(j, members, why);
    if (err || (err = json_want_node(j, "colours", JSON_OBJECT, &colours, why)) ||
        (err = json_want_node(j, "score", JSON_OBJECT, &score, why)) ||
        (err = json_want_node(j, "grades", JSON_ARRAY, &grades, why)))
        return err;
    if (colours && (err = take_colours(colours, out, why)))
        why_under(why, "/colours");
    else if (score && (err = take_score(score, out, why)))
        why_under(why, "/score");
    else if (grades && (err = take_list(grades, out->grades, 3, 100, true, false, why)))
        why_under(why, "/grades");
    return err;
}

void rules_write(struct json_writer *w, const char *key, const struct rules *r)
{
    jw_object(w, key);
    jw_object(w, "colours");
    for (int i = 0; i < RULE_N; i++) {
        jw_array(w, rows[i].name);
        for (int k = 0; k < 4; k++)
            jw_real(w, NULL, r->limits[i][k], rows[i].share ? 4 : 1);
        jw_end_array(w);
    }
    jw_end_object(w);
    jw_object(w, "score");
    for (int i = 0; i < SCORE_N; i++)
        jw_real(w, score_names[i], r->score[i], 2);
    jw_end_object(w);
    jw_array(w, "grades");
    for (int i = 0; i < 3; i++)
        jw_real(w, NULL, r->grades[i], 2);
    jw_end_array(w);
    jw_end_object(w);
}

/* What a rule looks at; below 0: nothing was asked on that day. */
static double value_of(const struct daily *d, enum rule r)
{
    switch (r) {
    case RULE_ONLINE:
        return daily_online(d);
    case RULE_TIMELINESS:
        return daily_timeliness(d);
    case RULE_COMPLETENESS:
        return daily_completeness(d);
    case RULE_OFFLINE:
        return daily_silent_hours(d);
    case RULE_FROZEN:
        return d->frozen_days;
    case RULE_UNRECONCILED:
        return d->unsettled_days;
    case RULE_DRIFT:
        return d->drift;
    case RULE_N:
        break;
    }
    return -1;
}

static enum colour colour_by(const struct rules *r, const struct daily *d, enum rule rule)
{
    double v = value_of(d, rule);
    enum colour worst = COLOUR_NONE;
    if (v < 0)
        return COLOUR_NONE;
    for (int k = 0; k < 4; k++) {
        double limit = r->limits[rule][k];
        if (rows[rule].share ? v < limit : v >= limit) /* false for NAN */
            worst = (enum colour)(COLOUR_BLUE + k);
    }
    return worst;
}

enum colour rules_colour(const struct rules *r, const struct daily *d, enum rule *by)
{
    enum colour worst = COLOUR_NONE;
    *by = RULE_N;
    for (int i = 0; i < RULE_N; i++) {
        enum colour c = colour_by(r, d, (enum rule)i);
        if (c <= worst)
            continue;
        worst = c;
        *by = (enum rule)i;
    }
    return worst;
}

const char *colour_name(enum colour c)
{
    static const char *const names[] = {"none", "blue", "yellow", "orange", "red"};
    return c < COLOUR_N ? names[c] : "?";
}

const char *colour_zh(enum colour c)
{
    static const char *const names[] = {"", "蓝", "黄", "橙", "红"};
    return c < COLOUR_N ? names[c] : "?";
}

const char *rule_name(enum rule r)
{
    return r < RULE_N ? rows[r].name : "";
}

const char *grade_of(const struct rules *r, double score)
{
    static const char *const names[] = {"优", "良", "中"};
    for (int i = 0; i < 3; i++)
        if (score >= r->grades[i])
            return names[i];
    return "差";
}
