/* SPDX-License-Identifier: MIT
 * Forecasts of all lots, kept up with what is heard. Private to src/api.
 *
 * A lot's past is read from the store once, one lot after the other and in small pieces, so that nobody waits
 * for it; from then on its count is taken every quarter of an hour. At most FORECASTS_MAX lots are kept.
 */
#ifndef PARKD_SRC_API_FORECASTS_H
#define PARKD_SRC_API_FORECASTS_H

#include "api/internal.h"
#include "parkd/model/forecast.h"

#define FORECASTS_MAX 5000

struct forecasts;

struct forecasts *forecasts_new(struct api *a); /* NULL: out of memory */
void forecasts_stop(struct forecasts *f);
void forecasts_free(struct forecasts *f);
void forecasts_heard(struct forecasts *f, uint32_t idx,
                     enum registry_event ev); /* of the registry's watcher */
/* The forecast of a lot at a horizon, from its count now. false, and why: "learning" (its past is still to be
 * read), "unknown-now", "too-little-history", "too-many-lots". */
bool forecasts_tell(const struct forecasts *f, uint32_t idx, int horizon, struct forecast *out,
                    const char **why);
/* In so many minutes (1…120), between the horizons around. */
bool forecasts_in(const struct forecasts *f, uint32_t idx, int minutes, struct forecast *out);
/* The day that holds that moment, midnight to midnight in Beijing. false: nothing is known of this lot. */
bool forecasts_day(const struct forecasts *f, uint32_t idx, int64_t ms, struct forecast_day *out);
/* parkd_forecast_error_ratio, parkd_forecast_lots */
void forecasts_metrics(const struct forecasts *f, struct buf *out);
void forecast_handle(const struct call *c);

#endif
