import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { silentLog } from '../../platform/log.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { createRandom } from '../../simulator/random.ts';
import { Load } from '../support/load.ts';
import { faultOf, Oracle } from '../support/oracle.ts';
import { ReceiverProcess } from '../support/receiver-process.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const KILLS = 12;
const SEED = 20_251_125;
/** Publishes under way at a time. */
const WINDOW = 40;

/**
 * Spool, store and ingest alone, with a table of points whose inserts fall into two partitions and that hides no double.
 * What the whole product does under kills: `drill-embedded.test.ts`.
 */
it(`loses and doubles nothing that was acknowledged, over ${KILLS} kills at any instant`, {
  timeout: 180_000,
}, async () => {
  const folder = await temporaryFolder();
  const random = createRandom(SEED);
  const oracle = new Oracle('crash', { jobs: 3 });
  const load = new Load(oracle, { inflight: WINDOW, lines_max: 1, resend_ratio: 1, random });
  const acknowledgedPublishes: number[] = [];
  let publishes = 0;
  let redeliveries = 0;
  const loadOn = (receiver: ReceiverProcess, signal: AbortSignal) =>
    load.run(
      receiver.sender(
        () => publishes++,
        (publish) => acknowledgedPublishes.push(publish),
      ),
      signal,
    );

  for (let kill = 0; kill < KILLS; kill++) {
    const receiver = new ReceiverProcess('ingest-process.ts', [folder]);
    const over = new AbortController();
    // Every fifth dies while it starts or recovers, the others under load.
    if (kill % 5 !== 4) await receiver.ready;
    const loading = loadOn(receiver, over.signal);
    await sleep(random.uniform() * 500);
    receiver.kill();
    over.abort();
    await Promise.all([receiver.gone, loading]);
    // A tail that the kill cut may be warned of; nothing else may.
    expect(receiver.errors).not.toMatch(/"level":"error"|delivery failed|Error/);
    redeliveries += receiver.redeliveries;
  }
  const before = oracle.acknowledged;
  const last = new ReceiverProcess('ingest-process.ts', [folder]);
  const over = new AbortController();
  await last.ready;
  const loading = loadOn(last, over.signal);
  await expect.poll(() => oracle.acknowledged, { timeout: 30_000 }).toBeGreaterThan(before + WINDOW);
  over.abort();
  await loading;
  expect(await last.leave(), last.errors).toBe(0);
  redeliveries += last.redeliveries;

  const store = await openEmbeddedStore(join(folder, 'store'), STORE_DEFAULTS, silentLog);
  const verdict = await oracle.check(store);
  const points = await store.query<{ id: number; copies: number }>(
    'SELECT value AS id, count() AS copies FROM series_points GROUP BY id',
  );
  await store.close();

  expect(faultOf(verdict)).toBeNull();
  const stored = new Set(points.map(({ id }) => id));
  expect(
    acknowledgedPublishes.filter((id) => !stored.has(id)),
    'lost points',
  ).toEqual([]);
  expect(
    points.filter(({ copies }) => copies !== 1),
    'doubled points',
  ).toEqual([]);
  expect(points.length).toBeLessThanOrEqual(publishes);
  // The kills were worth something: deliveries were cut under way, and much went through.
  expect(redeliveries).toBeGreaterThan(KILLS / 3);
  expect(oracle.acknowledged).toBeGreaterThan(KILLS * WINDOW);
  expect(await readdir(folder)).not.toContain('dead-letters');
  console.info(
    `${KILLS} kills: ${oracle.acknowledged} events acknowledged, ${redeliveries} deliveries repeated, 0 lost, 0 doubled`,
  );
});
