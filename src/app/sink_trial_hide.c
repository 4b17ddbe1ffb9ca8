/* SPDX-License-Identifier: MIT
 * Shortens secrets: what the registration calls one (secret, bearer, the dialect's parameters of that type),
 * as it stands and as URLs and JSON write it, and whatever an Authorization header carries.
 */
#include <ctype.h>
#include <string.h>

#include "app/sink_trial_impl.h"

#define SHOWN    4 /* of its characters */
#define LEAST    4 /* shorter texts are no secrets, and would be found everywhere */
#define FORM_MAX (8 * 1024)

static void put_short(struct buf *out, struct view secret)
{
    buf_view(out, (struct view){secret.p, secret.n > 3 * SHOWN ? SHOWN : 0});
    buf_printf(out, "…(%zu)", secret.n);
}

/* Its forms: plain, in a URL or form, in a JSON text. */
static void put_form(int form, struct view secret, struct buf *out)
{
    if (form == 0)
        buf_view(out, secret);
    for (size_t i = 0; form == 1 && i < secret.n; i++) {
        unsigned char c = (unsigned char)secret.p[i];
        if (isalnum(c) || strchr("-._~", c))
            buf_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
    if (form == 2)
        jw_quote(out, secret);
}

static void replace(struct view what, struct view secret, struct buf *text, bool *found)
{
    struct buf out;
    size_t at = 0;
    const char *hit;
    if (what.n < LEAST || !text->n)
        return;
    buf_init(&out, text->max);
    while ((hit = memmem(text->p + at, text->n - at, what.p, what.n))) {
        buf_put(&out, text->p + at, (size_t)(hit - text->p) - at);
        put_short(&out, secret);
        at = (size_t)(hit - text->p) + what.n;
        *found = true;
    }
    if (at) {
        buf_put(&out, text->p + at, text->n - at);
        buf_clear(text);
        (void)buf_view(text, buf_get(&out));
    }
    buf_fini(&out);
}

static void hide_one(struct view secret, struct buf *text, bool *found)
{
    for (int form = 0; form < 3 && secret.n >= LEAST; form++) {
        struct buf written;
        buf_init(&written, FORM_MAX);
        put_form(form, secret, &written);
        struct view v = buf_get(&written);
        if (form == 2 && v.n > 2) /* without its quotes */
            v = (struct view){v.p + 1, v.n - 2};
        replace(v, secret, text, found);
        buf_fini(&written);
    }
}

/* The texts below a secret parameter. */
static void hide_values(const struct json *j, struct buf *text, bool *found)
{
    hide_one(json_text(j), text, found);
    for (const struct json *m = json_first(j); m; m = json_next(m))
        hide_values(m, text, found);
}

static void hide_params(const struct sink_trial *t, struct buf *text, bool *found)
{
    struct json *params = NULL, *declared = NULL;
    if (!t->dialect || json_parse(view_of(t->sink.params), &params, NULL))
        return;
    if (json_parse(dialect_params(t->dialect), &declared, NULL))
        declared = NULL;
    for (const struct json *d = json_first(declared); d; d = json_next(d)) {
        char name[64];
        if (view_starts(json_text(d), "secret") && view_copy(json_key(d), name, sizeof name) == 0)
            hide_values(json_get(params, name), text, found);
    }
    json_free(declared);
    json_free(params);
}

bool sink_trial_hide(const struct sink_trial *t, struct view in, struct buf *out)
{
    bool found = false;
    buf_clear(out);
    (void)buf_view(out, in);
    if (t->show_secrets)
        return false;
    hide_one(view_of(t->sink.secret), out, &found);
    hide_one(view_of(t->sink.bearer), out, &found);
    hide_params(t, out, &found);
    return found;
}

bool sink_trial_hide_header(const struct sink_trial *t, const struct dialect_header *h, struct buf *out)
{
    struct view value = view_of(h->value), scheme = value;
    struct view name = view_of(h->name);
    if (t->show_secrets || !(view_ieq(name, "Authorization") || view_ieq(name, "Proxy-Authorization")))
        return sink_trial_hide(t, value, out);
    buf_clear(out);
    scheme = view_cut(&value, ' ');
    if (!value.p) /* no scheme before it */
        value = scheme;
    else
        buf_printf(out, VIEW_FMT " ", VIEW_ARG(scheme));
    put_short(out, value);
    return true;
}
