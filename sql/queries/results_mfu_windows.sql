-- purpose: MFU of a job in windows of one size: its kept train steps joined with its specification
-- parameters: job String, from_us Int64, to_us Int64, size_us Int64
-- grain: one row a window in which a kept step ended
-- unit: ratios 0..1 on kept step time, weighted by time; NULL: model, tokens, device or peak is not known
SELECT
    {from_us:Int64} + intDiv(s.end_us - 1 - {from_us:Int64}, {size_us:Int64}) * {size_us:Int64} AS window_from_us,
    sum(s.count) AS steps,
    sum(s.net_us) / 1e6 AS step_s,
    sum(ifNull(s.tokens, s.count * p.tokens_per_step)) AS tokens,
    sum(s.net_us / 1e6 * ifNull(s.devices, p.devices)) AS device_s,
    tokens * any(p.flops_per_token_mm_causal) / (device_s * any(p.peak_flops)) AS mfu_mm_causal,
    tokens * any(p.flops_per_token_mm_full) / (device_s * any(p.peak_flops)) AS mfu_mm_full,
    tokens * any(p.flops_per_token_palm) / (device_s * any(p.peak_flops)) AS mfu_palm,
    tokens * any(p.flops_per_token_six_n) / (device_s * any(p.peak_flops)) AS mfu_six_n
FROM
(
    SELECT *
    FROM job_steps FINAL
    WHERE job = {job:String}
    ORDER BY start_us, attempt, step, revision DESC
    LIMIT 1 BY start_us, attempt, step
) AS s
INNER JOIN
(
    SELECT *
    FROM job_specs FINAL
    WHERE job = {job:String}
    ORDER BY spec_version DESC
    LIMIT 1
) AS p ON p.job = s.job
WHERE s.deleted = 0 AND s.fate = 'productive' AND s.kind = 'train' AND s.unlogged = 0
  AND s.end_us > {from_us:Int64} AND s.end_us <= {to_us:Int64}
GROUP BY window_from_us
ORDER BY window_from_us
