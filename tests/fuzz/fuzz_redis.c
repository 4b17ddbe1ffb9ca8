/* SPDX-License-Identifier: MIT
 * What a Redis answers, byte by byte through hiredis' own reader as libhiredis feeds it, then through the
 * functions by which the store looks at a reply. Whatever stands there, they say something harmless.
 */
#include "fuzz.h"

#include <hiredis/hiredis.h>

#include "parkd/model/reading.h"
#include "store/redis_error.h"
#include "store/redis_reply.h"

#define DEEPEST 9

static void look(const struct reply *r, int depth)
{
    struct reading reading;
    HOLDS(depth <= DEEPEST + 1);
    struct view text = reply_text(r);
    HOLDS(!text.n || text.p);
    (void)reply_int(r);
    (void)reply_nil(r);
    (void)redis_error_of(text);
    if (reading_decode(text, &reading) == 0)
        HOLDS(reading.free >= COUNT_NONE && reading.free <= COUNT_MAX);
    size_t n = reply_n(r);
    HOLDS(reply_at(r, n) == NULL);
    for (size_t i = 0; i < n; i++)
        look(reply_at(r, i), depth + 1);
}

/* hiredis makes room for as many elements as an array's head announces, billions too: our own Redis is
 * trusted that far. */
static bool is_huge(const uint8_t *data, size_t size)
{
    size_t digits = 0;
    bool counting = false;
    for (size_t i = 0; i < size && digits < 6; i++) {
        counting = strchr("*%~>", data[i]) && data[i] ? true : counting && data[i] >= '0' && data[i] <= '9';
        digits = counting && data[i] >= '0' && data[i] <= '9' ? digits + 1 : 0;
    }
    return digits >= 6;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (is_huge(data, size))
        return 0;
    redisReader *reader = redisReaderCreate();
    HOLDS(reader != NULL);
    size_t step = size ? data[0] % 64 + 1u : 1;
    for (size_t at = 1; at < size; at += step) {
        void *reply = NULL;
        if (redisReaderFeed(reader, (const char *)data + at, at + step < size ? step : size - at) != REDIS_OK)
            break;
        while (redisReaderGetReply(reader, &reply) == REDIS_OK && reply) {
            look(reply, 0);
            freeReplyObject(reply);
            reply = NULL;
        }
        if (reader->err)
            break;
    }
    redisReaderFree(reader);
    return 0;
}
