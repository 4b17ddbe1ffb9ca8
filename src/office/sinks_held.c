/* SPDX-License-Identifier: MIT
 * What platforms refused: staff sees it, has it tried again at once, or lets it go.
 */
#include "office/office_impl.h"

static void write_hold(void *ctx, const struct office_hold *h)
{
    struct json_writer *w = ctx;
    jw_object(w, NULL);
    jw_str(w, "lot", h->lot);
    jw_str(w, "what", h->what);
    jw_str(w, "code", h->code);
    jw_int(w, "tries", h->tries);
    jw_time(w, "retry_at", h->retry_ms);
    jw_end_object(w);
}

static void refuse(struct call *c, int err)
{
    call_fail(c, err, "",
              err == ERR_NOT_FOUND
                  ? "the platform refused nothing of this car park, or there is no such platform"
              : err == ERR_STATE ? "another parkd tells this platform; ask there"
              : err == ERR_BUSY  ? "it is being tried at this moment; look again"
                                 : err_text(err));
}

void office_sink_held_list(struct call *c)
{
    struct json_writer w;
    struct buf b;
    buf_init(&b, ANSWER_MAX);
    jw_init(&w, &b);
    jw_object(&w, NULL);
    jw_array(&w, "held");
    int err = c->o->port.each_held(c->o->port.ctx, c->r.args[0], write_hold, &w);
    jw_end_array(&w);
    jw_end_object(&w);
    if (!err) {
        call_json(c, 200, &b);
        return;
    }
    buf_fini(&b);
    refuse(c, err);
}

static void decide(struct call *c, int (*how)(void *ctx, struct view sink, struct view lot))
{
    int err = how(c->o->port.ctx, c->r.args[0], c->r.args[1]);
    if (err)
        refuse(c, err);
    else
        call_empty(c, 204);
}

void office_sink_held_retry(struct call *c)
{
    decide(c, c->o->port.held_retry);
}

void office_sink_held_discard(struct call *c)
{
    decide(c, c->o->port.held_discard);
}
