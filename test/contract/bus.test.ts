import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Batch, BatchKind, Delivery } from '../../platform/bus/bus.ts';
import { SPOOL_DEFAULTS, type SpoolConfig } from '../../platform/bus/config.ts';
import { openSpool, type Spool } from '../../platform/bus/spool.ts';
import { silentLog } from '../../platform/log.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

interface BusUnderTest {
  readonly name: string;
  /** Opens the bus that lives in a folder. */
  open(folder: string): Promise<Spool>;
}

const CONFIG: SpoolConfig = { ...SPOOL_DEFAULTS, retry_first_s: 0.001, delivery_bytes_max: 4096 };
const BUSES: readonly BusUnderTest[] = [
  { name: 'spool', open: (folder) => openSpool(folder, CONFIG, silentLog) },
];

function batch(id: string, text = id, kind: BatchKind = 'run_events', key = 'job'): Batch {
  return { id, kind, schemaVersion: 1, key, rows: 1, body: Buffer.from(text) };
}

const idsOf = (deliveries: readonly Delivery[]) =>
  deliveries.flatMap(({ batches }) => batches.map(({ id }) => id));

describe.each(BUSES)('the bus contract: $name', ({ open }) => {
  async function opened(folder: string): Promise<Spool> {
    const bus = await open(folder);
    onTestFinished(() => bus.close());
    return bus;
  }

  it('delivers every batch once, as it was published and in the order published', async () => {
    const bus = await opened(await temporaryFolder());
    const published = Array.from({ length: 300 }, (_, n) => batch(`b${n}`, `body ${n} é\0`));
    const seen: Delivery[] = [];
    bus.reader.run(async (delivery) => void seen.push(delivery));
    await Promise.all(published.map((one) => bus.writer.publish([one])));
    await bus.reader.drained();
    expect(idsOf(seen)).toEqual(published.map(({ id }) => id));
    const bodies = seen.flatMap(({ batches }) => batches.map(({ body }) => Buffer.from(body).toString()));
    expect(bodies).toEqual(published.map(({ body }) => Buffer.from(body).toString()));
    expect(new Set(seen.map(({ token }) => token)).size).toBe(seen.length);
    expect(seen.every(({ attempt, again }) => attempt === 1 && !again)).toBe(true);
  });

  it('keeps the batches of one publish together, of whatever kinds', async () => {
    const bus = await opened(await temporaryFolder());
    const kinds: readonly BatchKind[] = ['series', 'device_samples', 'series_points', 'run_events'];
    await bus.writer.publish(kinds.map((kind) => batch(kind, kind, kind, `key of ${kind}`)));
    const seen: Delivery[] = [];
    bus.reader.run(async (delivery) => void seen.push(delivery));
    await bus.reader.drained();
    const [delivery] = seen;
    expect(delivery?.batches.map(({ kind, key }) => [kind, key])).toEqual(
      kinds.map((kind) => [kind, `key of ${kind}`]),
    );
  });

  it('hands a delivery that failed to the handler again, the same one, and says so', async () => {
    const bus = await opened(await temporaryFolder());
    await bus.writer.publish([batch('a')]);
    const seen: Delivery[] = [];
    bus.reader.run(async (delivery) => {
      seen.push(delivery);
      if (seen.length < 4) throw new Error('the store is away');
    });
    await bus.reader.drained();
    expect(idsOf(seen)).toEqual(['a', 'a', 'a', 'a']);
    expect(new Set(seen.map(({ token }) => token)).size).toBe(1);
    expect(seen.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4]);
    expect(seen.map(({ again }) => again)).toEqual([false, true, true, true]);
    expect(bus.stats().failed_deliveries).toBe(3);
  });

  it('delivers after a restart what was not handled, and nothing of what was', async () => {
    const folder = await temporaryFolder();
    const first = await open(folder);
    first.reader.run(async () => {});
    await first.writer.publish([batch('handled')]);
    await first.reader.drained();
    await first.reader.stop();
    await first.writer.publish([batch('waiting')]);
    await first.close();
    const second = await opened(folder);
    const seen: Delivery[] = [];
    second.reader.run(async (delivery) => void seen.push(delivery));
    await second.writer.publish([batch('new')]);
    await second.reader.drained();
    expect(idsOf(seen)).toEqual(['waiting', 'new']);
  });

  it('delivers exactly the same range under the same token after a crash inside the handler', async () => {
    const folder = await temporaryFolder();
    const crashed = join(await temporaryFolder(), 'as the crash left it');
    const bus = await opened(folder);
    const before: Delivery[] = [];
    await bus.writer.publish([batch('a')]);
    await bus.writer.publish([batch('b')]);
    bus.reader.run(async (delivery) => {
      before.push(delivery);
      // More arrives while the delivery is under way: it must not slip into the repeated one.
      await bus.writer.publish([batch('c')]);
      if (before.length === 1) await cp(folder, crashed, { recursive: true });
    });
    await bus.reader.drained();
    const after: Delivery[] = [];
    const restarted = await opened(crashed);
    restarted.reader.run(async (delivery) => void after.push(delivery));
    await restarted.reader.drained();
    expect(after[0]?.token).toBe(before[0]?.token);
    expect(idsOf(after.slice(0, 1))).toEqual(['a', 'b']);
    expect(after[0]?.again).toBe(true);
    expect(idsOf(after)).toEqual(['a', 'b', 'c']);
    expect(after[1]?.again).toBe(false);
  });

  it('cuts deliveries by size and still delivers a batch that is larger alone', async () => {
    const bus = await opened(await temporaryFolder());
    const large = 'x'.repeat(3 * CONFIG.delivery_bytes_max);
    for (const id of ['s1', 'large', 's2', 's3']) {
      await bus.writer.publish([batch(id, id === 'large' ? large : id)]);
    }
    const seen: Delivery[] = [];
    bus.reader.run(async (delivery) => void seen.push(delivery));
    await bus.reader.drained();
    expect(seen.map(({ batches }) => batches.map(({ id }) => id))).toEqual([['s1'], ['large'], ['s2', 's3']]);
  });

  it('refuses a publish that is too large, for good, and takes the next one', async () => {
    const bus = await opened(await temporaryFolder());
    const body = Buffer.alloc(CONFIG.publish_bytes_max + 1);
    await expect(bus.writer.publish([{ ...batch('a'), body }])).rejects.toMatchObject({
      code: 'batch_too_large',
      retryable: false,
    });
    await bus.writer.publish([batch('b')]);
  });

  it('refuses what is published after it was closed and rejects who waits to see it drained', async () => {
    const bus = await open(await temporaryFolder());
    await bus.writer.publish([batch('never handled')]);
    const drained = bus.reader.drained();
    const rejection = expect(drained).rejects.toMatchObject({ code: 'closed' });
    await bus.close();
    await rejection;
    await expect(bus.writer.publish([batch('late')])).rejects.toMatchObject({ code: 'closed' });
  });

  it('stops while a failing delivery waits for its next try', async () => {
    const bus = await opened(await temporaryFolder());
    await bus.writer.publish([batch('a')]);
    const failed = new Promise<void>((resolve) => {
      bus.reader.run(async () => {
        resolve();
        throw new Error('the store is away');
      });
    });
    await failed;
    await bus.reader.stop();
  });
});
