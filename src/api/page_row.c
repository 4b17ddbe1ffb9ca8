/* SPDX-License-Identifier: MIT
 * A lot as a row of the list or of the big screen, and what its own page shows alike. Scripts keep these
 * elements current by their classes (live.js).
 */
#include <string.h>

#include "api/page_impl.h"
#include "parkd/base/iso8601.h"

#define CHIP_OPEN  "<li>"
#define CHIP_CLOSE "</li>"

static const char *const class_words[][2] = {
#define PLACE_CLASS(id, name, zh, en) {zh, en},
#include "parkd/model/place_class.def"
#undef PLACE_CLASS
};

bool page_current(const struct page *p, const struct registry_lot *l)
{
    return freshness_current(&l->reading, l->interval_ms, p->v->now_ms);
}

const char *page_band(const struct page *p, const struct registry_lot *l)
{
    if (!l->reading.observed_ms)
        return "never";
    if (!page_current(p, l))
        return "unknown";
    return l->reading.status == STATUS_CLOSED ? "closed" : band_name(l->reading.band);
}

static const char *tone(const char *band)
{
    return strcmp(band, "never") ? band : "unknown";
}

static int32_t known(int32_t first, int32_t second)
{
    return first != COUNT_NONE ? first : second;
}

int32_t page_base(const struct registry_lot *l)
{
    return known(known(l->reading.open, l->lot.open), known(l->reading.total, l->lot.total));
}

/* --- name and number --- */

void page_place_name(const struct page *p, const struct lot *lot)
{
    page_text(p, p->v->english && lot->name_en[0] ? lot->name_en : lot->name);
}

static void row_name(const struct page *p, const struct lot *lot, bool link)
{
    buf_str(p->out, "<h2>");
    if (link) {
        buf_str(p->out, "<a href=\"");
        page_href(p, "/lots/", lot->id);
        buf_str(p->out, p->v->embed ? "\" target=\"_blank\">" : "\">");
    }
    page_place_name(p, lot);
    buf_str(p->out, link ? "</a>" : "");
    if (!p->v->english && lot->name_en[0]) {
        buf_str(p->out, "<small lang=\"en\">");
        page_text(p, lot->name_en);
        buf_str(p->out, "</small>");
    }
    buf_str(p->out, "</h2>");
}

static void row_where(const struct page *p, const struct lot *lot)
{
    buf_str(p->out, "<p class=\"where\"><span class=\"far\"></span>");
    page_text(p, lot->area);
    page_text(p, lot->area[0] && lot->address[0] ? " · " : "");
    page_text(p, lot->address);
    buf_str(p->out, "</p>");
}

static void row_free(const struct page *p, const struct registry_lot *l)
{
    const struct reading *r = &l->reading;
    /* Free places behind a closed gate help nobody. */
    bool now = page_current(p, l) && r->free != COUNT_NONE && r->status != STATUS_CLOSED;
    int32_t last = r->expired ? r->last_free : r->free;
    buf_str(p->out, "<p class=\"free\"><b>");
    if (now)
        buf_int(p->out, r->free);
    else
        buf_str(p->out, "–");
    buf_str(p->out, "</b>");
    if (page_base(l) != COUNT_NONE)
        buf_printf(p->out, "<span> / %d</span>", page_base(l));
    if (!page_current(p, l) && last != COUNT_NONE) {
        buf_str(p->out, "<s>");
        page_text(p, page_word(p, "last"));
        buf_printf(p->out, " %d</s>", last);
    }
    buf_str(p->out, "</p>");
}

/* Arrow and word; the same as live.js shows. */
static void row_trend(const struct page *p, const struct registry_lot *l, const char *kind)
{
    static const struct {
        const char *word, *arrow;
    } shown[] = {[TREND_FILLING] = {"filling", "↘"},
                 [TREND_STEADY] = {"steady", "→"},
                 [TREND_EMPTYING] = {"emptying", "↗"}};
    const struct lot_outlook *o = &p->v->outlook;
    bool silent = !strcmp(kind, "never") || !strcmp(kind, "unknown") || !strcmp(kind, "closed");
    enum trend t = o->trend && !silent ? o->trend(o->ctx, l->idx) : TREND_UNKNOWN;
    buf_str(p->out, "<p class=\"trend\">");
    if (t != TREND_UNKNOWN) {
        buf_printf(p->out, "%s ", shown[t].arrow);
        page_text(p, page_word(p, shown[t].word));
    }
    buf_str(p->out, "</p>");
}

static void row_band(const struct page *p, const char *kind)
{
    buf_str(p->out,
            "<p class=\"band\"><span class=\"shape\" aria-hidden=\"true\"></span><span class=\"word\">");
    page_text(p, page_word(p, kind));
    buf_str(p->out, "</span> <small class=\"sub\" lang=\"en\">");
    page_sub(p, kind);
    buf_str(p->out, "</small></p>");
}

static void row_age(const struct page *p, int64_t observed_ms)
{
    char iso[ISO8601_SIZE];
    int64_t s = p->v->now_ms > observed_ms ? (p->v->now_ms - observed_ms) / 1000 : 0;
    buf_str(p->out, "<p class=\"age\">");
    if (!observed_ms) {
        buf_str(p->out, "<time></time></p>");
        return;
    }
    buf_printf(p->out, "<time datetime=\"%s\">", iso8601_format(observed_ms, iso));
    if (s < 60)
        page_form(p, "s", s);
    else if (s < 3600)
        page_form(p, "min", s / 60);
    else if (s < 172800)
        page_form(p, "h", s / 3600);
    else
        page_form(p, "d", s / 86400);
    buf_str(p->out, "</time></p>");
}

static void data_ms(const struct page *p, const char *name, int64_t ms)
{
    buf_printf(p->out, " data-%s=\"", name);
    if (ms)
        buf_int(p->out, ms);
    buf_char(p->out, '"');
}

void page_data(const struct page *p, const struct registry_lot *l)
{
    buf_printf(p->out, " data-id=\"%s\"", l->lot.id);
    data_ms(p, "observed", l->reading.observed_ms);
    data_ms(p, "until", page_current(p, l) ? freshness_valid_until(&l->reading, l->interval_ms) : 0);
    if (page_base(l) != COUNT_NONE)
        buf_printf(p->out, " data-total=\"%d\"", page_base(l));
}

/* --- what else people ask --- */

static bool is_charging(int c)
{
    return c == CLASS_CHARGING || c == CLASS_CHARGING_FAST || c == CLASS_CHARGING_SLOW;
}

static bool is_told_in_rows(int c)
{
    return is_charging(c) || c == CLASS_ACCESSIBLE || c == CLASS_COURIER;
}

/* How many there are, and how many of them are free if that is known: a total is never shown as free. */
static void class_count(const struct page *p, const struct registry_lot *l, int c, bool brief)
{
    const struct place_count *n = &l->reading.classes[c];
    int32_t total = known(n->total, l->lot.class_total[c]);
    bool now = page_current(p, l) && n->free != COUNT_NONE;
    const char *comma = p->v->english ? ", " : "，";
    page_text(p, class_words[c][p->v->english]);
    buf_char(p->out, ' ');
    if (total != COUNT_NONE)
        page_form(p, "places", total);
    if (now || !brief || is_charging(c)) {
        buf_str(p->out, total != COUNT_NONE ? comma : "");
        if (now)
            page_form(p, "places_free", n->free);
        else
            page_text(p, page_word(p, "places_unknown"));
    }
    if (c == CLASS_COURIER && l->lot.courier_minutes > 0) {
        buf_str(p->out, comma);
        page_form(p, "courier_minutes", l->lot.courier_minutes);
    }
}

static void classes(const struct page *p, const struct registry_lot *l, bool few, const char *open,
                    const char *close)
{
    for (int c = 0; c < PLACE_CLASS_N; c++) {
        int32_t total = known(l->reading.classes[c].total, l->lot.class_total[c]);
        if ((total <= 0 && l->reading.classes[c].free == COUNT_NONE) || (few && !is_told_in_rows(c)))
            continue;
        buf_str(p->out, open);
        class_count(p, l, c, few);
        buf_str(p->out, close);
    }
}

void page_classes(const struct page *p, const struct registry_lot *l, const char *open, const char *close)
{
    classes(p, l, false, open, close);
}

static void chip(const struct page *p, const char *text)
{
    buf_str(p->out, CHIP_OPEN);
    page_text(p, text);
    buf_str(p->out, CHIP_CLOSE);
}

static void row_chips(const struct page *p, const struct registry_lot *l)
{
    const struct lot *lot = &l->lot;
    struct opening_state now = opening_at(&lot->hours, p->v->now_ms);
    buf_str(p->out, "<ul class=\"chips\">");
    if (lot->hours.known && !now.entry)
        chip(p, page_word(p, now.open ? "no_entry_now" : "closed_now"));
    if (lot->free_minutes > 0) {
        buf_str(p->out, CHIP_OPEN);
        page_form(p, "free_minutes", lot->free_minutes);
        buf_str(p->out, CHIP_CLOSE);
    }
    if (lot->fee_text[0])
        chip(p, lot->fee_text);
    if (lot->height_m > 0)
        buf_printf(p->out, CHIP_OPEN "%s %.2g m" CHIP_CLOSE, page_word(p, "height"), lot->height_m);
    classes(p, l, true, CHIP_OPEN, CHIP_CLOSE);
    buf_str(p->out, "</ul>");
}

static void row_go(const struct page *p, const struct lot *lot)
{
    struct buf link;
    if (!p->v->navigators || !p->v->navigators->n)
        return;
    buf_init(&link, 2048);
    int err = navigator_link(p->v->navigators->v[0], lot, &link);
    if (err == ERR_NOMEM)
        p->out->err = err;
    if (err == 0) {
        buf_str(p->out, "<p class=\"go\"><a target=\"_blank\" rel=\"noreferrer\" href=\"");
        page_view_text(p, buf_get(&link));
        buf_str(p->out, "\">");
        page_text(p, page_word(p, "go"));
        buf_str(p->out, "<span class=\"unseen\"> ");
        page_place_name(p, lot);
        buf_str(p->out, "</span></a></p>");
    }
    buf_fini(&link);
}

/* --- rows --- */

void page_head(const struct page *p, const struct registry_lot *l)
{
    const char *kind = page_band(p, l);
    row_free(p, l);
    row_band(p, kind);
    row_trend(p, l, kind);
    row_age(p, l->reading.observed_ms);
}

void page_row(const struct page *p, const struct registry_lot *l, bool brief)
{
    buf_printf(p->out, "<li class=\"lot %s\"", tone(page_band(p, l)));
    page_data(p, l);
    buf_char(p->out, '>');
    row_name(p, &l->lot, !brief);
    row_where(p, &l->lot);
    page_head(p, l);
    if (!brief) {
        row_chips(p, l);
        row_go(p, &l->lot);
    }
    buf_str(p->out, "</li>\n");
}

void page_put_rows(const struct page *p)
{
    for (size_t i = 0; i < p->s->n; i++)
        page_row(p, p->s->v[i].lot, false);
}

void page_put_board(const struct page *p)
{
    for (size_t i = 0; i < p->s->n; i++)
        page_row(p, p->s->v[i].lot, true);
}

/* --- a lot's own page --- */

void page_put_lot(const struct page *p)
{
    const struct registry_lot *l = p->s->v[0].lot;
    buf_printf(p->out, "<section class=\"lot %s\" id=\"lot\"", tone(page_band(p, l)));
    page_data(p, l);
    buf_char(p->out, '>');
    page_head(p, l);
    buf_str(p->out, "</section>");
}

void page_put_name(const struct page *p)
{
    page_place_name(p, &p->s->v[0].lot->lot);
}
