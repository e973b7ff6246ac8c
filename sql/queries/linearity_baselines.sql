-- purpose: the learned baselines of linearity, for jobs that name none and for the list of them
-- parameters: none
-- grain: one row a specification (model, hardware, dtype, sequence length), number of devices and job
-- unit: step_s in seconds; from_us, to_us in microseconds since the epoch; batch_per_device in sequences
SELECT
    model,
    hardware,
    dtype,
    sequence_length,
    devices,
    job,
    tokens_per_s_per_device,
    step_s,
    batch_per_device,
    window_steps,
    from_us,
    to_us
FROM linearity_baselines FINAL
ORDER BY model, hardware, dtype, sequence_length, devices, tokens_per_s_per_device DESC, job
