/* SPDX-License-Identifier: MIT
 * Entries of the ledger.
 */
#include "parkd/model/ledger.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "parkd/base/iso8601.h"
#include "parkd/base/json.h"

static const char *const modes[] = {[MODE_UNKNOWN] = NULL, [MODE_AUTO] = "auto", [MODE_MANUAL] = "manual"};
static const char *const mode_words[] = {"auto", "manual", NULL};

void ledger_init(struct ledger_entry *e)
{
    *e = (struct ledger_entry){.total = COUNT_NONE, .open = COUNT_NONE, .state = STAGE_SURVEYED};
}

const char *ledger_mode_name(enum ledger_mode m)
{
    return (unsigned)m <= MODE_MANUAL ? modes[m] : NULL;
}

/* --- reading --- */

static int parse_texts(const struct json *j, struct ledger_entry *e, struct why *why)
{
    const struct {
        const char *key;
        char *dst;
        size_t size;
    } texts[] = {{"name", e->name, sizeof e->name},
                 {"address", e->address, sizeof e->address},
                 {"area", e->area, sizeof e->area},
                 {"operator", e->owner, sizeof e->owner},
                 {"operator_name", e->owner_name, sizeof e->owner_name},
                 {"kind", e->kind, sizeof e->kind},
                 {"system", e->system, sizeof e->system},
                 {"obstacle", e->obstacle, sizeof e->obstacle},
                 {"plan", e->plan, sizeof e->plan},
                 {"next_date", e->next_date, sizeof e->next_date},
                 {"notes", e->notes, sizeof e->notes}};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int err = json_want_str(j, texts[i].key, texts[i].dst, texts[i].size, why);
        if (err)
            return err;
    }
    if (!e->name[0])
        return why_set(why, ERR_MISSING, "/name", "missing");
    if (e->owner[0] && !lot_id_valid(view_of(e->owner)))
        return why_set(why, ERR_INVALID, "/operator", "is not an account's id");
    return 0;
}

static int parse_contact(const struct json *j, struct ledger_entry *e, struct why *why)
{
    static const char *const known[] = {"person", "phone", NULL};
    const struct json *contact = NULL;
    int err = json_want_node(j, "contact", JSON_OBJECT, &contact, why);
    if (err || !contact)
        return err;
    err = json_only(contact, known, why);
    err = err ? err : json_want_str(contact, "person", e->person, sizeof e->person, why);
    err = err ? err : json_want_str(contact, "phone", e->phone, sizeof e->phone, why);
    if (err)
        why_under(why, "/contact");
    return err;
}

static int parse_location(const struct json *j, struct ledger_entry *e, struct why *why)
{
    static const char *const known[] = {"lng", "lat", "datum", NULL};
    const struct json *p = NULL;
    int err = json_want_node(j, "location", JSON_OBJECT, &p, why);
    if (err || !p)
        return err;
    e->lng = e->lat = NAN;
    err = json_only(p, known, why);
    err = err ? err : json_want_real(p, "lng", -180, 180, &e->lng, why);
    err = err ? err : json_want_real(p, "lat", -90, 90, &e->lat, why);
    if (!err && datum_of(json_text(json_get(p, "datum")), &e->datum))
        err = why_set(why, ERR_INVALID, "/datum", "must be wgs84, gcj02 or bd09");
    if (!err && (isnan(e->lng) || isnan(e->lat)))
        err = why_set(why, ERR_MISSING, isnan(e->lng) ? "/lng" : "/lat", "missing");
    e->has_point = !err;
    if (err)
        why_under(why, "/location");
    return err;
}

int ledger_date(unsigned year, unsigned month, unsigned day, char out[11])
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (year < 1900 || year > 2999 || month < 1 || month > 12 || day < 1 ||
        day > days[month - 1] + (month == 2 && leap ? 1U : 0U))
        return ERR_RANGE;
    (void)snprintf(out, 11, "%04u-%02u-%02u", year % 10000, month % 100, day % 100);
    return 0;
}

static bool is_date(const char *s)
{
    static const char form[] = "dddd-dd-dd";
    char again[11];
    for (size_t i = 0; form[i]; i++) {
        if (form[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != form[i])
            return false;
    }
    unsigned part[3] = {0};
    for (size_t i = 0, k = 0; i < sizeof form - 1; i++) {
        if (s[i] == '-')
            k++;
        else
            part[k] = part[k] * 10 + (unsigned)(s[i] - '0');
    }
    return !s[sizeof form - 1] && ledger_date(part[0], part[1], part[2], again) == 0;
}

static int parse_count(const struct json *j, const char *key, int32_t *out, struct why *why)
{
    int64_t v = COUNT_NONE;
    int err = json_want_int(j, key, 0, COUNT_MAX, &v, why);
    *out = (int32_t)v;
    return err;
}

static int parse_all(const struct json *j, struct ledger_entry *e, struct why *why)
{
    int mode = -1;
    int err = parse_texts(j, e, why);
    err = err ? err : parse_count(j, "total", &e->total, why);
    err = err ? err : parse_count(j, "open", &e->open, why);
    err = err ? err : parse_contact(j, e, why);
    err = err ? err : parse_location(j, e, why);
    err = err ? err : json_want_enum(j, "mode", mode_words, &mode, why);
    if (err)
        return err;
    e->mode = mode < 0 ? MODE_UNKNOWN : mode == 0 ? MODE_AUTO : MODE_MANUAL;
    if (e->next_date[0] && !is_date(e->next_date))
        return why_set(why, ERR_INVALID, "/next_date", "must be a day of the calendar, like 2026-12-31");
    if (e->total != COUNT_NONE && e->open > e->total)
        return why_set(why, ERR_RANGE, "/open", "more places are open (%d) than there are (%d)", (int)e->open,
                       (int)e->total);
    return 0;
}

bool ledger_id_valid(struct view id)
{
    return lot_id_valid(id) && !view_is(id, "import") && !view_is(id, "export") && !view_is(id, "report");
}

int ledger_parse(const struct json *doc, struct ledger_entry *out, struct why *why)
{
    static const char *const known[] = {
        "id",       "name",    "address", "area",   "operator", "operator_name", "kind",      "total", "open",
        "location", "contact", "mode",    "system", "obstacle", "plan",          "next_date", "notes", NULL};
    struct ledger_entry e;
    ledger_init(&e);
    e.state = out->state;
    int err = json_only(doc, known, why);
    err = err ? err : json_need_str(doc, "id", e.id, sizeof e.id, why);
    if (!err && !ledger_id_valid(view_of(e.id)))
        err = why_set(why, ERR_INVALID, "/id",
                      "must be 1 to 32 letters, digits, '.', '_' or '-', and not import, export or report");
    err = err ? err : parse_all(doc, &e, why);
    if (!err)
        *out = e;
    return err;
}

bool ledger_read(const struct json *doc, struct ledger_entry *out)
{
    ledger_init(out);
    return !json_need_str(doc, "id", out->id, sizeof out->id, NULL) && !parse_all(doc, out, NULL) &&
           !lot_stage_of(json_text(json_get(doc, "state")), &out->state);
}

/* --- writing --- */

static void text(struct json_writer *w, const char *key, const char *s)
{
    if (s[0])
        jw_str(w, key, s);
}

void ledger_write_members(struct json_writer *w, const struct ledger_entry *e)
{
    jw_str(w, "id", e->id);
    jw_str(w, "name", e->name);
    text(w, "address", e->address);
    text(w, "area", e->area);
    text(w, "operator", e->owner);
    text(w, "operator_name", e->owner_name);
    text(w, "kind", e->kind);
    if (e->total != COUNT_NONE)
        jw_int(w, "total", e->total);
    if (e->open != COUNT_NONE)
        jw_int(w, "open", e->open);
    if (e->has_point) {
        jw_object(w, "location");
        jw_real(w, "lng", e->lng, 6);
        jw_real(w, "lat", e->lat, 6);
        jw_str(w, "datum", datum_name(e->datum));
        jw_end_object(w);
    }
    if (e->person[0] || e->phone[0]) {
        jw_object(w, "contact");
        text(w, "person", e->person);
        text(w, "phone", e->phone);
        jw_end_object(w);
    }
    if (e->mode)
        jw_str(w, "mode", ledger_mode_name(e->mode));
    text(w, "system", e->system);
    text(w, "obstacle", e->obstacle);
    text(w, "plan", e->plan);
    text(w, "next_date", e->next_date);
    text(w, "notes", e->notes);
    jw_str(w, "state", lot_stage_name(e->state));
}

static void write_step(struct json_writer *w, const struct ledger_step *s)
{
    jw_object(w, NULL);
    jw_time(w, "at", s->at_ms);
    jw_str(w, "by", s->by);
    jw_str(w, "from", lot_stage_name(s->from));
    jw_str(w, "to", lot_stage_name(s->to));
    jw_str(w, "why", s->why);
    jw_end_object(w);
}

void ledger_write(struct json_writer *w, const struct ledger_entry *e, const struct json *history,
                  const struct ledger_step *step)
{
    size_t n = json_is(history, JSON_ARRAY) ? json_size(history) : 0, all = n + (step ? 1 : 0),
           skip = all > LEDGER_HISTORY_MAX ? all - LEDGER_HISTORY_MAX : 0;
    jw_object(w, NULL);
    ledger_write_members(w, e);
    jw_array(w, "history");
    for (const struct json *j = n ? json_first(history) : NULL; j; j = json_next(j)) {
        if (skip)
            skip--;
        else
            jw_json(w, NULL, j);
    }
    if (step)
        write_step(w, step);
    jw_end_array(w);
    jw_end_object(w);
}

static bool near(double a, double b)
{
    return fabs(a - b) < 0.0000005;
}

bool ledger_same(const struct ledger_entry *a, const struct ledger_entry *b)
{
    return strcmp(a->id, b->id) == 0 && strcmp(a->name, b->name) == 0 &&
           strcmp(a->address, b->address) == 0 && strcmp(a->area, b->area) == 0 &&
           strcmp(a->owner, b->owner) == 0 && strcmp(a->owner_name, b->owner_name) == 0 &&
           strcmp(a->kind, b->kind) == 0 && strcmp(a->system, b->system) == 0 &&
           strcmp(a->person, b->person) == 0 && strcmp(a->phone, b->phone) == 0 &&
           strcmp(a->obstacle, b->obstacle) == 0 && strcmp(a->plan, b->plan) == 0 &&
           strcmp(a->next_date, b->next_date) == 0 && strcmp(a->notes, b->notes) == 0 &&
           a->total == b->total && a->open == b->open && a->mode == b->mode && a->has_point == b->has_point &&
           (!a->has_point || (near(a->lng, b->lng) && near(a->lat, b->lat) && a->datum == b->datum));
}

/* --- steps --- */

bool ledger_may_step(enum lot_stage from, enum lot_stage to)
{
    static const struct {
        enum lot_stage from, to;
    } steps[] = {{STAGE_SURVEYED, STAGE_REGISTERED}, {STAGE_SURVEYED, STAGE_RETIRED},
                 {STAGE_REGISTERED, STAGE_TESTING},  {STAGE_REGISTERED, STAGE_SURVEYED},
                 {STAGE_REGISTERED, STAGE_RETIRED},  {STAGE_TESTING, STAGE_CONNECTED},
                 {STAGE_TESTING, STAGE_REGISTERED},  {STAGE_TESTING, STAGE_RETIRED},
                 {STAGE_CONNECTED, STAGE_SUSPENDED}, {STAGE_CONNECTED, STAGE_RETIRED},
                 {STAGE_SUSPENDED, STAGE_CONNECTED}, {STAGE_SUSPENDED, STAGE_TESTING},
                 {STAGE_SUSPENDED, STAGE_RETIRED},   {STAGE_RETIRED, STAGE_SURVEYED},
                 {STAGE_RETIRED, STAGE_REGISTERED}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i].from == from && steps[i].to == to)
            return true;
    }
    return false;
}

bool ledger_was_connected(const struct json *history, int64_t ms)
{
    const struct json *first = json_is(history, JSON_ARRAY) ? json_first(history) : NULL;
    bool connected = first && view_is(json_text(json_get(first, "from")), "connected");
    for (const struct json *step = first; step; step = json_next(step)) {
        int64_t at = 0;
        if (iso8601_parse(json_text(json_get(step, "at")), &at) == 0 && at < ms)
            connected = view_is(json_text(json_get(step, "to")), "connected");
    }
    return connected;
}

/* --- codes --- */

static bool is_digits(struct view v, size_t n)
{
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return false;
    }
    return v.n == n;
}

int ledger_code(struct view division, struct view street, char class_digit, int serial,
                char out[LEDGER_CODE_DIGITS + 1])
{
    if (!is_digits(division, 6) || !is_digits(street, 3) || class_digit < '0' || class_digit > '9')
        return ERR_INVALID;
    if (serial < 1 || serial > 99)
        return ERR_RANGE;
    memcpy(out, division.p, 6);
    memcpy(out + 6, street.p, 3);
    out[9] = class_digit;
    out[10] = (char)('0' + serial / 10);
    out[11] = (char)('0' + serial % 10);
    out[12] = 0;
    return 0;
}

char ledger_class_digit(struct view kind)
{
    static const struct {
        const char *word;
        char digit;
    } rows[] = {{"公共", '1'}, {"路内", '2'}, {"路边", '2'}, {"占道", '2'},
                {"道路", '2'}, {"配建", '3'}, {"换乘", '4'}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (kind.n >= strlen(rows[i].word) && memmem(kind.p, kind.n, rows[i].word, strlen(rows[i].word)))
            return rows[i].digit;
    }
    return kind.n ? '9' : '1';
}

/* --- progress --- */

void ledger_count(struct ledger_progress *p, const struct ledger_entry *e)
{
    p->by_state[e->state]++;
    if (e->state != STAGE_RETIRED)
        p->total++;
    if (e->state == STAGE_CONNECTED && e->mode == MODE_MANUAL)
        p->manual++;
    else if (e->state == STAGE_CONNECTED)
        p->automatic++;
}

void ledger_write_progress(struct json_writer *w, const struct ledger_progress *p)
{
    jw_object(w, "progress");
    jw_int(w, "total", (int64_t)p->total);
    for (int s = STAGE_SURVEYED; s <= STAGE_RETIRED; s++)
        jw_int(w, lot_stage_name((enum lot_stage)s), (int64_t)p->by_state[s]);
    jw_int(w, "auto", (int64_t)p->automatic);
    jw_int(w, "manual", (int64_t)p->manual);
    jw_end_object(w);
}
