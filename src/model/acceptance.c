/* SPDX-License-Identifier: MIT
 * Acceptance tests.
 */
#include "parkd/model/acceptance.h"

#include <stdio.h>
#include <string.h>

#include "parkd/base/json.h"

#define MINUTE_MS     60000
#define DAY_OF_MS     ((int64_t)86400000)
#define INTERVAL_MS   30000 /* while none is known */
#define GAP_INTERVALS 3
#define GAP_LEAST_MS  5000
#define GAPS_ALLOWED  2  /* the outage, and one that life brought */
#define DOUBTED_SHARE 20 /* one in so many may be doubted */
#define DOUBTS        (QUALITY_NEGATIVE | QUALITY_OVER_TOTAL | QUALITY_JUMP | QUALITY_TOTAL_CHANGED)

static const char *const states[] = {"running", "passed", "failed", NULL};
static const char *const results[] = {"waiting", "pass", "fail"};

/* --- rules --- */

void acceptance_rules_default(struct acceptance_rules *r)
{
    *r = (struct acceptance_rules){20, 30, 3, 120, 7};
}

static int parse_limit(const struct json *j, const char *key, int64_t most, int32_t *out, struct why *why)
{
    int64_t v = *out;
    int err = json_want_int(j, key, 0, most, &v, why);
    *out = (int32_t)v;
    return err;
}

int acceptance_rules_parse(const struct json *j, struct acceptance_rules *out, struct why *why)
{
    static const char *const known[] = {"reports",        "minutes", "manual_reports",
                                        "manual_minutes", "days",    NULL};
    struct acceptance_rules r;
    acceptance_rules_default(&r);
    int err = json_only(j, known, why);
    err = err ? err : parse_limit(j, "reports", 10000, &r.reports, why);
    err = err ? err : parse_limit(j, "minutes", 10080, &r.minutes, why);
    err = err ? err : parse_limit(j, "manual_reports", 1000, &r.manual_reports, why);
    err = err ? err : parse_limit(j, "manual_minutes", 10080, &r.manual_minutes, why);
    err = err ? err : parse_limit(j, "days", 60, &r.days, why);
    if (!err && !r.days)
        err = why_set(why, ERR_RANGE, "/days", "must be 1 to 60");
    if (!err)
        *out = r;
    return err;
}

void acceptance_rules_write(struct json_writer *w, const struct acceptance_rules *r)
{
    jw_int(w, "reports", r->reports);
    jw_int(w, "minutes", r->minutes);
    jw_int(w, "manual_reports", r->manual_reports);
    jw_int(w, "manual_minutes", r->manual_minutes);
    jw_int(w, "days", r->days);
}

/* --- observing --- */

void acceptance_begin(struct acceptance *a, const char *lot, bool manual, const struct acceptance_rules *r,
                      int64_t now_ms)
{
    *a = (struct acceptance){
        .manual = manual, .since_ms = now_ms, .until_ms = now_ms + r->days * DAY_OF_MS, .rules = *r};
    (void)snprintf(a->lot, sizeof a->lot, "%s", lot);
}

static int64_t gap_ms(int64_t interval_ms)
{
    int64_t gap = GAP_INTERVALS * (interval_ms > 0 ? interval_ms : INTERVAL_MS);
    return gap < GAP_LEAST_MS ? GAP_LEAST_MS : gap;
}

void acceptance_observe(struct acceptance *a, const struct reading *r, int64_t interval_ms)
{
    bool good = !r->expired && (r->free != COUNT_NONE || r->band != BAND_UNKNOWN);
    if (a->state != ACCEPTANCE_RUNNING || !good || r->observed_ms <= a->last_ms ||
        r->observed_ms < a->since_ms)
        return;
    if (a->last_ms && !a->away && r->observed_ms - a->last_ms > gap_ms(interval_ms) && !a->manual) {
        a->gaps++;
        a->away = true;
    }
    if (a->away)
        a->survived++;
    a->away = false;
    if (!a->first_ms)
        a->first_ms = r->observed_ms;
    a->last_ms = r->observed_ms;
    if (r->free != COUNT_NONE) {
        a->least = !a->reports || r->free < a->least ? r->free : a->least;
        a->most = !a->reports || r->free > a->most ? r->free : a->most;
    }
    a->reports++;
    a->doubted += (r->quality & DOUBTS) != 0;
    a->skewed += (r->quality & QUALITY_CLOCK_SKEW) != 0;
}

void acceptance_tick(struct acceptance *a, int64_t interval_ms, int64_t now_ms)
{
    if (a->state != ACCEPTANCE_RUNNING || a->manual || a->away || !a->last_ms ||
        now_ms - a->last_ms <= gap_ms(interval_ms))
        return;
    a->away = true;
    a->gaps++;
}

/* --- judging --- */

static bool enough(const struct acceptance *a)
{
    int32_t reports = a->manual ? a->rules.manual_reports : a->rules.reports,
            minutes = a->manual ? a->rules.manual_minutes : a->rules.minutes;
    return a->reports >= reports && a->last_ms - a->first_ms >= (int64_t)minutes * MINUTE_MS;
}

static enum check_result share(const struct acceptance *a, int32_t bad)
{
    if (!enough(a))
        return RESULT_WAITING;
    return bad * DOUBTED_SHARE <= a->reports ? RESULT_PASS : RESULT_FAIL;
}

enum check_result acceptance_result(const struct acceptance *a, enum acceptance_check c)
{
    switch (c) {
    case CHECK_REPORTS:
        return enough(a) ? RESULT_PASS : RESULT_WAITING;
    case CHECK_PLAUSIBLE:
        return share(a, a->doubted);
    case CHECK_CLOCK:
        return a->manual ? RESULT_PASS : share(a, a->skewed);
    case CHECK_REGULAR:
        return a->manual || (enough(a) && a->gaps <= GAPS_ALLOWED) ? RESULT_PASS
               : a->gaps > GAPS_ALLOWED                            ? RESULT_FAIL
                                                                   : RESULT_WAITING;
    case CHECK_OUTAGE:
        return a->manual || a->waived[0] || (a->survived && !a->away) ? RESULT_PASS : RESULT_WAITING;
    default:
        return RESULT_WAITING;
    }
}

bool acceptance_judge(struct acceptance *a, int64_t now_ms)
{
    bool all = true;
    if (a->state != ACCEPTANCE_RUNNING)
        return false;
    for (int c = 0; c < CHECK_N; c++)
        all = all && acceptance_result(a, (enum acceptance_check)c) == RESULT_PASS;
    if (all)
        a->state = ACCEPTANCE_PASSED;
    else if (now_ms >= a->until_ms)
        a->state = ACCEPTANCE_FAILED;
    return a->state != ACCEPTANCE_RUNNING;
}

/* --- documents --- */

void acceptance_write(struct json_writer *w, const struct acceptance *a)
{
    jw_object(w, NULL);
    jw_str(w, "id", a->lot);
    jw_bool(w, "manual", a->manual);
    jw_str(w, "state", states[a->state]);
    jw_int(w, "since_ms", a->since_ms);
    jw_int(w, "until_ms", a->until_ms);
    jw_int(w, "first_ms", a->first_ms);
    jw_int(w, "last_ms", a->last_ms);
    jw_int(w, "good", a->reports);
    jw_int(w, "doubted", a->doubted);
    jw_int(w, "skewed", a->skewed);
    jw_int(w, "gaps", a->gaps);
    jw_int(w, "survived", a->survived);
    jw_int(w, "least", a->least);
    jw_int(w, "most", a->most);
    jw_bool(w, "away", a->away);
    jw_str(w, "waived", a->waived);
    jw_object(w, "rules");
    acceptance_rules_write(w, &a->rules);
    jw_end_object(w);
    jw_end_object(w);
}

static void take_int(const struct json *j, const char *key, int32_t *out)
{
    int64_t v = 0;
    const struct json *m = json_get(j, key);
    *out = m && json_int(m, 0, INT32_MAX, &v) == 0 ? (int32_t)v : 0;
}

static void take_ms(const struct json *j, const char *key, int64_t *out)
{
    const struct json *m = json_get(j, key);
    if (!m || json_int(m, 0, INT64_MAX / 2, out))
        *out = 0;
}

bool acceptance_read(const struct json *j, struct acceptance *out)
{
    *out = (struct acceptance){.manual = json_true(json_get(j, "manual")),
                               .away = json_true(json_get(j, "away"))};
    int state = -1;
    take_ms(j, "since_ms", &out->since_ms);
    take_ms(j, "until_ms", &out->until_ms);
    take_ms(j, "first_ms", &out->first_ms);
    take_ms(j, "last_ms", &out->last_ms);
    take_int(j, "good", &out->reports);
    take_int(j, "doubted", &out->doubted);
    take_int(j, "skewed", &out->skewed);
    take_int(j, "gaps", &out->gaps);
    take_int(j, "survived", &out->survived);
    take_int(j, "least", &out->least);
    take_int(j, "most", &out->most);
    if (json_want_enum(j, "state", states, &state, NULL) || state < 0)
        return false;
    out->state = (enum acceptance_state)state;
    return !view_copy(json_text(json_get(j, "id")), out->lot, sizeof out->lot) &&
           !view_copy(json_text(json_get(j, "waived")), out->waived, sizeof out->waived) &&
           !acceptance_rules_parse(json_get(j, "rules"), &out->rules, NULL);
}

/* --- for people --- */

struct words {
    const char *name, *zh, *en, *advice_zh, *advice_en;
};

static const struct words words[CHECK_N] = {
    [CHECK_REPORTS] = {"reports", "数据连续到达", "enough good reports",
                       "请让系统持续上报；若没有数据，先用“试一试”查看原因",
                       "let the system go on reporting; if nothing comes, try the feed to see why"},
    [CHECK_PLAUSIBLE] =
        {"plausible", "数值合理", "plausible counts",
         "请核对总泊位与剩余数：不得为负、不得超过开放泊位，每分钟跳变不宜过大",
         "check total and free places: not negative, not more than are open, no leaps within a minute"},
    [CHECK_CLOCK] = {"clock", "时钟准确", "the clock is right", "请给停车系统校时（NTP）：误差不得超过两分钟",
                     "set the system's clock by NTP: it may be two minutes off at most"},
    [CHECK_REGULAR] = {"regular", "上报规律", "regular reports", "上报中断过多，请检查网络与上报间隔",
                       "too many gaps: check the network and the interval"},
    [CHECK_OUTAGE] = {"outage", "断线后能恢复", "comes back after an outage",
                      "请断网或停机几分钟再恢复；确有不便可由管理人员说明理由豁免",
                      "cut the network for some minutes and let it come back; where that cannot be done an "
                      "officer may waive it"},
};

static void put_number(struct json_writer *w, const char *key, const char *form, int64_t a, int64_t b)
{
    char text[96];
    (void)snprintf(text, sizeof text, form, (long long)a, (long long)b);
    jw_str(w, key, text);
}

static void show_numbers(struct json_writer *w, const struct acceptance *a, enum acceptance_check c)
{
    int64_t minutes = a->first_ms ? (a->last_ms - a->first_ms) / MINUTE_MS : 0;
    switch (c) {
    case CHECK_REPORTS:
        put_number(w, "have", "%lld / %lld min", a->reports, minutes);
        put_number(w, "want", "%lld / %lld min", a->manual ? a->rules.manual_reports : a->rules.reports,
                   a->manual ? a->rules.manual_minutes : a->rules.minutes);
        break;
    case CHECK_PLAUSIBLE:
        put_number(w, "have", "%lld / %lld", a->doubted, a->reports);
        jw_str(w, "want", "≤ 5 %");
        break;
    case CHECK_CLOCK:
        put_number(w, "have", "%lld / %lld", a->skewed, a->reports);
        jw_str(w, "want", "≤ 5 %");
        break;
    case CHECK_REGULAR:
        put_number(w, "have", "%lld", a->gaps, 0);
        put_number(w, "want", "≤ %lld", GAPS_ALLOWED, 0);
        break;
    default:
        put_number(w, "have", "%lld", a->survived, 0);
        jw_str(w, "want", a->waived[0] ? a->waived : "≥ 1");
        break;
    }
}

void acceptance_show(struct json_writer *w, const char *key, const struct acceptance *a)
{
    jw_object(w, key);
    jw_str(w, "state", states[a->state]);
    jw_bool(w, "manual", a->manual);
    jw_time(w, "since", a->since_ms);
    jw_time(w, "until", a->until_ms);
    jw_array(w, "checks");
    for (int c = 0; c < (a->manual ? CHECK_CLOCK : CHECK_N); c++) {
        enum check_result r = acceptance_result(a, (enum acceptance_check)c);
        jw_object(w, NULL);
        jw_str(w, "name", words[c].name);
        jw_str(w, "result", results[r]);
        show_numbers(w, a, (enum acceptance_check)c);
        jw_str(w, "zh", words[c].zh);
        jw_str(w, "en", words[c].en);
        jw_str(w, "advice_zh", r == RESULT_PASS ? "" : words[c].advice_zh);
        jw_str(w, "advice_en", r == RESULT_PASS ? "" : words[c].advice_en);
        jw_end_object(w);
    }
    jw_end_array(w);
    if (a->reports && a->least == a->most && !a->manual) {
        jw_str(w, "remark_zh", "至今数值从未变化，请确认是否真在计数");
        jw_str(w, "remark_en", "the count has never changed so far; does the system really count?");
    }
    jw_end_object(w);
}
