import { describe, expect, it, onTestFinished } from 'vitest';
import type { Fence } from '../../../../platform/fence.ts';
import { silentLog } from '../../../../platform/log.ts';
import type { Shard } from '../../../../services/analyzer/shards.ts';
import { keepShards } from '../../../../services/cluster/shard-keeper.ts';

class Dealt {
  partitions: ReadonlySet<number> = new Set();
  count = 4;
  /** Dealt and claimed are one in most tests. */
  claimed: ReadonlySet<number> | undefined;
  #listeners = new Set<() => void>();
  #claimedListeners = new Set<(partition: number, hasNews: boolean) => void>();

  reads(partition: number): boolean {
    return (this.claimed ?? this.partitions).has(partition);
  }

  onClaimed(listener: (partition: number, hasNews: boolean) => void): () => void {
    this.#claimedListeners.add(listener);
    return () => this.#claimedListeners.delete(listener);
  }

  claim(partition: number, hasNews: boolean): void {
    this.claimed = new Set([...(this.claimed ?? []), partition]);
    for (const listener of this.#claimedListeners) listener(partition, hasNews);
  }

  onDealt(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  deal(...partitions: number[]): void {
    this.partitions = new Set(partitions);
    for (const listener of this.#listeners) listener();
  }
}

/** A keeper whose claims are answered by the test. */
function bench(check_s = 3600) {
  const dealing = new Dealt();
  const held = new Map<string, Fence>();
  const asked: { partition: number; answer: (fence: Fence) => void; refuse: (error: Error) => void }[] = [];
  const keeper = keepShards({
    dealing,
    analyzer: {
      take: ({ name, fence }: Shard) => void held.set(name, fence),
      release: (name) => void held.delete(name),
      shards: () => [...held.keys()],
    },
    nameOf: (partition) => `p/${partition}`,
    claim: (partition) =>
      new Promise((answer, refuse) => {
        asked.push({ partition, answer, refuse });
      }),
    retry_s: 0.001,
    check_s,
    log: silentLog,
  });
  onTestFinished(async () => {
    const stopped = keeper.stop();
    for (const { answer } of asked) answer({ name: 'over', epoch: 0, owner: '' });
    await stopped;
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return {
    dealing,
    held,
    keeper,
    settled,
    async asks(partition: number) {
      for (let turn = 0; turn < 1000; turn++) {
        const index = asked.findIndex((one) => one.partition === partition);
        if (index >= 0) return asked.splice(index, 1)[0] ?? expect.unreachable();
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      return expect.unreachable(`no claim of ${partition}`);
    },
    get asked() {
      return asked.map(({ partition }) => partition);
    },
  };
}

const fence = (epoch: number): Fence => ({ name: 'any', epoch, owner: 'me' });

describe('the shards of a process', () => {
  it('are taken once they are claimed, and let go when they are dealt to another', async () => {
    const { dealing, held, asks, settled, keeper } = bench();
    dealing.deal(0, 3);
    expect(keeper.waiting).toBe(2);
    (await asks(0)).answer(fence(1));
    await settled();
    expect([...held.keys()]).toEqual(['p/0']);
    (await asks(3)).answer(fence(4));
    await settled();
    expect(held.get('p/3')).toEqual(fence(4));
    dealing.deal(3);
    expect([...held.keys()]).toEqual(['p/3']);
    expect(keeper.waiting).toBe(0);
  });

  it('are not claimed again by a dealing that changes nothing', async () => {
    const { dealing, held, asks, settled, asked } = bench();
    dealing.deal(0);
    (await asks(0)).answer(fence(1));
    await settled();
    dealing.deal(0);
    await settled();
    expect(asked).toEqual([]);
    expect(held.get('p/0')).toEqual(fence(1));
  });

  it('are not taken when they were dealt away before the claim was answered', async () => {
    const { dealing, held, asks, settled } = bench();
    dealing.deal(0);
    const claim = await asks(0);
    dealing.deal();
    claim.answer(fence(1));
    await settled();
    expect([...held.keys()]).toEqual([]);
    dealing.deal(0);
    (await asks(0)).answer(fence(2));
    await settled();
    expect(held.get('p/0')).toEqual(fence(2));
  });

  it('are claimed anew when they were dealt away and back before the claim was answered', async () => {
    const { dealing, held, asks, settled } = bench();
    dealing.deal(0);
    const early = await asks(0);
    dealing.deal();
    dealing.deal(0);
    early.answer(fence(1));
    await settled();
    expect([...held.keys()]).toEqual([]);
    (await asks(0)).answer(fence(3));
    await settled();
    expect(held.get('p/0')).toEqual(fence(3));
  });

  it('that a later claim took away come back while their partition is read here, and not when it is not', async () => {
    const { dealing, held, asks, settled, asked } = bench(0.005);
    dealing.deal(0, 1);
    for (const partition of [0, 1]) (await asks(partition)).answer(fence(1));
    await settled();
    dealing.claimed = new Set([1]);
    held.clear();
    (await asks(1)).answer(fence(3));
    await settled();
    expect(held.get('p/1')).toEqual(fence(3));
    expect(asked).toEqual([]);
    dealing.claim(0, false);
    (await asks(0)).answer(fence(3));
    await settled();
    expect([...held.keys()]).toEqual(['p/1', 'p/0']);
  });

  it('are claimed after their partition, and anew when others brought events of it to the tables', async () => {
    const { dealing, held, asks, settled, asked } = bench();
    dealing.claimed = new Set();
    dealing.deal(0);
    await settled();
    expect(asked).toEqual([]);
    dealing.claim(0, true);
    (await asks(0)).answer(fence(1));
    await settled();
    dealing.claim(0, false);
    await settled();
    expect(asked).toEqual([]);
    expect(held.get('p/0')).toEqual(fence(1));
    dealing.claim(0, true);
    expect(held.size).toBe(0);
    (await asks(0)).answer(fence(2));
    await settled();
    expect(held.get('p/0')).toEqual(fence(2));
  });

  it('are claimed anew when the topic has another number of partitions: their jobs are others', async () => {
    const { dealing, held, asks, settled } = bench();
    dealing.deal(0);
    (await asks(0)).answer(fence(1));
    await settled();
    dealing.count = 8;
    dealing.deal(0);
    expect([...held.keys()]).toEqual([]);
    (await asks(0)).answer(fence(2));
    await settled();
    expect(held.get('p/0')).toEqual(fence(2));
  });

  it('are claimed again until it succeeds', async () => {
    const { dealing, held, asks, settled } = bench();
    dealing.deal(0);
    (await asks(0)).refuse(new Error('tables away'));
    (await asks(0)).refuse(new Error('tables away'));
    (await asks(0)).answer(fence(1));
    await settled();
    expect([...held.keys()]).toEqual(['p/0']);
  });
});
