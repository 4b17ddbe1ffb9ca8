/* SPDX-License-Identifier: MIT
 * The text form of a reading: what stands in Redis (reading.h says how it looks). Written and read here
 * alone. Reading is strict, because whatever does not look as we write it was damaged or written by somebody
 * else; but members behind the bar that are not known are skipped: a newer parkd may have written them.
 *
 * Zone ids come from outside: bytes that could end a member are written as %XX.
 */
#include <string.h>

#include "model/reading_check.h"

static const char bar[] = " | ";
static const char hex_digits[] = "0123456789ABCDEF";

static void put_count(struct buf *out, int32_t v)
{
    if (v == COUNT_NONE)
        buf_char(out, '-');
    else
        buf_int(out, v);
}

static void put_raw(struct buf *out, int32_t v)
{
    if (v == RAW_NONE)
        buf_char(out, '-');
    else
        buf_int(out, v);
}

/* buf_int is for signed numbers; a sequence number uses all 64 bits. */
static void put_u64(struct buf *out, uint64_t v)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + v % 10);
    while (v /= 10);
    buf_put(out, digits + at, sizeof digits - at);
}

static void put_place(struct buf *out, const struct place_count *p)
{
    buf_char(out, ':');
    put_count(out, p->free);
    buf_char(out, '/');
    put_count(out, p->total);
}

static void put_quality(struct buf *out, uint32_t quality)
{
    const char *before = " q=";
    for (int q = 0; q < QUALITY_N; q++) {
        if (!(quality & UINT32_C(1) << q))
            continue;
        buf_str(out, before);
        buf_str(out, quality_name((enum quality_bit)q));
        before = ",";
    }
}

static void put_classes(struct buf *out, const struct reading *r)
{
    const char *before = " cls=";
    for (int c = 0; c < PLACE_CLASS_N; c++) {
        if (r->classes[c].free == COUNT_NONE && r->classes[c].total == COUNT_NONE)
            continue;
        buf_str(out, before);
        buf_str(out, place_class_name((enum place_class)c));
        put_place(out, &r->classes[c]);
        before = ",";
    }
}

static bool is_plain(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '_' || c == '-' || c >= 0x80;
}

static void put_zones(struct buf *out, const struct reading *r)
{
    for (int z = 0; z < r->n_zones; z++) {
        buf_str(out, z ? "," : " zones=");
        for (const char *p = r->zones[z].id; *p; p++) {
            unsigned char c = (unsigned char)*p;
            if (is_plain(c))
                buf_char(out, *p);
            else
                buf_put(out, (char[]){'%', hex_digits[c >> 4], hex_digits[c & 15]}, 3);
        }
        put_place(out, &r->zones[z].count);
    }
}

static void put_visible(struct buf *out, const struct reading *r)
{
    buf_str(out, "free=");
    put_count(out, r->free);
    if (r->last_free != COUNT_NONE) {
        buf_str(out, " last=");
        put_count(out, r->last_free);
    }
    if (r->expired)
        buf_str(out, " expired=1");
    buf_str(out, " open=");
    put_count(out, r->open);
    buf_str(out, " total=");
    put_count(out, r->total);
    buf_str(out, " status=");
    buf_str(out, status_name(r->status));
    buf_str(out, " band=");
    buf_str(out, band_name(r->band));
    put_quality(out, r->quality);
    put_classes(out, r);
    put_zones(out, r);
}

int reading_encode_visible(const struct reading *r, struct buf *out)
{
    if (!reading_valid(r))
        return ERR_INVALID;
    put_visible(out, r);
    return out->err;
}

int reading_encode(const struct reading *r, struct buf *out)
{
    const struct {
        const char *name;
        int64_t ms;
    } times[] = {{" chg=", r->changed_ms}, {" obs=", r->observed_ms}, {" rcv=", r->received_ms}};
    if (!reading_valid(r))
        return ERR_INVALID;
    buf_str(out, "seq=");
    put_u64(out, r->seq);
    for (int i = 0; i < 3; i++) {
        buf_str(out, times[i].name);
        buf_int(out, times[i].ms);
    }
    buf_str(out, " sseq=");
    put_u64(out, r->source_seq);
    buf_str(out, " src=");
    buf_int(out, r->source_ms);
    buf_str(out, " rf=");
    put_raw(out, r->raw_free);
    buf_str(out, " rt=");
    put_raw(out, r->raw_total);
    buf_str(out, bar);
    put_visible(out, r);
    return out->err;
}

static bool take(struct view *v, const char *literal)
{
    if (!view_starts(*v, literal))
        return false;
    size_t n = strlen(literal);
    v->p += n;
    v->n -= n;
    return true;
}

/* Digits without leading zeros, as put_u64 writes them. */
static bool take_u64(struct view *v, uint64_t *out)
{
    uint64_t value = 0;
    size_t n = 0;
    for (; n < v->n && v->p[n] >= '0' && v->p[n] <= '9'; n++) {
        uint64_t digit = (uint64_t)(v->p[n] - '0');
        if (value > (UINT64_MAX - digit) / 10)
            return false;
        value = value * 10 + digit;
    }
    if (n == 0 || (n > 1 && v->p[0] == '0'))
        return false;
    v->p += n;
    v->n -= n;
    *out = value;
    return true;
}

static bool take_time(struct view *v, int64_t *out)
{
    uint64_t ms = 0;
    if (!take_u64(v, &ms) || ms > READING_TIME_MAX)
        return false;
    *out = (int64_t)ms;
    return true;
}

/* "-" or a number that fits. */
static bool take_raw(struct view *v, int32_t *out)
{
    uint64_t value = 0;
    bool minus = take(v, "-");
    *out = RAW_NONE;
    if (minus && (v->n == 0 || v->p[0] == ' '))
        return true;
    if (!take_u64(v, &value) || value > INT32_MAX || (minus && value == 0))
        return false;
    *out = minus ? -(int32_t)value : (int32_t)value;
    return true;
}

static bool take_count(struct view *v, int32_t *out)
{
    uint64_t value = 0;
    *out = COUNT_NONE;
    if (take(v, "-"))
        return true;
    if (!take_u64(v, &value) || value > COUNT_MAX)
        return false;
    *out = (int32_t)value;
    return true;
}

static bool take_place(struct view v, struct place_count *out)
{
    return take_count(&v, &out->free) && take(&v, "/") && take_count(&v, &out->total) && v.n == 0;
}

static bool take_head(struct view *v, struct reading *r)
{
    return take(v, "seq=") && take_u64(v, &r->seq) && take(v, " chg=") && take_time(v, &r->changed_ms) &&
           take(v, " obs=") && take_time(v, &r->observed_ms) && take(v, " rcv=") &&
           take_time(v, &r->received_ms) && take(v, " sseq=") && take_u64(v, &r->source_seq) &&
           take(v, " src=") && take_time(v, &r->source_ms) && take(v, " rf=") && take_raw(v, &r->raw_free) &&
           take(v, " rt=") && take_raw(v, &r->raw_total) && take(v, bar);
}

static bool whole_count(struct view v, int32_t *out)
{
    return take_count(&v, out) && v.n == 0;
}

static bool read_free(struct view v, struct reading *r)
{
    return whole_count(v, &r->free);
}

static bool read_last(struct view v, struct reading *r)
{
    return whole_count(v, &r->last_free) && r->last_free != COUNT_NONE;
}

static bool read_expired(struct view v, struct reading *r)
{
    r->expired = true;
    return view_is(v, "1");
}

static bool read_open(struct view v, struct reading *r)
{
    return whole_count(v, &r->open);
}

static bool read_total(struct view v, struct reading *r)
{
    return whole_count(v, &r->total);
}

static bool read_status(struct view v, struct reading *r)
{
    return status_of(v, &r->status) == 0;
}

static bool read_band(struct view v, struct reading *r)
{
    return band_of(v, &r->band) == 0;
}

/* Flags, like classes below, stand in the order of their table; names that are not known are skipped. */
static bool read_quality(struct view v, struct reading *r)
{
    do {
        struct view name = view_cut(&v, ',');
        uint32_t mask = 0;
        if (name.n == 0)
            return false;
        if (quality_of(name, &mask))
            continue;
        if (r->quality >= mask)
            return false;
        r->quality |= mask;
    } while (v.p);
    return true;
}

static bool read_classes(struct view v, struct reading *r)
{
    int next = 0;
    do {
        struct view place = view_cut(&v, ','), name = view_cut(&place, ':');
        struct place_count count;
        enum place_class c;
        if (name.n == 0 || !take_place(place, &count) ||
            (count.free == COUNT_NONE && count.total == COUNT_NONE))
            return false;
        if (place_class_of(name, &c))
            continue;
        if ((int)c < next)
            return false;
        r->classes[c] = count;
        next = (int)c + 1;
    } while (v.p);
    return true;
}

static int hex_value(char c)
{
    const char *at = c ? strchr(hex_digits, c) : NULL;
    return at ? (int)(at - hex_digits) : -1;
}

static bool read_zone_id(struct view v, char id[ZONE_ID_SIZE])
{
    size_t n = 0;
    for (size_t i = 0; i < v.n; i++) {
        int c = (unsigned char)v.p[i];
        if (c == '%') {
            if (v.n - i < 3 || hex_value(v.p[i + 1]) < 0 || hex_value(v.p[i + 2]) < 0)
                return false;
            c = hex_value(v.p[i + 1]) * 16 + hex_value(v.p[i + 2]);
            i += 2;
            if (is_plain((unsigned char)c)) /* would have been written as it is */
                return false;
        } else if (!is_plain((unsigned char)c)) {
            return false;
        }
        if (n + 1 >= ZONE_ID_SIZE || c == 0)
            return false;
        id[n++] = (char)c;
    }
    return true;
}

static bool read_zones(struct view v, struct reading *r)
{
    do {
        struct view place = view_cut(&v, ','), id = view_cut(&place, ':');
        if (r->n_zones >= REPORT_MAX_ZONES)
            return false;
        struct zone_count *z = &r->zones[r->n_zones++];
        if (!read_zone_id(id, z->id) || !take_place(place, &z->count))
            return false;
    } while (v.p);
    return true;
}

/* The members behind the bar, in the order in which they are written. */
static const struct member {
    const char *name;
    bool (*read)(struct view value, struct reading *r);
} members[] = {
    {"free", read_free},   {"last", read_last},     {"expired", read_expired}, {"open", read_open},
    {"total", read_total}, {"status", read_status}, {"band", read_band},       {"q", read_quality},
    {"cls", read_classes}, {"zones", read_zones},
};
#define N_MEMBERS (sizeof members / sizeof members[0])

static bool read_visible(struct view v, struct reading *r)
{
    size_t next = 0;
    do {
        struct view value = view_cut(&v, ' '), name = view_cut(&value, '=');
        size_t i = 0;
        if (name.n == 0 || !value.p)
            return false;
        while (i < N_MEMBERS && !view_is(name, members[i].name))
            i++;
        if (i == N_MEMBERS)
            continue;
        if (i < next || !members[i].read(value, r))
            return false;
        next = i + 1;
    } while (v.p);
    return true;
}

int reading_decode(struct view text, struct reading *out)
{
    struct reading r;
    reading_init(&r);
    if (!take_head(&text, &r) || !read_visible(text, &r) || !reading_valid(&r))
        return ERR_SYNTAX;
    *out = r;
    return 0;
}
