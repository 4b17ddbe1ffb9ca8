/* SPDX-License-Identifier: MIT
 * Verdicts in words: what parkd would do now, and what a person can do about it.
 */
#include "app/sink_trial_impl.h"

#define RETRIES                                                                                              \
    "parkd would send it again after 1 s, doubling up to 60 s, and after five failures in a row after 30 s " \
    "× n"

static const char *of_network(int err)
{
    switch (err) {
    case ERR_DNS:
        return "the name is not known here: look at the url, or at this machine's resolver. " RETRIES;
    case ERR_TLS:
        return "the certificate or the handshake was refused: give the platform's CA as tls.ca_file, and a "
               "client "
               "certificate where it wants one. " RETRIES;
    case ERR_TIMEOUT:
        return "nobody answered in time: look at the way there (firewall, VPN), then at timeout_ms. " RETRIES;
    case ERR_ADDRESS:
        return "the address is not allowed here";
    default:
        return "nobody answered: look at the url's host and port, and at the way there. " RETRIES;
    }
}

static const char *of_pause(int status)
{
    switch (status) {
    case 401:
    case 403:
        return "parkd would stop this sink and wait for a person (one probe in five minutes): mend the key, "
               "or have this "
               "machine's address let in, then parkctl sinks resume";
    case 404:
    case 410:
        return "parkd would stop this sink and wait for a person (one probe in five minutes): the path is "
               "not there, "
               "look at the url and at what the dialect appends to it, then parkctl sinks resume";
    default:
        return "parkd would stop this sink and wait for a person (one probe in five minutes): the platform's "
               "words say "
               "whether it is a key, an account or a lot's code; then parkctl sinks resume";
    }
}

const char *sink_trial_next(const struct sink_trial_call *c)
{
    if (c->err)
        return of_network(c->err);
    switch (c->verdict) {
    case VERDICT_PAUSE:
        return of_pause(c->status);
    case VERDICT_REJECT:
        return "parkd would put this lot into quarantine, go on with the others, and try it again alone "
               "after 10 "
               "minutes, doubling up to 6 h: compare the body with what the platform expects, and the lot's "
               "code";
    case VERDICT_RETRY:
        return c->status == 429
                   ? "the platform wants fewer requests: raise min_interval_ms or refresh_s. " RETRIES
               : c->status >= 500 ? "the platform failed by itself. " RETRIES
                                  : RETRIES ": the platform's words and code above say what it missed";
    case VERDICT_OK:
        break;
    }
    return c->req.part == DIALECT_ASK ? "" : "taken";
}

enum sink_trial_same sink_trial_compare(int32_t here, int32_t there)
{
    if (here == COUNT_NONE || there == COUNT_NONE)
        return SAME_UNKNOWN;
    return here == there ? SAME_YES : SAME_NO;
}

static int32_t known(int32_t a, int32_t otherwise)
{
    return a >= 0 ? a : otherwise;
}

void sink_trial_fields(const struct sink_trial *t, struct sink_trial_counts out[3])
{
    bool there = t->known;
    out[0] = (struct sink_trial_counts){"free", t->reading.free, there ? t->there.free : COUNT_NONE};
    out[1] = (struct sink_trial_counts){"open", known(t->reading.open, t->lot.open),
                                        there ? t->there.open : COUNT_NONE};
    out[2] = (struct sink_trial_counts){"total", known(t->reading.total, t->lot.total),
                                        there ? t->there.total : COUNT_NONE};
}
