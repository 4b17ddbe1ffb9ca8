/* SPDX-License-Identifier: MIT
 * The residents' page: a template with {{tokens}}, words in two languages from one table, and the rows. The
 * same words go to the script by data attributes, so that they stand nowhere twice.
 */
#include <string.h>

#include "api/render.h"
#include "parkd/base/iso8601.h"

#define BEIJING_MINUTES 480 /* east of UTC; the page says so */
#define TOKEN_MAX       32

/* Chinese comes first. "name_sub" in the template is the English beside the Chinese, and nothing on the
 * English page. */
static const struct word {
    const char *name, *zh, *en;
} words[] = {
    {"title", "停车余位", "parking now"},
    {"about", "公共停车场实时余位", "Free places of public car parks, now"},
    {"skip", "跳到列表", "Skip to the list"},
    {"language", "语言", "Language"},
    {"other", "English", "中文"},
    {"as_of_label", "数据时间（北京时间）", "As of (Beijing time)"},
    {"offline", "网络中断，数据截至 {}", "Offline. Data from {}"},
    {"count_form", "{} 个停车场，{} 个有实时数据", "{} car parks, {} with current data"},
    {"last", "上次", "last"},
    {"full", "已满", "full"},
    {"few", "紧张", "few left"},
    {"some", "较少", "some left"},
    {"plenty", "充足", "plenty"},
    {"unknown", "数据未更新", "no current data"},
    {"never", "尚无数据", "no data yet"},
    {"closed", "关闭", "closed"},
    {"find", "找停车场", "Find a car park"},
    {"find_hint", "名称或地址", "name or address"},
    {"near", "离我近的在前", "Nearest first"},
    {"denied", "没有取得位置，列表按原来的顺序。", "No position was given; the list stays as it is."},
    {"nothing", "没有符合的停车场。", "No car park fits."},
    {"filling", "空位在减少", "filling"},
    {"emptying", "空位在增加", "emptying"},
    {"steady", "平稳", "steady"},
    {"s", "{} 秒前", "{} s ago"},
    {"min", "{} 分钟前", "{} min ago"},
    {"h", "{} 小时前", "{} h ago"},
    {"d", "{} 天前", "{} d ago"},
    {"none", "还没有登记停车场。", "No car parks are registered yet."},
    {"note", "数字为可用余位，过期即隐藏；以现场为准。",
     "Numbers are free places now; they vanish when too old. The signs on site prevail."},
};

struct page {
    const struct page_view *v;
    const struct selection *s;
    struct buf *out;
};

static const struct word *word_of(struct view name)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (view_is(name, words[i].name))
            return &words[i];
    }
    return NULL;
}

static const char *say(const struct page *p, const char *name)
{
    const struct word *w = word_of(view_of(name));
    return !w ? "" : p->v->english ? w->en : w->zh;
}

/* Text for HTML element or quoted attribute content. */
static void put_text(struct buf *out, struct view text)
{
    static const char bad[] = "&<>\"'";
    static const char *const good[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    if (!view_is_utf8(text)) /* registrations are checked; this is the last gate before a browser */
        return;
    for (size_t i = 0; i < text.n; i++) {
        const char *found = strchr(bad, text.p[i]);
        if (found)
            buf_str(out, good[found - bad]);
        else if ((unsigned char)text.p[i] >= ' ')
            buf_char(out, text.p[i]);
        else
            buf_char(out, ' ');
    }
}

static void text(const struct page *p, const char *s)
{
    put_text(p->out, view_of(s));
}

/* A form with a number in place of its "{}". */
static void form(const struct page *p, const char *f, int64_t n)
{
    const char *gap = strstr(f, "{}");
    put_text(p->out, (struct view){f, gap ? (size_t)(gap - f) : strlen(f)});
    buf_int(p->out, n);
    text(p, gap ? gap + 2 : "");
}

static bool current(const struct page *p, const struct registry_lot *l)
{
    return freshness_current(&l->reading, l->interval_ms, p->v->now_ms);
}

static const char *band_of_row(const struct page *p, const struct registry_lot *l)
{
    if (!l->reading.observed_ms)
        return "never";
    if (!current(p, l))
        return "unknown";
    return l->reading.status == STATUS_CLOSED ? "closed" : band_name(l->reading.band);
}

static void small(const struct page *p, const char *class, const char *english)
{
    buf_printf(p->out, "<small%s lang=\"en\">", class);
    text(p, english);
    buf_str(p->out, "</small>");
}

static void row_name(const struct page *p, const struct lot *lot)
{
    bool english = p->v->english && lot->name_en[0];
    buf_str(p->out, "<h2>");
    text(p, english ? lot->name_en : lot->name);
    if (!p->v->english && lot->name_en[0])
        small(p, "", lot->name_en);
    buf_str(p->out, "</h2><p class=\"where\">");
    text(p, lot->area);
    text(p, lot->area[0] && lot->address[0] ? " · " : "");
    text(p, lot->address);
    buf_str(p->out, "</p>");
}

static int32_t known(int32_t first, int32_t second)
{
    return first != COUNT_NONE ? first : second;
}

/* What the free number is out of: the places open to the public, else all. */
static int32_t base_of(const struct registry_lot *l)
{
    return known(known(l->reading.open, l->lot.open), known(l->reading.total, l->lot.total));
}

static void row_free(const struct page *p, const struct registry_lot *l)
{
    const struct reading *r = &l->reading;
    /* Free places behind a closed gate help nobody. */
    bool now = current(p, l) && r->free != COUNT_NONE && r->status != STATUS_CLOSED;
    int32_t last = r->expired ? r->last_free : r->free;
    buf_str(p->out, "<p class=\"free\"><b>");
    if (now)
        buf_int(p->out, r->free);
    else
        buf_str(p->out, "–");
    buf_str(p->out, "</b>");
    if (base_of(l) != COUNT_NONE)
        buf_printf(p->out, "<span> / %d</span>", base_of(l));
    if (!current(p, l) && last != COUNT_NONE) {
        buf_str(p->out, "<s>");
        text(p, say(p, "last"));
        buf_printf(p->out, " %d</s>", last);
    }
    buf_str(p->out, "</p>");
}

/* Arrow and word; the same as list.js shows. */
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
        text(p, say(p, shown[t].word));
    }
    buf_str(p->out, "</p>");
}

static void row_band(const struct page *p, const char *kind)
{
    const struct word *w = word_of(view_of(kind));
    buf_str(p->out,
            "<p class=\"band\"><span class=\"shape\" aria-hidden=\"true\"></span><span class=\"word\">");
    text(p, say(p, kind));
    buf_str(p->out, "</span> ");
    small(p, " class=\"sub\"", w && !p->v->english ? w->en : "");
    buf_str(p->out, "</p>");
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
        form(p, say(p, "s"), s);
    else if (s < 3600)
        form(p, say(p, "min"), s / 60);
    else if (s < 172800)
        form(p, say(p, "h"), s / 3600);
    else
        form(p, say(p, "d"), s / 86400);
    buf_str(p->out, "</time></p>");
}

static void data_ms(const struct page *p, const char *name, int64_t ms)
{
    buf_printf(p->out, " data-%s=\"", name);
    if (ms)
        buf_int(p->out, ms);
    buf_char(p->out, '"');
}

static void row(const struct page *p, const struct registry_lot *l)
{
    const char *kind = band_of_row(p, l);
    buf_printf(p->out, "<li class=\"lot %s\" data-id=\"%s\"", strcmp(kind, "never") ? kind : "unknown",
               l->lot.id);
    data_ms(p, "observed", l->reading.observed_ms);
    data_ms(p, "until", current(p, l) ? freshness_valid_until(&l->reading, l->interval_ms) : 0);
    if (base_of(l) != COUNT_NONE)
        buf_printf(p->out, " data-total=\"%d\"", base_of(l));
    buf_char(p->out, '>');
    row_name(p, &l->lot);
    row_free(p, l);
    row_band(p, kind);
    row_trend(p, l, kind);
    row_age(p, l->reading.observed_ms);
    buf_str(p->out, "</li>\n");
}

static void put_rows(const struct page *p)
{
    for (size_t i = 0; i < p->s->n; i++)
        row(p, p->s->v[i].lot);
}

static void put_count(const struct page *p)
{
    const char *f = say(p, "count_form"), *first = strstr(f, "{}"), *rest = first ? first + 2 : f;
    int64_t n = 0;
    for (size_t i = 0; i < p->s->n; i++) {
        const struct registry_lot *l = p->s->v[i].lot;
        n += current(p, l) && (l->reading.free != COUNT_NONE || l->reading.band != BAND_UNKNOWN);
    }
    put_text(p->out, (struct view){f, (size_t)((first ? first : rest) - f)});
    buf_int(p->out, (int64_t)p->s->n);
    form(p, rest, n);
}

static void put_as_of(const struct page *p)
{
    char local[32];
    if (time_print(p->v->now_ms, "%H:%M:%S", BEIJING_MINUTES, local, sizeof local) == 0)
        text(p, local);
}

static void put_iso(const struct page *p)
{
    char iso[ISO8601_SIZE];
    text(p, iso8601_format(p->v->now_ms, iso));
}

static void put_ms(const struct page *p)
{
    buf_int(p->out, p->v->now_ms);
}

static void put_district(const struct page *p)
{
    text(p, p->v->district ? p->v->district : "");
}

static void put_lang(const struct page *p)
{
    text(p, p->v->english ? "en" : "zh-CN");
}

static void put_other_lang(const struct page *p)
{
    text(p, p->v->english ? "zh-CN" : "en");
}

static void put_other_href(const struct page *p)
{
    text(p, p->v->english ? "/" : "/?lang=en");
}

static void put_title_sub(const struct page *p)
{
    if (!p->v->english)
        small(p, "", "Parking now");
}

static const struct {
    const char *name;
    void (*put)(const struct page *p);
} tokens[] = {
    {"rows", put_rows},           {"count", put_count},           {"as_of", put_as_of},
    {"as_of_iso", put_iso},       {"as_of_ms", put_ms},           {"district", put_district},
    {"lang", put_lang},           {"other_lang", put_other_lang}, {"other_href", put_other_href},
    {"title_sub", put_title_sub},
};

static void put_token(const struct page *p, struct view name)
{
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        if (view_is(name, tokens[i].name)) {
            tokens[i].put(p);
            return;
        }
    }
    bool sub = name.n > 4 && memcmp(name.p + name.n - 4, "_sub", 4) == 0;
    const struct word *w = word_of((struct view){name.p, name.n - (sub ? 4 : 0)});
    if (w && sub)
        text(p, p->v->english ? "" : w->en);
    else if (w)
        text(p, p->v->english ? w->en : w->zh);
}

int render_page(struct view html, const struct selection *s, const struct page_view *v, struct buf *out)
{
    struct page p = {v, s, out};
    while (html.n) {
        const char *open = memmem(html.p, html.n, "{{", 2);
        const char *close = open ? memmem(open, html.n - (size_t)(open - html.p), "}}", 2) : NULL;
        if (!close || close - open > TOKEN_MAX)
            break;
        buf_put(out, html.p, (size_t)(open - html.p));
        put_token(&p, (struct view){open + 2, (size_t)(close - open - 2)});
        html.n -= (size_t)(close + 2 - html.p);
        html.p = close + 2;
    }
    return buf_view(out, html);
}
