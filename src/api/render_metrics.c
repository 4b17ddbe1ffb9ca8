/* SPDX-License-Identifier: MIT
 * What the API itself tells Prometheus: the counters of the process, and its open connections.
 */
#include "api/render.h"
#include "parkd/base/counters.h"

int render_metrics(struct buf *out, int public_connections, int staff_connections, int stream_readers)
{
    counters_render(out);
    return buf_printf(out,
                      "# HELP parkd_http_connections Open connections by listener\n"
                      "# TYPE parkd_http_connections gauge\n"
                      "parkd_http_connections{listener=\"public\"} %d\n"
                      "parkd_http_connections{listener=\"staff\"} %d\n"
                      "# HELP parkd_stream_readers Readers of the live stream\n"
                      "# TYPE parkd_stream_readers gauge\n"
                      "parkd_stream_readers %d\n",
                      public_connections, staff_connections, stream_readers);
}
