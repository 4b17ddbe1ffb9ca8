/* SPDX-License-Identifier: MIT
 * XML and HTML. The first line is a Content-Type, whose first letter chooses ('h': HTML), the second and
 * third are XPaths, the rest is the message.
 */
#include "fuzz_doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct doc_spec spec = {.format = DOC_XML, .ns = {{"gml", "urn:gml"}}, .n_ns = 1};
    struct view body = {(const char *)data, size}, type = view_cut(&body, '\n'),
                items = view_cut(&body, '\n'), field = view_cut(&body, '\n');
    if (type.n > 0 && type.p[0] == 'h')
        spec.format = DOC_HTML;
    fuzz_doc(&spec, type, body, items, field);
    return 0;
}
