/* SPDX-License-Identifier: MIT
 * Masks for registrations.
 */
#include "api/registration.h"

#include "parkd/model/secrets.h"

int registration_refuse_masks(const struct json *doc, struct why *why)
{
    int i = 0;
    if (json_is(doc, JSON_STRING) && view_is(json_text(doc), SECRETS_MASK))
        return why_set(why, ERR_INVALID, "", "is a mask; give the secret itself");
    for (const struct json *v = json_first(doc); v; v = json_next(v), i++) {
        int err = registration_refuse_masks(v, why);
        if (!err)
            continue;
        if (json_is(doc, JSON_OBJECT))
            why_under(why, "/" VIEW_FMT, VIEW_ARG(json_key(v)));
        else
            why_under(why, "/%d", i);
        return err;
    }
    return 0;
}
