/* SPDX-License-Identifier: MIT
 * Who says that a push is theirs: lines Authorization, webhook-id, webhook-timestamp, webhook-signature, the
 * secret in the address, the peer; the rest is the body. Nothing passes but what fits one of the feed's keys.
 */
#include "fuzz.h"

#include "api/auth.h"
#include "parkd/base/json.h"
#include "parkd/base/webhook.h"
#include "parkd/model/feed.h"

#define SECRET "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
#define KEY    "a-long-bearer-key"
/* sha256 of KEY */
#define FEED                                                                                          \
    "{\"id\":\"f\",\"dialect\":\"native\",\"mode\":\"push\",\"auth\":{\"webhook_secrets\":[\"" SECRET \
    "\"],\"bearer_sha256\":[\"0000000000000000000000000000000000000000000000000000000000000000\"],"   \
    "\"addresses\":["                                                                                 \
    "\"192.0.2.0/24\"]}}"
#define NOW 1700000000

static struct feed feed;

static void make_feed(void)
{
    struct json *j = NULL;
    struct why why = {0};
    HOLDS(json_parse(VIEW(FEED), &j, &why) == 0);
    int err = feed_parse(j, &feed, &why);
    if (err)
        (void)fprintf(stderr, "%s: %s\n", why.at, why.text);
    HOLDS(err == 0);
    json_free(j);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view rest = {(const char *)data, size};
    struct why why = {0};
    if (!feed.id[0])
        make_feed();
    char *copy = fuzz_copy(rest);
    rest.p = copy;
    struct auth_request r = {.now_s = NOW, .window_s = 300, .private = true};
    r.authorization = view_cut(&rest, '\n');
    r.webhook_id = view_cut(&rest, '\n');
    r.webhook_timestamp = view_cut(&rest, '\n');
    r.webhook_signature = view_cut(&rest, '\n');
    r.url_secret = view_cut(&rest, '\n');
    r.peer = view_cut(&rest, '\n');
    r.body = rest;
    int err = auth_check(&feed, &r, &why);
    HOLDS(err == 0 || err == ERR_AUTH);
    if (err)
        fuzz_explained(err, &why);
    if (!err && !view_starts(r.peer, "192.0.2.")) {
        /* Only a signature is left that can be right: it must be one of ours, and of now. */
        char sig[WEBHOOK_SIG_SIZE];
        int64_t at = 0;
        HOLDS(view_to_int(r.webhook_timestamp, 0, INT64_MAX, &at) == 0 && at >= NOW - 300 && at <= NOW + 300);
        const struct webhook_message m = {r.webhook_id, at, r.body};
        HOLDS(webhook_sign(VIEW(SECRET), &m, sig) == 0);
        HOLDS(memmem(r.webhook_signature.p, r.webhook_signature.n, sig, strlen(sig)) != NULL);
    }
    free(copy);
    return 0;
}
