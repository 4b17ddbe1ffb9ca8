/* SPDX-License-Identifier: MIT
 * The health window (see the header).
 */
#include "feed/health.h"

static int goods(uint64_t bits)
{
    int n = 0;
    for (int i = 0; i < HEALTH_WINDOW; i++)
        n += (int)(bits >> i & 1);
    return n;
}

bool health_note(struct health *h, bool good)
{
    bool first = !h->known, before = h->up;
    h->bits = first ? (good ? UINT64_MAX : 0) : h->bits << 1 | (good ? 1 : 0);
    h->known = true;
    h->up = goods(h->bits) >= HEALTH_THRESHOLD;
    return first || h->up != before;
}
