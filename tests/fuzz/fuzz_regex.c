/* SPDX-License-Identifier: MIT
 * Patterns and subjects from outside: the first line is a pattern, the second a replacement, the rest the
 * subject. Every match lies within the subject.
 */
#include "fuzz.h"

#include "parkd/base/regex.h"

static void use(const struct regex *r, struct view with, struct view subject)
{
    struct view found;
    struct buf out;
    for (int i = 0; i <= regex_groups(r); i++) {
        if (regex_find(r, subject, i, &found) == 0 && found.p)
            HOLDS(found.p >= subject.p && found.p + found.n <= subject.p + subject.n);
    }
    buf_init(&out, 1 << 20);
    (void)!regex_replace(r, subject, with, &out);
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view subject = {(const char *)data, size}, pattern = view_cut(&subject, '\n'),
                with = view_cut(&subject, '\n');
    struct regex *r = NULL;
    struct why why = {0};
    char *copy = fuzz_copy(subject);
    subject.p = copy;
    int err = regex_compile(pattern, &r, &why);
    if (err)
        fuzz_explained(err, &why);
    else
        use(r, with, subject);
    regex_free(r);
    free(copy);
    return 0;
}
