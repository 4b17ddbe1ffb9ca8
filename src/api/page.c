/* SPDX-License-Identifier: MIT
 * Templates and words.
 */
#include "api/page.h"

#include <string.h>

#include "api/page_impl.h"
#include "parkd/base/iso8601.h"

#define BEIJING_MINUTES 480 /* east of UTC; the page says so */
#define TOKEN_MAX       32

/* Chinese comes first. "name_sub" in a template is the English beside the Chinese, and nothing on the English
 * page. */
static const struct word {
    const char *name, *zh, *en;
    bool told;
} words[] = {
#define WORD(name, zh, en, told) {name, zh, en, told},
#include "api/page_words.def"
#undef WORD
};

/* --- words --- */

static const struct word *word_of(struct view name)
{
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (view_is(name, words[i].name))
            return &words[i];
    }
    return NULL;
}

const char *page_word(const struct page *p, const char *name)
{
    const struct word *w = word_of(view_of(name));
    return !w ? "" : p->v->english ? w->en : w->zh;
}

void page_view_text(const struct page *p, struct view text)
{
    static const char bad[] = "&<>\"'";
    static const char *const good[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    if (!view_is_utf8(text)) /* registrations are checked; this is the last gate before a browser */
        return;
    for (size_t i = 0; i < text.n; i++) {
        const char *found = strchr(bad, text.p[i]);
        if (found)
            buf_str(p->out, good[found - bad]);
        else if ((unsigned char)text.p[i] >= ' ')
            buf_char(p->out, text.p[i]);
        else
            buf_char(p->out, ' ');
    }
}

void page_text(const struct page *p, const char *s)
{
    page_view_text(p, view_of(s));
}

/* A text with numbers in place of its "{}". */
static void fill(const struct page *p, const char *f, const int64_t *n, int count)
{
    for (int i = 0; i < count; i++) {
        const char *gap = strstr(f, "{}");
        if (!gap)
            break;
        page_view_text(p, (struct view){f, (size_t)(gap - f)});
        buf_int(p->out, n[i]);
        f = gap + 2;
    }
    page_text(p, f);
}

void page_form(const struct page *p, const char *name, int64_t n)
{
    fill(p, page_word(p, name), &n, 1);
}

void page_sub(const struct page *p, const char *name)
{
    const struct word *w = word_of(view_of(name));
    if (w && !p->v->english)
        page_text(p, w->en);
}

void page_href(const struct page *p, const char *path, const char *rest)
{
    const char *sep = "?";
    buf_str(p->out, path);
    page_text(p, rest);
    if (p->v->english) {
        buf_str(p->out, "?lang=en");
        sep = "&amp;";
    }
    if (p->v->large)
        buf_printf(p->out, "%slarge=1", sep);
}

/* --- tokens of every page --- */

static void put_count(const struct page *p)
{
    int64_t n[2] = {(int64_t)p->s->n, 0};
    for (size_t i = 0; i < p->s->n; i++) {
        const struct registry_lot *l = p->s->v[i].lot;
        n[1] += page_current(p, l) && (l->reading.free != COUNT_NONE || l->reading.band != BAND_UNKNOWN);
    }
    fill(p, page_word(p, "count"), n, 2);
}

static void put_clock(const struct page *p)
{
    char local[32];
    if (time_print(p->v->now_ms, "%H:%M:%S", BEIJING_MINUTES, local, sizeof local) == 0)
        page_text(p, local);
}

static void put_iso(const struct page *p)
{
    char iso[ISO8601_SIZE];
    page_text(p, iso8601_format(p->v->now_ms, iso));
}

static void put_district(const struct page *p)
{
    page_text(p, p->v->district ? p->v->district : "");
}

static void put_lang(const struct page *p)
{
    page_text(p, p->v->english ? "en" : "zh-CN");
}

static void put_other_lang(const struct page *p)
{
    page_text(p, p->v->english ? "zh-CN" : "en");
}

static void put_query(const struct page *p, bool english, bool large, bool embed)
{
    const char *sep = "?";
    if (english)
        buf_printf(p->out, "%slang=en", sep), sep = "&amp;";
    if (large)
        buf_printf(p->out, "%slarge=1", sep), sep = "&amp;";
    if (embed)
        buf_printf(p->out, "%sembed=1", sep);
}

/* The same page in the other language, in the other size. */
static void put_other_query(const struct page *p)
{
    put_query(p, !p->v->english, p->v->large, p->v->embed);
}

static void put_size_query(const struct page *p)
{
    put_query(p, p->v->english, !p->v->large, p->v->embed);
}

static void put_size(const struct page *p)
{
    page_text(p, page_word(p, p->v->large ? "normal" : "large"));
}

static void put_keep(const struct page *p)
{
    put_query(p, p->v->english, p->v->large, false);
}

static void put_title_sub(const struct page *p)
{
    if (!p->v->english)
        buf_str(p->out, "<small lang=\"en\">Parking now</small>");
}

static void put_assets(const struct page *p)
{
    page_text(p, p->v->assets ? p->v->assets : "");
}

static void put_look(const struct page *p)
{
    buf_str(p->out, p->v->large ? " data-large" : "");
    buf_str(p->out, p->v->embed ? " data-embed" : "");
}

static void data_words(const struct page *p, const char *name, const char *suffix, const char *text)
{
    buf_str(p->out, " data-");
    for (; *name; name++)
        buf_char(p->out, *name == '_' ? '-' : *name);
    buf_printf(p->out, "%s=\"", suffix);
    page_text(p, text);
    buf_char(p->out, '"');
}

/* What scripts are told: the words, and the server's clock. */
static void put_told(const struct page *p)
{
    buf_printf(p->out, " data-as-of=\"%lld\"", (long long)p->v->now_ms);
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const struct word *w = &words[i];
        if (!w->told)
            continue;
        data_words(p, w->name, "", p->v->english ? w->en : w->zh);
        if (w->name[1] && !p->v->english && !strstr(w->en, "{}"))
            data_words(p, w->name, "-sub", w->en);
    }
    const struct tiles *t = p->v->tiles;
    if (!t || !t->url[0])
        return;
    data_words(p, "tiles", "", t->url);
    data_words(p, "tiles_by", "", t->attribution);
    data_words(p, "tiles_datum", "", datum_name(t->datum));
    buf_printf(p->out, " data-tiles-zoom=\"%d\"", t->max_zoom);
}

static const struct {
    const char *name;
    void (*put)(const struct page *p);
} tokens[] = {
    {"assets", put_assets},
    {"as_of", put_clock},
    {"as_of_iso", put_iso},
    {"count", put_count},
    {"district", put_district},
    {"keep", put_keep},
    {"lang", put_lang},
    {"look", put_look},
    {"other_lang", put_other_lang},
    {"other_query", put_other_query},
    {"size", put_size},
    {"size_query", put_size_query},
    {"title_sub", put_title_sub},
    {"told", put_told},
    {"rows", page_put_rows},
    {"board_rows", page_put_board},
    {"lot", page_put_lot},
    {"name", page_put_name},
    {"where", page_put_where},
    {"lot_facts", page_put_facts},
    {"ways", page_put_go},
    {"lot_outlook", page_put_outlook},
    {"lot_day", page_put_day},
    {"drawn_map", page_put_map},
};

static void put_token(const struct page *p, struct view name)
{
    for (size_t i = 0; i < sizeof tokens / sizeof tokens[0]; i++) {
        if (view_is(name, tokens[i].name)) {
            tokens[i].put(p);
            return;
        }
    }
    const struct word *w = word_of(name);
    if (w)
        page_text(p, p->v->english ? w->en : w->zh);
}

int page_render(struct view html, const struct selection *s, const struct page_view *v, struct buf *out)
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

/* --- the manifest --- */

static void icon(struct json_writer *w, const char *src, const char *sizes, const char *type)
{
    jw_object(w, NULL);
    jw_str(w, "src", src);
    jw_str(w, "sizes", sizes);
    jw_str(w, "type", type);
    jw_str(w, "purpose", "any maskable");
    jw_end_object(w);
}

int page_manifest(const struct page_view *v, struct buf *out)
{
    struct json_writer w;
    struct buf name;
    struct page p = {v, NULL, out};
    buf_init(&name, 1024);
    buf_printf(&name, "%s %s", v->district ? v->district : "", page_word(&p, "title"));
    jw_init(&w, out);
    jw_object(&w, NULL);
    jw_view(&w, "name", view_trim(buf_get(&name)));
    jw_str(&w, "short_name", v->english ? "Parking" : page_word(&p, "title"));
    jw_str(&w, "description", page_word(&p, "about"));
    jw_str(&w, "lang", v->english ? "en" : "zh-CN");
    jw_str(&w, "start_url", v->english ? "/?lang=en" : "/");
    jw_str(&w, "scope", "/");
    jw_str(&w, "display", "standalone");
    jw_str(&w, "background_color", "#f4f6f8");
    jw_str(&w, "theme_color", "#0b57a4");
    jw_array(&w, "icons");
    icon(&w, "/icon-192.png", "192x192", "image/png");
    icon(&w, "/icon-512.png", "512x512", "image/png");
    icon(&w, "/icon.svg", "any", "image/svg+xml");
    jw_end_array(&w);
    jw_end_object(&w);
    buf_fini(&name);
    buf_char(out, '\n');
    return out->err;
}
