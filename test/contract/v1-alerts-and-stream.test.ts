import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createAlerts } from '../../services/api/alerts/alerts.ts';
import { prometheusAlerts, prometheusRules } from '../../services/api/alerts/prometheus-shape.ts';
import { type RuleOfFile, rulesOfFile } from '../../services/api/alerts/rule-file.ts';
import { PROMQL_DEFAULTS } from '../../services/api/promql/config.ts';
import { createEngine } from '../../services/api/promql/engine.ts';
import { createMemorySource } from '../support/prometheus-memory-series.ts';
import type { WrittenSeries } from '../support/prometheus-remote-write.ts';
import { openReadApi, type ReadApi } from '../support/read-api.ts';

const FILE = 'dashboards/generated/headway.rules.prometheus.yml';
const SHIPPED = rulesOfFile(readFileSync(new URL(`../../${FILE}`, import.meta.url), 'utf8'), FILE);
const NOW_S = 1_800_000_000;

/** A sample every 15 s up to now; the value of each by its age in seconds, null where there is none. */
function series(
  name: string,
  labels: Record<string, string>,
  valueAt: (age_s: number) => number | null,
): WrittenSeries {
  const samples = [];
  for (let age_s = 7200; age_s >= 0; age_s -= 15) {
    const value = valueAt(age_s);
    samples.push({ ts_ms: (NOW_S - age_s) * 1000, value: value ?? ('stale' as const) });
  }
  return { name, labels, samples };
}

const SERIES = [
  series('headway_job_stalled_seconds', { job: 'stuck' }, (age) => (age <= 600 ? 600 - age + 1 : null)),
  series('headway_job_state', { job: 'stuck', state: 'hang' }, (age) => (age <= 600 ? 1 : null)),
  series('headway_job_devices', { job: 'stuck' }, () => 64),
  series('headway_job_mfu_vs_baseline_ratio', { job: 'slow' }, (age) => (age <= 300 ? 0.8 : 1)),
  series('headway_job_mfu_vs_baseline_ratio', { job: 'was-slow' }, (age) =>
    age <= 5400 && age > 3600 ? 0.8 : 1,
  ),
  series('headway_job_state', { job: 'slow', state: 'running' }, () => 1),
  series('headway_job_last_step', { job: 'slow' }, () => 42),
  series('headway_job_badput_seconds', { job: 'slow', bucket: 'startup' }, () => 12),
];

type Row = Record<string, unknown>;

describe('/v1/alerts', () => {
  let api: ReadApi;
  beforeAll(async () => {
    api = await openReadApi({ now_us: () => NOW_S * 1e6, series: () => SERIES, rules: SHIPPED });
  });
  afterAll(() => api.close());

  it('tells what fires and what waits, since when, with words for people', async () => {
    const { alerts } = (await api.json('/alerts?job=stuck')) as { alerts: Row[] };
    expect(alerts).toMatchObject([
      {
        name: 'HeadwayJobHung',
        state: 'firing',
        severity: 'page',
        value: 601,
        since: new Date((NOW_S - 600) * 1000).toISOString(),
        firing_since: new Date((NOW_S - 600) * 1000).toISOString(),
        is_older: false,
      },
    ]);
    const annotations = alerts[0]?.['annotations'] as Record<string, string>;
    expect(annotations['summary']).toContain('stuck makes no progress (10m 1s, state hang)');
    expect(annotations['cost']).toMatch(/^10\.7 device-hours so far, 64 devices held$/);
    expect((await api.json('/alerts?job=slow'))['alerts']).toMatchObject([
      { name: 'HeadwayMfuLow', state: 'pending', severity: 'ticket', value: 0.8, firing_since: null },
    ]);
  });

  it('says of a condition that is older than what was looked at that it is', async () => {
    const { alerts } = (await api.json('/alerts?state=firing')) as { alerts: Row[] };
    expect(alerts.find(({ name }) => name === 'HeadwayWatchdog')).toMatchObject({ is_older: true });
    expect((await api.json('/alerts?state=inactive'))['alerts']).toContainEqual(
      expect.objectContaining({ name: 'HeadwayGoodputLow', since: null, value: null }),
    );
  });

  it('remembers what fired in a range, from the stored series alone', async () => {
    const history = await api.json('/alerts/history?job=was-slow&from=now-2h&to=now&step=15');
    expect(history).toMatchObject({
      step_s: 15,
      errors: {},
      alerts: [
        {
          name: 'HeadwayMfuLow',
          active_from: new Date((NOW_S - 5400) * 1000).toISOString(),
          firing_from: new Date((NOW_S - 4800) * 1000).toISOString(),
          // it goes on for keep_firing_for, 2 minutes, after the last evaluation that saw it
          ended: new Date((NOW_S - 3615 + 120) * 1000).toISOString(),
          is_cut: false,
        },
      ],
    });
  });

  it.each([
    ['/alerts?state=odd', 'Bad state'],
    ['/alerts?name=x', 'Unknown parameter'],
    ['/alerts/history?step=0', 'Bad step'],
    ['/alerts/history?step=0.01&from=now-1d', 'Step too short'],
    ['/alerts/history?from=now-90d', 'Range too long'],
  ])('refuses %s', async (path, title) => {
    const response = await api.app.request(path);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ title });
  });
});

describe("Prometheus's shape of the same", () => {
  const alertsOver = (rules: readonly RuleOfFile[]) => {
    const clock = { now_us: () => NOW_S * 1e6 };
    const engine = createEngine({ source: createMemorySource(SERIES), config: PROMQL_DEFAULTS, clock });
    return createAlerts({ rules, engine, clock, lookback_s: 3600 });
  };

  it('has every rule in its group with its alerts', async () => {
    const rules = await alertsOver(SHIPPED).now();
    expect(prometheusRules(rules)).toMatchObject({
      groups: [
        {
          name: 'headway',
          interval: 15,
          rules: expect.arrayContaining([
            expect.objectContaining({
              name: 'HeadwayJobHung',
              state: 'firing',
              health: 'ok',
              type: 'alerting',
              duration: 0,
            }),
            expect.objectContaining({
              name: 'HeadwayMfuLow',
              state: 'pending',
              duration: 600,
              keepFiringFor: 120,
            }),
          ]),
        },
      ],
    });
    expect(prometheusAlerts(rules)).toMatchObject({
      alerts: expect.arrayContaining([
        expect.objectContaining({
          labels: { alertname: 'HeadwayJobHung', job: 'stuck', service: 'headway', severity: 'page' },
          value: '6.01e+02',
        }),
      ]),
    });
  });

  it('says of a rule that cannot be evaluated why', async () => {
    const [first] = SHIPPED;
    if (first === undefined) throw new Error('no rule is shipped');
    const rules = await alertsOver([{ ...first, expr: 'no_such_function(up)' }]).now();
    expect(rules).toMatchObject([{ state: 'inactive', error: expect.stringContaining('no_such_function') }]);
    expect(prometheusRules(rules)).toMatchObject({ groups: [{ rules: [{ health: 'err' }] }] });
  });
});

interface Reader {
  next(): Promise<{ id: string; event: string; data: Row }>;
  close(): Promise<void>;
}

/** Reads an event stream as a browser does: blocks between empty lines, comments left out. */
function readerOf(response: Response): Reader {
  const reader = response.body?.getReader();
  if (reader === undefined) throw new Error('the answer has no body');
  const decoder = new TextDecoder();
  let text = '';
  return {
    async next() {
      for (;;) {
        const end = text.indexOf('\n\n');
        if (end >= 0) {
          const block = text.slice(0, end);
          text = text.slice(end + 2);
          const fields = Object.fromEntries(
            block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2)),
          );
          if (fields['data'] !== undefined) {
            return {
              id: fields['id'] ?? '',
              event: fields['event'] ?? '',
              data: JSON.parse(fields['data']) as Row,
            };
          }
          continue;
        }
        const { done, value } = await reader.read();
        if (done) throw new Error('the stream ended');
        text += decoder.decode(value);
      }
    },
    close: () => reader.cancel(),
  };
}

describe('/v1/stream', () => {
  let api: ReadApi;
  let live: WrittenSeries[] = [...SERIES];
  beforeAll(async () => {
    const config = {
      stream_interval_s: 0.02,
      stream_subscribers_max: 2,
      stream_events_max: 5,
      stream_heartbeat_s: 0.05,
    };
    api = await openReadApi({ now_us: () => NOW_S * 1e6, series: () => live, config });
  });
  afterAll(() => api.close());

  const listen = async (path = '/stream', last_id?: string) => {
    const headers: Record<string, string> = last_id === undefined ? {} : { 'last-event-id': last_id };
    const response = await api.app.request(path, { headers });
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    return readerOf(response);
  };
  const step = (job: string, value: number): void => {
    live = [...live.filter(({ name, labels }) => name !== 'headway_job_last_step' || labels['job'] !== job)];
    live.push(series('headway_job_last_step', { job }, () => value));
  };

  it('begins with a snapshot and tells each change, which a reader that comes back gets too', async () => {
    const first = await listen();
    const snapshot = await first.next();
    expect(snapshot.event).toBe('snapshot');
    expect(snapshot.data['jobs']).toContainEqual(
      expect.objectContaining({ job: 'slow', state: 'running', last_step: 42 }),
    );
    expect(snapshot.data['ledgers']).toContainEqual(
      expect.objectContaining({ job: 'slow', goodput_ratio: null, badput_s: { startup: 12 } }),
    );
    live = [...live.filter(({ name }) => name !== 'headway_job_badput_seconds')];
    live.push(series('headway_job_badput_seconds', { job: 'slow', bucket: 'startup' }, () => 15));
    expect(await first.next()).toMatchObject({
      event: 'ledger',
      data: { job: 'slow', badput_s: { startup: 15 } },
    });
    step('slow', 43);
    const change = await first.next();
    expect(change).toMatchObject({ event: 'job', data: { job: 'slow', last_step: 43 } });
    const other = await listen('/stream?job=slow');
    expect((await other.next()).data['jobs']).toMatchObject([{ job: 'slow', last_step: 43 }]);
    await first.close();
    step('slow', 44);
    expect(await other.next()).toMatchObject({ data: { last_step: 44 } });
    const again = await listen('/stream', change.id);
    expect(await again.next()).toMatchObject({ event: 'job', data: { last_step: 44 } });
    await again.close();
    await other.close();
  });

  it('tells a new incident, and those of the job that was asked for only', async () => {
    const reader = await listen('/stream?job=stuck');
    await reader.next();
    step('slow', 50);
    const info = { incident: 'stuck/1', kind: 'hang', state: 'open', cause: '', node: 'n3', device: '' };
    live = [...live, series('headway_incident_info', { job: 'stuck', ...info }, () => 1)];
    expect(await reader.next()).toMatchObject({
      event: 'incident',
      data: { job: 'stuck', incident: 'stuck/1', kind: 'hang', cause: null, node: 'n3' },
    });
    await reader.close();
  });

  it('sends a snapshot where what was missed is gone, or the id is of another run', async () => {
    const keeper = await listen();
    const { id } = await keeper.next();
    for (let value = 100; value < 108; value++) {
      step('slow', value);
      await keeper.next();
    }
    const late = await listen('/stream', id);
    expect(await late.next()).toMatchObject({ event: 'snapshot' });
    await late.close();
    const stranger = await listen('/stream', 'zzz-1');
    expect(await stranger.next()).toMatchObject({ event: 'snapshot' });
    await stranger.close();
    await keeper.close();
  });

  it('says that it is alive, and refuses more listeners than it may have', async () => {
    const response = await api.app.request('/stream?job=nobody');
    const reader = response.body?.getReader();
    let text = '';
    while (!text.includes(': still here')) {
      const { done = true, value } = (await reader?.read()) ?? {};
      if (done) throw new Error('the stream ended');
      text += new TextDecoder().decode(value);
    }
    const second = await listen();
    const refused = await api.app.request('/stream');
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ title: 'Too many listeners' });
    await reader?.cancel();
    await second.close();
  });
});
