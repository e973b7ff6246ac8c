import { describe, expect, it } from 'vitest';
import type { Clock } from '../../../../../platform/clock.ts';
import { PROMQL_DEFAULTS, type PromqlConfig } from '../../../../../services/api/promql/config.ts';
import { createEngine, type Engine } from '../../../../../services/api/promql/engine.ts';
import type { SeriesSource } from '../../../../../services/api/promql/series-source.ts';
import { createMemorySource } from '../../../../support/prometheus-memory-series.ts';

const stillClock: Clock = { now_us: () => 0 };

function engineOf(config: Partial<PromqlConfig> = {}, clock = stillClock, source?: SeriesSource): Engine {
  const samples = Array.from({ length: 100 }, (_, index) => ({ ts_ms: index * 1000, value: index }));
  const series = ['0', '1', '2'].map((gpu) => ({ name: 'util', labels: { gpu }, samples }));
  return createEngine({
    source: source ?? createMemorySource(series),
    config: { ...PROMQL_DEFAULTS, ...config },
    clock,
  });
}

const MINUTE = { start_ms: 0, end_ms: 60_000, step_ms: 1000 };

describe('every limit is refused with its name', () => {
  it('samples read', async () => {
    await expect(
      engineOf({ samples_max: 299 }).instant('sum_over_time(util[2m])', 99_000),
    ).rejects.toMatchObject({
      type: 'execution',
      message: expect.stringContaining('config promql.samples_max'),
    });
    await expect(
      engineOf({ samples_max: 300 }).instant('sum_over_time(util[2m])', 99_000),
    ).resolves.toBeDefined();
  });

  it('points answered', async () => {
    await expect(engineOf({ result_points_max: 182 }).range('util', MINUTE)).rejects.toMatchObject({
      type: 'execution',
      message: expect.stringContaining('config promql.result_points_max'),
    });
    await expect(engineOf({ result_points_max: 183 }).range('util', MINUTE)).resolves.toBeDefined();
  });

  it('steps of a subquery', async () => {
    await expect(engineOf().instant('sum_over_time(util[100y:1ms])', 99_000)).rejects.toMatchObject({
      type: 'execution',
      message: expect.stringContaining('config promql.samples_max'),
    });
  });

  it('time, by the clock that is given', async () => {
    let now_us = 0;
    const clock: Clock = { now_us: () => (now_us += 100_000) };
    await expect(engineOf({ timeout_s: 2 }, clock).range('util', MINUTE)).rejects.toMatchObject({
      type: 'timeout',
      message: 'query timed out after 2 s in expression evaluation',
    });
  });

  it('a caller may ask for less time and not for more', async () => {
    let now_us = 0;
    const clock: Clock = { now_us: () => (now_us += 100_000) };
    const engine = engineOf({ timeout_s: 2 }, clock);
    await expect(engine.range('util', MINUTE, 1)).rejects.toThrow('after 1 s');
    await expect(engine.range('util', MINUTE, 3600)).rejects.toThrow('after 2 s');
  });

  it('queries under way at once: the others wait, and give up in time', async () => {
    const release: (() => void)[] = [];
    const source: SeriesSource = {
      ...createMemorySource([]),
      select: () => new Promise((resolve) => release.push(() => resolve([]))),
    };
    const engine = engineOf({ concurrent_max: 1, timeout_s: 30 }, stillClock, source);
    const first = engine.instant('util', 0);
    const impatient = engine.instant('util', 0, 0.01);
    const patient = engine.instant('util', 0);
    await expect(impatient).rejects.toMatchObject({
      type: 'timeout',
      message: expect.stringContaining('queue'),
    });
    expect(release).toHaveLength(1);
    release[0]?.();
    await first;
    await new Promise((resolve) => setImmediate(resolve));
    release[1]?.();
    await expect(patient).resolves.toMatchObject({ type: 'vector', vector: [] });
  });
});

it('pins a selector to the ends of the query, also inside a subquery', async () => {
  const grid = { start_ms: 10_000, end_ms: 12_000, step_ms: 1000 };
  const valuesOf = async (query: string) => {
    const result = await engineOf().range(query, grid);
    return result.type === 'matrix' ? result.series.map(({ values }) => Array.from(values)) : [];
  };
  expect(await valuesOf('util{gpu="0"} @ start()')).toEqual([[10, 10, 10]]);
  expect(await valuesOf('util{gpu="0"} @ end() offset 2s')).toEqual([[10, 10, 10]]);
  expect(await valuesOf('max_over_time((util{gpu="0"} @ end())[5s:1s])')).toEqual([[12, 12, 12]]);
  // Where Prometheus 2.42 lets the pinned window move with the steps, the pin is kept.
  expect(await valuesOf('predict_linear(util{gpu="0"}[5s] @ 10, 0)')).toEqual([[10, 11, 12]]);
  expect(await valuesOf('predict_linear(util{gpu="0"}[5s] @ 200, 0)')).toEqual([]);
});

it('refuses series that fall together when their name goes, even at different times', async () => {
  const source = createMemorySource([
    { name: 'a', labels: {}, samples: [{ ts_ms: 0, value: 1 }] },
    { name: 'b', labels: {}, samples: [{ ts_ms: 3_000_000, value: 2 }] },
  ]);
  const engine = engineOf({}, stillClock, source);
  const grid = { start_ms: 0, end_ms: 3_000_000, step_ms: 60_000 };
  for (const query of ['-{__name__=~"a|b"}', 'max_over_time({__name__=~"a|b"}[1m])']) {
    await expect(engine.range(query, grid), query).rejects.toThrow(
      'vector cannot contain metrics with the same labelset',
    );
  }
});

it('refuses a range query of a range', async () => {
  await expect(engineOf().range('util[1m]', MINUTE)).rejects.toMatchObject({
    type: 'bad_data',
    message: 'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
  });
});

it('refuses patterns in label_replace that may not finish, and values that are too long for them', async () => {
  const engine = engineOf({ regex_input_length_max: 3 });
  await expect(engine.instant('label_replace(util, "x", "", "gpu", "(a+)+b")', 0)).rejects.toMatchObject({
    type: 'bad_data',
  });
  await expect(engine.instant('label_replace(util, "x", "", "__name__", "(.*)")', 0)).rejects.toThrow(
    'config promql.regex_input_length_max',
  );
});

it('gives way to other work of the process while it computes', async () => {
  let now_us = 0;
  let others = 0;
  const clock: Clock = { now_us: () => (now_us += 5000) };
  const count = (): void => {
    others++;
    if (others < 1000) setImmediate(count);
  };
  setImmediate(count);
  await engineOf({ yield_every_ms: 20, timeout_s: 3600 }, clock).range('util', MINUTE);
  expect(others).toBeGreaterThan(5);
  others = 1000;
});
