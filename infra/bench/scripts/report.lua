-- What wrk has measured, as one line of JSON.
return function(summary, latency)
  local errors = summary.errors
  print(string.format(
    '{"requests":%d,"us":%d,"p50":%d,"p90":%d,"p99":%d,"status":%d,"cut":%d,"late":%d}',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(90), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write, errors.timeout))
end
