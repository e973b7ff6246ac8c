import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Supervised } from '../cluster/supervised.ts';
import { startTrialCluster, type TrialCluster } from '../cluster/trial-cluster.ts';
import { describeWithKafka } from '../support/kafka.ts';
import { eventually } from '../support/loopback.ts';
import { makeFolder } from '../support/temporary-folder.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXAMPLE = readFileSync(join(ROOT, 'docs/examples/restart.ndjson'), 'utf8');

/** Several, so that both analyzers may have some. */
const JOBS = ['team/a', 'b', 'c'];

const SETTINGS = { HEADWAY__ANALYZER__INTERVAL_S: '1', HEADWAY__KAFKA__PARTITIONS: '6' };
const STOP_LIMIT_MS = 15_000;

async function post(url: string, lines: string): Promise<{ accepted: number }> {
  const response = await fetch(`${url}/v1/events`, { method: 'POST', body: lines });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
  return (await response.json()) as { accepted: number };
}

async function json(url: string, path: string): Promise<Record<string, unknown>> {
  const response = await fetch(url + path);
  if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}

/** Without when it was asked. */
async function answer(url: string, path: string): Promise<Record<string, unknown>> {
  const { at: _, ...rest } = await json(url, path);
  return rest;
}

/** Series of a job and their values now. */
async function seriesOf(url: string, job: string): Promise<ReadonlyMap<string, string>> {
  const query = encodeURIComponent(`{__name__=~"headway_(job|incident)_.*",job="${job}"}`);
  const { data } = (await json(url, `/prom/api/v1/query?query=${query}`)) as {
    data: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  return new Map(data.result.map(({ metric, value }) => [JSON.stringify(metric), value[1]]));
}

let folder: Awaited<ReturnType<typeof makeFolder>>;
let cluster: TrialCluster;
let log: string[] = [];

const urlOf = ({ name, url }: Supervised): string => {
  if (url === undefined) throw new Error(`${name} does not listen`);
  return url;
};
const [collectorUrl, apiUrl] = [
  (index: number) => urlOf(cluster.collectors[index] ?? expect.unreachable()),
  () => urlOf(cluster.apis[0] ?? expect.unreachable()),
];

describeWithKafka('a cluster of processes', () => {
  beforeAll(async () => {
    folder = await makeFolder();
    cluster = await startTrialCluster({
      data: join(folder.path, 'cluster'),
      ...{ port: 0, collectors: 2, analyzers: 2, apis: 1, environment: SETTINGS },
      said: (name, line) => log.push(`[${name}] ${line}`),
    });
    await cluster.ready();
  }, 240_000);
  afterAll(async () => {
    await cluster?.stop();
    await folder?.remove();
  }, 120_000);

  it('has its data to itself: a second one on them ends before it begins anything', async () => {
    const second = startTrialCluster({
      data: join(folder.path, 'cluster'),
      ...{ port: 0, collectors: 2, analyzers: 2, apis: 1 },
      said: (name, line) => expect.unreachable(`${name} was started: ${line}`),
    });
    await expect(second).rejects.toThrow(/in use by process \d+/);
  });

  it('answers what one process answers of the same events', async () => {
    const single = new Supervised({
      name: 'single',
      command: [
        ...[process.execPath, join(ROOT, 'bin/headway.js'), 'start', '--json', '--port', '0'],
        ...['--data', join(folder.path, 'single')],
      ],
      environment: SETTINGS,
      said: (line) => log.push(`[single] ${line}`),
      ...{ again_after_ms: 1000, again_after_max_ms: 1000 },
    });
    const singleUrl = await single.start();
    try {
      for (const [index, job] of JOBS.entries()) {
        const lines = EXAMPLE.replaceAll('"job":"pretrain-7"', `"job":${JSON.stringify(job)}`);
        await post(collectorUrl(index % 2), lines);
        await post(singleUrl, lines);
      }
      for (const job of JOBS) {
        for (const path of ['', '/ledger?windows=300', '/incidents', '/efficiency', '/steps', '/linearity']) {
          const asked = `/v1/jobs/${encodeURIComponent(job)}${path}${path.includes('?') ? '&' : '?'}consistent=true`;
          expect(await answer(apiUrl(), asked), asked).toEqual(await answer(singleUrl, asked));
        }
        const wanted = await eventually(async () => {
          const series = await seriesOf(singleUrl, job);
          return series.has(JSON.stringify({ __name__: 'headway_job_revision', job })) ? series : undefined;
        });
        expect(wanted.size).toBeGreaterThan(50);
        let found: ReadonlyMap<string, string> = new Map();
        await eventually(
          async () => {
            found = await seriesOf(apiUrl(), job);
            return found.size >= wanted.size || undefined;
          },
          { describe: () => `${job}: ${found.size} of ${wanted.size} series\n${log.slice(-20).join('\n')}` },
        );
        expect(found, job).toEqual(wanted);
      }
    } finally {
      await single.stop(STOP_LIMIT_MS);
    }
  }, 240_000);

  it('loses nothing while each of its processes is restarted in its turn under load', async () => {
    const start_us = Date.now() * 1000 - 3_600e6;
    await post(
      collectorUrl(0),
      JSON.stringify({
        type: 'attempt_start',
        job: 'rolling',
        attempt: 1,
        time_us: start_us,
        device_count: 8,
      }),
    );
    let acknowledged = 0;
    let refused = 0;
    let isOver = false;
    const send = async () => {
      for (let step = 1; !isOver; step++) {
        const from_us = start_us + step * 100_000;
        const line = JSON.stringify({
          ...{ type: 'step', job: 'rolling', attempt: 1, step },
          ...{ start_us: from_us, end_us: from_us + 100_000 },
        });
        // a sender keeps what was not acknowledged, and tries the other collector
        for (let tries = step; ; tries++) {
          const sent = await Promise.resolve()
            .then(() => post(collectorUrl(tries % 2), line))
            .catch(() => null);
          if (sent !== null) break;
          refused += 1;
        }
        acknowledged += 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    const sending = send();
    for (const member of [...cluster.collectors, ...cluster.analyzers, ...cluster.apis]) {
      const before = member.ends;
      member.kill('SIGTERM');
      await eventually(() => member.ends > before || undefined, {
        describe: () => log.slice(-20).join('\n'),
      });
      await cluster.ready();
    }
    isOver = true;
    await sending;
    expect(log.filter((line) => /ended with/.test(line) && !/ended with 0;/.test(line))).toEqual([]);
    expect(acknowledged).toBeGreaterThan(100);
    const report = await json(apiUrl(), '/v1/jobs/rolling?consistent=true');
    expect(report, `${refused} tries were refused`).toMatchObject({ steps: acknowledged });
    const last = await eventually(async () => {
      const series = await seriesOf(apiUrl(), 'rolling');
      const value = series.get(JSON.stringify({ __name__: 'headway_job_last_step', job: 'rolling' }));
      return value === String(acknowledged) ? value : undefined;
    });
    expect(last).toBe(String(acknowledged));
    log = [];
  }, 240_000);
});
