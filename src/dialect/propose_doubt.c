/* SPDX-License-Identifier: MIT
 * What of a draft is sure, and what somebody has to look at: several fields for one thing, names that mean
 * different things in different systems, and what no message can say.
 */
#include "dialect/propose_write.h"

#define SURE       (SCORE_PART + 20) /* a name that is known, or nearly */
#define RIVAL      (SCORE_PART - 10)
#define RIVAL_NEAR 45

static const struct part *first_value(const struct item_set *set, const struct field *f)
{
    for (size_t i = 0; f && i < set->n; i++) {
        if (f->v[i])
            return f->v[i];
    }
    return NULL;
}

static void write_value(const struct item_set *set, const struct field *f, struct json_writer *w)
{
    const struct part *v = first_value(set, f);
    if (v)
        propose_write_scalar(w, "value", v);
    else
        jw_null(w, "value");
}

static int score_of(const struct pick *p, enum want w)
{
    for (int i = 0; i < p->n[w]; i++) {
        if (p->of[w][i].f == p->chosen[w])
            return p->of[w][i].score;
    }
    return 0;
}

static bool is_rival(const struct pick *p, enum want w, int i)
{
    int chosen = score_of(p, w), score = p->of[w][i].score;
    return p->of[w][i].f != p->chosen[w] && score >= RIVAL && score >= chosen - RIVAL_NEAR;
}

static bool has_rivals(const struct pick *p, enum want w)
{
    bool any = false;
    for (int i = 0; i < p->n[w]; i++)
        any |= is_rival(p, w, i);
    return any;
}

static void doubt(const struct item_set *set, const struct pick *p, enum want want, const char *why,
                  struct json_writer *w)
{
    const struct field *f = p->chosen[want];
    jw_object(w, NULL);
    jw_str(w, "field", propose_want_names[want]);
    jw_str(w, "at", f ? f->path : NULL);
    write_value(set, f, w);
    jw_array(w, "instead");
    for (int i = 0; i < p->n[want]; i++) {
        const struct field *other = p->of[want][i].f;
        if (other == f)
            continue;
        jw_object(w, NULL);
        jw_str(w, "at", other->path);
        write_value(set, other, w);
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_str(w, "why", why);
    jw_end_object(w);
}

/* What makes a choice doubtful; NULL: nothing. */
static const char *reason(const struct pick *p, enum want w)
{
    if (!p->chosen[w])
        return NULL;
    bool summed = p->adds_up && (w == WANT_FREE || w == WANT_TOTAL || w == WANT_OCCUPIED);
    bool rivals = has_rivals(p, w);
    if (rivals && !summed)
        return "several fields look like it: compare with what the lot shows";
    if (rivals)
        return "several fields look like it; this one fits the sum free + occupied = total";
    return score_of(p, w) < SURE && !summed ? "only the name's sound speaks for it" : NULL;
}

static bool has_false_friend(const struct field *f)
{
    static const char *const friends[] = {"kapazitaet",      "parking", "parkings",
                                          "availablespaces", "vacancy", NULL};
    return f && propose_name_is_one_of(f->name, friends);
}

static void doubt_counts(const struct item_set *set, const struct pick *p, struct json_writer *w)
{
    for (int i = WANT_FREE; i <= WANT_OCCUPIED; i++) {
        const char *why = reason(p, (enum want)i);
        if (has_false_friend(p->chosen[i]))
            why = "this name means free places in one system, capacity or cars inside in another";
        if (why)
            doubt(set, p, (enum want)i, why, w);
    }
    if (!p->chosen[WANT_FREE] && !p->chosen[WANT_OCCUPIED])
        doubt(set, p, WANT_FREE, "no field says how many places are free, and none how many are taken", w);
    if (propose_takes_minus_one(set, p))
        doubt(set, p, WANT_FREE, "-1 is taken for unknown; drop it from numbers.unknown if it is a count", w);
}

static void doubt_lot(const struct item_set *set, const struct pick *p, struct json_writer *w)
{
    const char *why = reason(p, WANT_LOT);
    if (!p->chosen[WANT_LOT])
        why = "the message does not name the lot: write its foreign_id here, or take it from the request "
              "({\"request\":\"path:3\"}, \"query:NAME\", \"topic:2\")";
    else if (score_of(p, WANT_LOT) <= SCORE_PART / 2)
        why = "there is no number of the lot, so its name is taken; it may change";
    if (why)
        doubt(set, p, WANT_LOT, why, w);
}

static void doubt_time(const struct item_set *set, const struct pick *p, struct json_writer *w)
{
    const struct field *f = p->chosen[WANT_TIME];
    const char *why = reason(p, WANT_TIME);
    if (!f)
        why = "no time was found: the time of receipt counts, and a source that stands still is not noticed";
    else if (f->root)
        why = "the time of the message, not of the lot";
    else if (!why && !propose_has_zone(p->time_format, f))
        why = "it names no zone; Asia/Shanghai is assumed";
    if (why)
        doubt(set, p, WANT_TIME, why, w);
}

static void doubt_rest(const struct item_set *set, const struct pick *p, const struct envelope *e,
                       struct json_writer *w)
{
    const struct field *status = p->chosen[WANT_STATUS];
    if (status && !propose_knows_words(set, status))
        doubt(set, p, WANT_STATUS,
              "left out: say with \"map\" which of its values is open, closed or unknown", w);
    else if (status)
        doubt(set, p, WANT_STATUS, "words that the sample does not have become unknown: add them to \"map\"",
              w);
    if (p->chosen[WANT_LAT])
        doubt(set, p, WANT_LAT, "is it WGS-84? Else say \"crs\": \"gcj02\" or \"bd09\"", w);
    if (e->code && !e->known) {
        char path[PROPOSE_PATH_SIZE];
        tree_pattern(e->code, NULL, path);
        jw_object(w, NULL);
        jw_str(w, "field", "success");
        jw_str(w, "at", path);
        propose_write_scalar(w, "value", e->code);
        jw_array(w, "instead");
        jw_end_array(w);
        jw_str(w, "why", "is this its value when all is well?");
        jw_end_object(w);
    }
}

static void write_sure(const struct pick *p, struct json_writer *w)
{
    jw_array(w, "sure");
    for (int i = 0; i <= WANT_TIME; i++) {
        bool zoned = i != WANT_TIME || !p->chosen[i] || propose_has_zone(p->time_format, p->chosen[i]);
        if (p->chosen[i] && zoned && !reason(p, (enum want)i) && !has_false_friend(p->chosen[i]))
            jw_str(w, NULL, propose_want_names[i]);
    }
    jw_end_array(w);
}

void propose_write_doubts(const struct item_set *set, const struct pick *p, const struct envelope *e,
                          struct json_writer *w)
{
    write_sure(p, w);
    jw_array(w, "doubts");
    doubt_lot(set, p, w);
    doubt_counts(set, p, w);
    doubt_time(set, p, w);
    doubt_rest(set, p, e, w);
    jw_end_array(w);
}
