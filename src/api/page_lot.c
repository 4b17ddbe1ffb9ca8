/* SPDX-License-Identifier: MIT
 * A lot's own page: what is registered of it, the ways to it, what to expect, and its day.
 */
#include <math.h>
#include <string.h>

#include "api/page_impl.h"
#include "parkd/base/iso8601.h"

#define BEIJING_MINUTES 480

/* --- what is registered --- */

static void fact_open(const struct page *p, const char *word)
{
    buf_str(p->out, "<div><dt>");
    page_text(p, page_word(p, word));
    buf_str(p->out, "</dt><dd>");
}

static void fact_close(const struct page *p)
{
    buf_str(p->out, "</dd></div>\n");
}

static void fact(const struct page *p, const char *word, const char *text)
{
    if (!text[0])
        return;
    fact_open(p, word);
    page_text(p, text);
    fact_close(p);
}

static void fact_phone(const struct page *p, const char *phone)
{
    if (!phone[0])
        return;
    fact_open(p, "phone");
    buf_str(p->out, "<a href=\"tel:");
    for (const char *c = phone; *c; c++)
        if (strchr("+0123456789", *c))
            buf_char(p->out, *c);
    buf_str(p->out, "\">");
    page_text(p, phone);
    buf_str(p->out, "</a>");
    fact_close(p);
}

static void fact_fees(const struct page *p, const struct lot *lot)
{
    if (!lot->fee_text[0] && lot->free_minutes <= 0)
        return;
    fact_open(p, "fees");
    page_text(p, lot->fee_text);
    buf_str(p->out, lot->fee_text[0] && lot->free_minutes > 0 ? " · " : "");
    if (lot->free_minutes > 0)
        page_form(p, "free_minutes", lot->free_minutes);
    fact_close(p);
}

/* "Open until 22:00", by the hours; the lot's own text beside. */
static void fact_hours(const struct page *p, const struct lot *lot)
{
    char local[32];
    struct opening_state now = opening_at(&lot->hours, p->v->now_ms);
    int64_t next = lot->hours.known ? opening_next(&lot->hours, p->v->now_ms) : 0;
    if (!lot->hours_text[0] && !lot->hours.known)
        return;
    fact_open(p, "hours");
    page_text(p, lot->hours_text);
    if (lot->hours.known) {
        buf_str(p->out, lot->hours_text[0] ? " · " : "");
        page_text(p, page_word(p, now.entry ? "open_now" : now.open ? "no_entry_now" : "closed_now"));
    }
    if (next && time_print(next, next - p->v->now_ms < DAY_MS ? "%H:%M" : "%m-%d %H:%M", BEIJING_MINUTES,
                           local, sizeof local) == 0) {
        buf_printf(p->out, " %s ", page_word(p, "until"));
        page_text(p, local);
    }
    fact_close(p);
}

void page_put_facts(const struct page *p)
{
    const struct registry_lot *l = p->s->v[0].lot;
    const struct lot *lot = &l->lot;
    fact(p, "address", lot->address);
    fact(p, "area", lot->area);
    fact(p, "entrance", lot->entrance_name);
    fact_phone(p, lot->phone);
    fact_fees(p, lot);
    fact_hours(p, lot);
    if (lot->height_m > 0) {
        fact_open(p, "height");
        buf_printf(p->out, "%.2g m", lot->height_m);
        fact_close(p);
    }
    fact_open(p, "total");
    if (page_base(l) != COUNT_NONE)
        page_form(p, "places", page_base(l));
    else
        page_text(p, page_word(p, "places_unknown"));
    page_classes(p, l, "<br>", "");
    fact_close(p);
}

void page_put_where(const struct page *p)
{
    const struct lot *lot = &p->s->v[0].lot->lot;
    page_text(p, p->v->english ? "" : lot->name_en);
}

void page_put_go(const struct page *p)
{
    static const char *const names[] = {"go_amap", "go_baidu", "go_apple", "go_geo"};
    const struct navigators *n = p->v->navigators;
    for (int i = 0; n && i < n->n; i++) {
        struct buf link;
        buf_init(&link, 2048);
        int err = navigator_link(n->v[i], &p->s->v[0].lot->lot, &link);
        if (err == ERR_NOMEM)
            p->out->err = err;
        if (err == 0) {
            buf_printf(p->out, "<a class=\"button%s\" target=\"_blank\" rel=\"noreferrer\" href=\"",
                       i ? "" : " first");
            page_view_text(p, buf_get(&link));
            buf_str(p->out, "\">");
            page_text(p, page_word(p, names[n->v[i]]));
            buf_str(p->out, "</a>\n");
        }
        buf_fini(&link);
    }
}

/* --- what to expect --- */

static void outlook_row(const struct page *p, int minutes, const struct forecast *f)
{
    buf_str(p->out, "<tr><th scope=\"row\">");
    page_form(p, "outlook_in", minutes);
    buf_printf(p->out,
               "</th><td class=\"number\">%d</td><td class=\"number\">%d–%d</td><td class=\"number\">%d %%"
               "<meter min=\"0\" max=\"100\" value=\"%d\"></meter></td></tr>\n",
               (int)f->expected, (int)f->low, (int)f->high, (int)(f->chance * 100 + 0.5),
               (int)(f->chance * 100 + 0.5));
}

static void outlook_head(const struct page *p)
{
    static const char *const words[] = {"outlook_expected", "outlook_range", "outlook_chance"};
    buf_str(p->out, "<table><thead><tr><td></td>");
    for (int i = 0; i < 3; i++) {
        buf_str(p->out, "<th scope=\"col\">");
        page_text(p, page_word(p, words[i]));
        buf_str(p->out, "</th>");
    }
    buf_str(p->out, "</tr></thead><tbody>\n");
}

void page_put_outlook(const struct page *p)
{
    static const int minutes[] = {15, 30, 60, 120};
    const struct lot_outlook *o = &p->v->outlook;
    const struct registry_lot *l = p->s->v[0].lot;
    struct forecast f[4];
    for (int i = 0; i < 4; i++) {
        if (o->arrival && o->arrival(o->ctx, l->idx, minutes[i], &f[i]))
            continue;
        buf_str(p->out, "<p>");
        page_text(p, page_word(p, "outlook_none"));
        buf_str(p->out, "</p>");
        return;
    }
    outlook_head(p);
    for (int i = 0; i < 4; i++)
        outlook_row(p, minutes[i], &f[i]);
    buf_str(p->out, "</tbody></table><p class=\"soft\">");
    page_form(p, "outlook_note", (int64_t)(f[2].error + 0.5));
    buf_str(p->out, "</p>");
}
