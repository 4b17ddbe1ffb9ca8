/* SPDX-License-Identifier: MIT
 * A registration's JSON → struct lot. Staff wrote it, so every fault is named by its place; nothing is
 * guessed, above all not the datum of a point (a wrong one is half a kilometre off).
 */
#include <stdio.h>

#include "parkd/base/json.h"
#include "parkd/model/lot.h"

#define NOTES_SIZE       2001
#define FREE_MINUTES_MAX 1440 /* a day */
#define HEIGHT_MAX_M     20.0
#define NAMED(table, i)  ((unsigned)(i) < sizeof(table) / sizeof(table)[0] - 1 ? (table)[i] : "?")

static const char *const datum_names[] = {
    [DATUM_WGS84] = "wgs84", [DATUM_GCJ02] = "gcj02", [DATUM_BD09] = "bd09", NULL};
static const char *const stage_names[] = {[STAGE_SURVEYED] = "surveyed",
                                          [STAGE_REGISTERED] = "registered",
                                          [STAGE_TESTING] = "testing",
                                          [STAGE_CONNECTED] = "connected",
                                          [STAGE_SUSPENDED] = "suspended",
                                          [STAGE_RETIRED] = "retired",
                                          NULL};
static const char *const class_names[] = {
#define PLACE_CLASS(id, name, zh, en) name,
#include "parkd/model/place_class.def"
#undef PLACE_CLASS
    NULL};

static bool is_alnum(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

bool lot_id_valid(struct view id)
{
    if (id.n < 1 || id.n >= LOT_ID_SIZE || !is_alnum(id.p[0]))
        return false;
    for (size_t i = 1; i < id.n; i++)
        if (!is_alnum(id.p[i]) && id.p[i] != '.' && id.p[i] != '_' && id.p[i] != '-')
            return false;
    return true;
}

const char *datum_name(enum datum d)
{
    return NAMED(datum_names, d);
}

int datum_of(struct view name, enum datum *out)
{
    for (int i = 0; datum_names[i]; i++)
        if (view_is(name, datum_names[i])) {
            *out = (enum datum)i;
            return 0;
        }
    return ERR_NOT_FOUND;
}

static int want_count(const struct json *j, const char *key, int64_t max, int32_t *out, struct why *why)
{
    int64_t v = COUNT_NONE;
    int err = json_want_int(j, key, 0, max, &v, why);
    *out = (int32_t)v;
    return err;
}

static int parse_texts(const struct json *j, struct lot *l, struct why *why)
{
    const struct {
        const char *key;
        char *dst;
        size_t size;
    } texts[] = {
        {"name", l->name, sizeof l->name},
        {"name_en", l->name_en, sizeof l->name_en},
        {"address", l->address, sizeof l->address},
        {"area", l->area, sizeof l->area},
        {"kind", l->kind, sizeof l->kind},
        {"phone", l->phone, sizeof l->phone},
        {"fee_text", l->fee_text, sizeof l->fee_text},
        {"hours_text", l->hours_text, sizeof l->hours_text},
        {"operator", l->owner, sizeof l->owner},
        {"feed", l->feed, sizeof l->feed},
        {"foreign_id", l->foreign_id, sizeof l->foreign_id},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int err = json_want_str(j, texts[i].key, texts[i].dst, texts[i].size, why);
        if (err)
            return err;
    }
    char notes[NOTES_SIZE];
    return json_want_str(j, "notes", notes, sizeof notes, why);
}

static int parse_identity(const struct json *j, struct lot *l, struct why *why)
{
    int err = json_need_str(j, "id", l->id, sizeof l->id, why);
    if (err)
        return err;
    if (!lot_id_valid(view_of(l->id)))
        return why_set(why, ERR_INVALID, "/id",
                       "must be 1 to %d letters, digits, '.', '_' or '-', a letter or digit first",
                       LOT_ID_SIZE - 1);
    if ((err = parse_texts(j, l, why)))
        return err;
    if (!l->name[0])
        return why_set(why, ERR_MISSING, "/name", "missing");
    if (l->owner[0] && !lot_id_valid(view_of(l->owner)))
        return why_set(why, ERR_INVALID, "/operator", "is not an account's id");
    if (l->feed[0] && !lot_id_valid(view_of(l->feed)))
        return why_set(why, ERR_INVALID, "/feed", "is not a feed id");
    if (!l->foreign_id[0])
        return view_copy(view_of(l->id), l->foreign_id, sizeof l->foreign_id);
    return 0;
}

/* Where a point's numbers go. */
struct point_at {
    double *lng, *lat;
    enum datum *datum;
};

static int read_point(const struct json *p, const char *const *known, struct point_at out, struct why *why)
{
    static const char *const needed[] = {"lng", "lat", "datum", NULL};
    int datum = -1, err = json_only(p, known, why);
    for (int i = 0; !err && needed[i]; i++) {
        char at[16];
        (void)snprintf(at, sizeof at, "/%s", needed[i]);
        if (!json_get(p, needed[i]) || json_is(json_get(p, needed[i]), JSON_NULL))
            err = why_set(why, ERR_MISSING, at, "missing");
    }
    if (!err)
        err = json_want_real(p, "lng", -180, 180, out.lng, why);
    if (!err)
        err = json_want_real(p, "lat", -90, 90, out.lat, why);
    if (!err)
        err = json_want_enum(p, "datum", datum_names, &datum, why);
    if (!err)
        *out.datum = (enum datum)datum;
    return err;
}

static int parse_location(const struct json *j, struct lot *l, struct why *why)
{
    static const char *const known[] = {"lng", "lat", "datum", NULL};
    const struct json *p = NULL;
    int err = json_want_node(j, "location", JSON_OBJECT, &p, why);
    if (err || !p)
        return err;
    err = read_point(p, known, (struct point_at){&l->lng, &l->lat, &l->datum}, why);
    if (err)
        why_under(why, "/location");
    l->has_point = !err;
    return err;
}

static int parse_entrance(const struct json *j, struct lot *l, struct why *why)
{
    static const char *const known[] = {"lng", "lat", "datum", "name", NULL};
    const struct json *p = NULL;
    int err = json_want_node(j, "entrance", JSON_OBJECT, &p, why);
    if (err || !p)
        return err;
    err =
        read_point(p, known, (struct point_at){&l->entrance_lng, &l->entrance_lat, &l->entrance_datum}, why);
    if (!err)
        err = json_want_str(p, "name", l->entrance_name, sizeof l->entrance_name, why);
    if (err)
        why_under(why, "/entrance");
    l->has_entrance = !err;
    return err;
}

static int parse_classes(const struct json *j, struct lot *l, struct why *why)
{
    const struct json *map = NULL;
    for (int c = 0; c < PLACE_CLASS_N; c++)
        l->class_total[c] = COUNT_NONE;
    int err = json_want_node(j, "classes", JSON_OBJECT, &map, why);
    if (err || !map)
        return err;
    err = json_only(map, class_names, why);
    for (int c = 0; c < PLACE_CLASS_N && !err; c++)
        err = want_count(map, class_names[c], COUNT_MAX, &l->class_total[c], why);
    if (err)
        why_under(why, "/classes");
    return err;
}

static int parse_capacity(const struct json *j, struct lot *l, struct why *why)
{
    int err = want_count(j, "total", COUNT_MAX, &l->total, why);
    if (!err)
        err = want_count(j, "open", COUNT_MAX, &l->open, why);
    if (!err && l->open != COUNT_NONE && l->total != COUNT_NONE && l->open > l->total)
        err = why_set(why, ERR_RANGE, "/open", "more places are open (%d) than there are (%d)", (int)l->open,
                      (int)l->total);
    if (!err)
        err = want_count(j, "free_minutes", FREE_MINUTES_MAX, &l->free_minutes, why);
    if (!err)
        err = want_count(j, "courier_minutes", FREE_MINUTES_MAX, &l->courier_minutes, why);
    if (l->courier_minutes == COUNT_NONE)
        l->courier_minutes = 0;
    if (!err)
        err = json_want_real(j, "height_m", 0, HEIGHT_MAX_M, &l->height_m, why);
    return err;
}

static int parse_hours(const struct json *j, struct lot *l, struct why *why)
{
    const struct json *given = NULL;
    int err = json_want_node(j, "hours", JSON_OBJECT, &given, why);
    if (err || !given) {
        (void)opening_of_text(view_of(l->hours_text), &l->hours);
        return err;
    }
    err = opening_parse(given, &l->hours, why);
    if (err)
        why_under(why, "/hours");
    return err;
}

int lot_parse(const struct json *j, struct lot *out, struct why *why)
{
    static const char *const known[] = {
        "id",         "name",  "name_en",    "address",  "area",  "kind",     "phone",           "fee_text",
        "hours_text", "hours", "location",   "total",    "open",  "classes",  "free_minutes",    "height_m",
        "stage",      "feed",  "foreign_id", "operator", "notes", "entrance", "courier_minutes", NULL};
    struct lot l = {0};
    int stage = STAGE_REGISTERED;
    int err = json_only(j, known, why);
    if (err || (err = parse_identity(j, &l, why)) || (err = parse_location(j, &l, why)) ||
        (err = parse_entrance(j, &l, why)) || (err = parse_capacity(j, &l, why)) ||
        (err = parse_classes(j, &l, why)) || (err = parse_hours(j, &l, why)) ||
        (err = json_want_enum(j, "stage", stage_names, &stage, why)))
        return err;
    l.stage = (enum lot_stage)stage;
    *out = l;
    return 0;
}

bool lot_stage_is_withdrawn(enum lot_stage s)
{
    return s == STAGE_SUSPENDED || s == STAGE_RETIRED;
}

const char *lot_stage_name(enum lot_stage s)
{
    return (unsigned)s <= STAGE_RETIRED ? stage_names[s] : "?";
}

int lot_stage_of(struct view name, enum lot_stage *out)
{
    for (int s = 0; stage_names[s]; s++) {
        if (view_is(name, stage_names[s])) {
            *out = (enum lot_stage)s;
            return 0;
        }
    }
    return ERR_NOT_FOUND;
}
