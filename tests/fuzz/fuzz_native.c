/* SPDX-License-Identifier: MIT
 * `native`: a push as it stands.
 */
#include "fuzz_dialect.h"

#include "parkd/dialect/native.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct report_list list;
    struct why why = {0};
    char *copy = fuzz_copy((struct view){(const char *)data, size});
    report_list_init(&list);
    int err = native_decode((struct view){copy, size}, &list, &why);
    if (err)
        fuzz_explained(err, &why);
    HOLDS(!err || list.n == 0);
    fuzz_reports(&list);
    report_list_fini(&list);
    free(copy);
    return 0;
}
