-- SPDX-License-Identifier: MIT
-- Alibaba 阿里云 parking service model (V15), parkingLotInfoGet, polled: one feed for all lots that it tells of.
--
-- url     the base address: the service's, or of an edge gateway (http://‹box›:10010/connect)
-- lot     parkingLotId
-- params  path, method (POST) and body of the request, if they are others; time_field: a member of a lot that says when, ms in a text
-- access  the feed's own: how a caller shows itself depends on where the model is served
-- Source: Alibaba's published service model and the page of its edge gateway. Confidence: path, code 200 and the four fields of the
-- answer found, also that times are ms in texts. Inferred: POST with {} as the body, and the place of a time, hence the param. The
-- model's 校正 call, which corrects the count, is none of ours.

local function poll(ctx)
  local p = ctx.params
  local target = url.join(ctx.url, p.path or "/parkingLotInfoGet")
  if p.method == "GET" then
    return { url = target }
  end
  return lib.json_post(target, p.body or {})
end

local function decode(ctx, response)
  local data = lib.data(lib.answered(response, "200"))
  local field, reports = ctx.params.time_field, {}
  for i, lot in ipairs(data.parkingLotId and { data } or data) do
    reports[i] = { lot = lot.parkingLotId, free = lot.unParkedCount, total = lot.totalCount,
      time = field and time.parse(lot[field], "ms"), at = "/data/" .. i - 1 }
  end
  return reports
end

return {
  name = "alibaba-parking",
  interface = "1.2",
  params = { path = "string?", method = "string?", body = "object?", time_field = "string?" },
  any_status = true,
  poll = poll,
  decode = decode,
}
