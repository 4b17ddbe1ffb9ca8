/* SPDX-License-Identifier: MIT
 * CSV, forms and texts. The first line: 'f' is a form, 't' a text, else CSV with these two characters as
 * delimiter and quote, and with '-' behind them no heading; then a blank and a charset. The second and third
 * line are paths.
 */
#include "fuzz_doc.h"

static void choose(struct doc_spec *spec, struct view line)
{
    struct view how = view_cut(&line, ' ');
    if (view_copy(line, spec->charset, sizeof spec->charset))
        spec->charset[0] = '\0';
    spec->format = view_is(how, "f") ? DOC_FORM : view_is(how, "t") ? DOC_TEXT : DOC_CSV;
    spec->delimiter = how.n > 0 ? how.p[0] : '\0';
    spec->quote = how.n > 1 ? how.p[1] : '\0';
    spec->no_heading = how.n > 2 && how.p[2] == '-';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct doc_spec spec = {0};
    struct view body = {(const char *)data, size}, how = view_cut(&body, '\n'), items = view_cut(&body, '\n'),
                field = view_cut(&body, '\n');
    choose(&spec, how);
    fuzz_doc(&spec, (struct view){0}, body, items, field);
    return 0;
}
