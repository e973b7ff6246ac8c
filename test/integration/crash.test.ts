import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { canonicalEventLine } from '../../domain/event-reader.ts';
import type { StepEvent } from '../../domain/events.ts';
import { silentLog } from '../../platform/log.ts';
import { STORE_DEFAULTS } from '../../platform/store/config.ts';
import { openEmbeddedStore } from '../../platform/store/embedded.ts';
import { createRandom } from '../../simulator/random.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const KILLS = 25;
const SEED = 20_251_125;
/** Publishes under way at a time. */
const WINDOW = 40;
const SCRIPT = fileURLToPath(new URL('../support/ingest-process.ts', import.meta.url));

function eventOf(number: number): StepEvent {
  const payload = createHash('sha256').update(`payload ${number}`).digest('hex');
  return {
    type: 'step',
    job: `job-${number % 3}`,
    step: number,
    start_us: 1_700_000_000_000_000 + number,
    labels: { payload, text: `é"\\\n'${number}` },
  };
}

/** A sender that keeps what was not acknowledged, over any number of receivers. */
class Sender {
  readonly acknowledgedEvents = new Set<number>();
  readonly acknowledgedPublishes = new Set<number>();
  #events = 0;
  #publishes = 0;
  #unacknowledged: number[] = [];

  get publishes(): number {
    return this.#publishes;
  }

  /** Talks to one receiver until it is gone; what it did not acknowledge is sent first to the next one. */
  async talkTo(receiver: Receiver): Promise<void> {
    const underWay = new Map<number, number>();
    receiver.onAck((id) => {
      const event = underWay.get(id);
      if (event === undefined) throw new Error(`acknowledged ${id}, which was not sent`);
      underWay.delete(id);
      this.acknowledgedEvents.add(event);
      this.acknowledgedPublishes.add(id);
      if (!receiver.leaving) this.#sendNext(receiver, underWay);
    });
    await receiver.ready;
    for (let n = 0; n < WINDOW; n++) this.#sendNext(receiver, underWay);
    await receiver.gone;
    this.#unacknowledged.push(...underWay.values());
  }

  #sendNext(receiver: Receiver, underWay: Map<number, number>): void {
    const event = this.#unacknowledged.shift() ?? this.#events++;
    const id = this.#publishes++;
    underWay.set(id, event);
    receiver.send(`${JSON.stringify({ id, event: eventOf(event) })}\n`);
  }
}

class Receiver {
  readonly ready: Promise<void>;
  readonly gone: Promise<unknown>;
  leaving = false;
  redeliveries = 0;
  errors = '';
  readonly #child: ChildProcess;
  #onAck: (id: number) => void = () => {};

  constructor(folder: string) {
    const child = spawn(process.execPath, ['--import', 'tsx', SCRIPT, folder], { stdio: 'pipe' });
    this.#child = child;
    child.stderr.on('data', (bytes) => {
      this.errors += String(bytes);
    });
    // The pipe of a killed process breaks under what is being written to it.
    child.stdin.on('error', () => {});
    const exit = once(child, 'exit');
    const lines = createInterface({ input: child.stdout });
    this.gone = Promise.all([exit, once(lines, 'close')]);
    this.ready = new Promise((resolve) => {
      lines.on('line', (line) => {
        if (line === 'ready') resolve();
        else if (line === 'again') this.redeliveries += 1;
        else this.#onAck(Number(line.slice('ack '.length)));
      });
      void exit.then(() => resolve());
    });
  }

  onAck(listener: (id: number) => void): void {
    this.#onAck = listener;
  }

  send(line: string): void {
    if (this.#child.stdin?.writable === true) this.#child.stdin.write(line);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Lets it bring everything to the tables and end by itself. */
  async leave(): Promise<number | null> {
    this.leaving = true;
    this.#child.stdin?.end();
    await this.gone;
    return this.#child.exitCode;
  }
}

it(`loses and doubles nothing that was acknowledged, over ${KILLS} kills at any instant`, {
  timeout: 180_000,
}, async () => {
  const folder = await temporaryFolder();
  const random = createRandom(SEED);
  const sender = new Sender();
  let redeliveries = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const receiver = new Receiver(folder);
    const talk = sender.talkTo(receiver);
    // Every fifth dies while it starts or recovers, the others under load.
    if (kill % 5 !== 4) await receiver.ready;
    await sleep(random.uniform() * 500);
    receiver.kill();
    await talk;
    // A tail that the kill cut may be warned of; nothing else may.
    expect(receiver.errors).not.toMatch(/"level":"error"|delivery failed|Error/);
    redeliveries += receiver.redeliveries;
  }
  const before = sender.acknowledgedEvents.size;
  const last = new Receiver(folder);
  const talk = sender.talkTo(last);
  await expect
    .poll(() => sender.acknowledgedEvents.size, { timeout: 30_000 })
    .toBeGreaterThan(before + WINDOW);
  expect(await last.leave(), last.errors).toBe(0);
  await talk;
  redeliveries += last.redeliveries;

  const store = await openEmbeddedStore(join(folder, 'store'), STORE_DEFAULTS, silentLog);
  const events = await store.query<{ body: string; job: string; copies: number }>(
    'SELECT body, any(job) AS job, count() AS copies FROM run_events FINAL GROUP BY body',
  );
  const points = await store.query<{ id: number; copies: number }>(
    'SELECT value AS id, count() AS copies FROM series_points GROUP BY id',
  );
  await store.close();

  const bodies = new Map(events.map((row) => [row.body, row]));
  const lost = [...sender.acknowledgedEvents].filter((number) => {
    const event = eventOf(number);
    return bodies.get(canonicalEventLine(event))?.job !== event.job;
  });
  expect(lost, 'acknowledged events that are not there as sent').toEqual([]);
  expect(
    events.filter(({ copies }) => copies !== 1),
    'events that are there more than once',
  ).toEqual([]);
  const stored = new Set(points.map(({ id }) => id));
  expect(
    [...sender.acknowledgedPublishes].filter((id) => !stored.has(id)),
    'lost points',
  ).toEqual([]);
  expect(
    points.filter(({ copies }) => copies !== 1),
    'doubled points',
  ).toEqual([]);
  expect(points.length).toBeLessThanOrEqual(sender.publishes);
  // The kills were worth something: deliveries were cut under way, and much went through.
  expect(redeliveries).toBeGreaterThan(KILLS / 3);
  expect(sender.acknowledgedEvents.size).toBeGreaterThan(KILLS * WINDOW);
  expect(await readdir(folder)).not.toContain('dead-letters');
  console.info(
    `${KILLS} kills: ${sender.acknowledgedEvents.size} events acknowledged, ${redeliveries} deliveries repeated, 0 lost, 0 doubled`,
  );
});
