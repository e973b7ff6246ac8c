import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../simulator/random.ts';
import type { Cluster } from './cluster.ts';
import type { CutProxy } from './cut-proxy.ts';
import type { Member } from './member.ts';

/** Something that happens to a cluster, and is over again when it resolves. */
export interface Fault {
  readonly kind: string;
  /** Which of the cluster it happens to; two of one place never happen at a time. */
  readonly place: string;
  run(): Promise<void>;
}

interface Kind {
  readonly kind: string;
  /** How often among all. */
  readonly weight: number;
  readonly places: (cluster: Cluster) => readonly string[];
  readonly happens: (cluster: Cluster, place: string, random: Random) => () => Promise<void>;
}

/** Faults of every kind, as often as they weigh, in an order that the seed decides. */
export function deckOf(cluster: Cluster, count: number, random: Random): Fault[] {
  const total = KINDS.reduce((sum, { weight }) => sum + weight, 0);
  const cards: Kind[] = [];
  let owed = 0;
  for (const kind of KINDS) {
    owed += (kind.weight * count) / total;
    while (cards.length < Math.round(owed)) cards.push(kind);
  }
  shuffle(cards, random);
  return cards.map(({ kind, places, happens }) => {
    const all = places(cluster);
    const place = all[random.below(all.length)] ?? '';
    return { kind, place, run: happens(cluster, place, random) };
  });
}

const COLLECTORS = ({ collectors }: Cluster) => collectors.map(({ name }) => name);
const ANALYZERS = ({ analyzers }: Cluster) => analyzers.map(({ name }) => name);
const STORE = () => ['store'];
const API = () => ['api'];
/** One node at a time: with two of three away nothing can be acknowledged. */
const BROKERS = () => ['broker'];

const KINDS: readonly Kind[] = [
  { kind: 'collector killed', weight: 12, places: COLLECTORS, happens: killed },
  { kind: 'collector stopped and started', weight: 4, places: COLLECTORS, happens: stopped },
  { kind: 'collector suspended', weight: 6, places: COLLECTORS, happens: suspended(500, 4000) },
  { kind: 'analyzer killed', weight: 16, places: ANALYZERS, happens: killed },
  { kind: 'analyzer stopped and started', weight: 9, places: ANALYZERS, happens: stopped },
  // longer than the group waits for it: it wakes up to partitions that are another's
  { kind: 'analyzer suspended', weight: 9, places: ANALYZERS, happens: suspended(5000, 9000) },
  { kind: 'api killed', weight: 4, places: API, happens: killed },
  { kind: 'store killed', weight: 10, places: STORE, happens: killed },
  { kind: 'store suspended', weight: 3, places: STORE, happens: suspended(500, 4000) },
  { kind: 'way to the store cut', weight: 7, places: ANALYZERS, happens: cut },
  { kind: 'way to the store stalled', weight: 3, places: ANALYZERS, happens: stalled },
  { kind: 'late writer', weight: 10, places: ANALYZERS, happens: lateWriter },
  { kind: 'broker killed', weight: 5, places: BROKERS, happens: broker('kill') },
  { kind: 'broker stopped and started', weight: 5, places: BROKERS, happens: broker('stopNode') },
  { kind: 'broker suspended', weight: 4, places: BROKERS, happens: brokerSuspended },
];

function memberOf(cluster: Cluster, place: string): Member {
  const member = cluster.members.find(({ name }) => name === place);
  if (member === undefined) throw new Error(`the cluster has no ${place}`);
  return member;
}

function killed(cluster: Cluster, place: string, random: Random): () => Promise<void> {
  const member = memberOf(cluster, place);
  const away_ms = random.uniform() * AWAY_MS;
  return async () => {
    await member.kill();
    await sleep(away_ms);
    await member.start();
  };
}

function stopped(cluster: Cluster, place: string, random: Random): () => Promise<void> {
  const member = memberOf(cluster, place);
  const away_ms = random.uniform() * AWAY_MS;
  return async () => {
    await member.stop();
    await sleep(away_ms);
    await member.start();
  };
}

function suspended(least_ms: number, most_ms: number): Kind['happens'] {
  return (cluster, place, random) => {
    const member = memberOf(cluster, place);
    const for_ms = least_ms + random.uniform() * (most_ms - least_ms);
    return async () => {
      member.suspend();
      await sleep(for_ms);
      member.resume();
    };
  };
}

function wayOf(cluster: Cluster, place: string): CutProxy {
  const way = cluster.ways.get(place);
  if (way === undefined) throw new Error(`${place} has no way to the store`);
  return way;
}

function cut(cluster: Cluster, place: string, random: Random): () => Promise<void> {
  const way = wayOf(cluster, place);
  const times = 1 + random.below(4);
  const pauses = Array.from({ length: times }, () => random.uniform() * 500);
  return async () => {
    for (const pause_ms of pauses) {
      way.cut();
      await sleep(pause_ms);
    }
  };
}

function stalled(cluster: Cluster, place: string, random: Random): () => Promise<void> {
  const way = wayOf(cluster, place);
  const for_ms = 500 + random.uniform() * 3500;
  return async () => {
    way.stall();
    await sleep(for_ms);
    way.resume();
  };
}

/** What it was writing stays on the way, and arrives when its partitions were another's for some time. */
function lateWriter(cluster: Cluster, place: string, random: Random): () => Promise<void> {
  const member = memberOf(cluster, place);
  const way = wayOf(cluster, place);
  const under_way_ms = 200 + random.uniform() * 1000;
  const for_ms = 6000 + random.uniform() * 4000;
  return async () => {
    way.stall();
    await sleep(under_way_ms);
    member.suspend();
    await sleep(for_ms);
    way.resume();
    await sleep(LATE_MS);
    member.resume();
  };
}

function broker(how: 'kill' | 'stopNode'): Kind['happens'] {
  return (cluster, _, random) => {
    const node = random.below(cluster.broker.brokers.length);
    const away_ms = random.uniform() * BROKER_AWAY_MS;
    return async () => {
      await cluster.broker[how](node);
      await sleep(away_ms);
      await cluster.broker.restart(node);
    };
  };
}

/** Some of these are shorter than its leaders' leases and some are longer. */
function brokerSuspended(cluster: Cluster, _: string, random: Random): () => Promise<void> {
  const node = random.below(cluster.broker.brokers.length);
  const for_ms = 1000 + random.uniform() * 6000;
  return async () => {
    await cluster.broker.suspend(node);
    await sleep(for_ms);
    cluster.broker.resume(node);
  };
}

function shuffle<T>(list: T[], random: Random): void {
  for (let at = list.length - 1; at > 0; at--) {
    const other = random.below(at + 1);
    const [a, b] = [list[at], list[other]];
    if (a === undefined || b === undefined) continue;
    list[at] = b;
    list[other] = a;
  }
}

const AWAY_MS = 1500;
const LATE_MS = 200;
const BROKER_AWAY_MS = 4000;
