import type { Clock } from '../../platform/clock.ts';
import type { Log } from '../../platform/log.ts';
import type { ApiConfig } from './config.ts';
import type { Engine } from './promql/engine.ts';
import { toRecord } from './promql/labels.ts';

/** What a job looks like in the stream: read off its live series, so it costs the same for a job of any length. */
export interface JobFrame {
  readonly job: string;
  readonly state: string | null;
  readonly last_step: number | null;
  /** RFC 3339. */
  readonly last_step_at: string | null;
  /** `mm_causal`. */
  readonly mfu_ratio: number | null;
  /** By tokens. */
  readonly linearity_ratio: number | null;
  readonly stalled_s: number | null;
  readonly devices: number | null;
}

/** Where the time of a job went, as of its newest account. */
export interface LedgerFrame {
  readonly job: string;
  /** goodput_runtime of the run and of the last five minutes. */
  readonly goodput_ratio: number | null;
  readonly goodput_5m_ratio: number | null;
  /** Seconds of the run by bucket, `productive` not among them. */
  readonly badput_s: Readonly<Record<string, number>>;
}

export interface IncidentFrame {
  readonly job: string;
  readonly incident: string;
  readonly kind: string;
  readonly state: string;
  readonly cause: string | null;
  readonly node: string | null;
  readonly device: string | null;
  /** RFC 3339. */
  readonly failed_at: string | null;
}

/**
 * One event of `/v1/stream`. `snapshot`: everything, sent first and after a gap that cannot be filled; `job`: state,
 * step or speed of a job changed; `ledger`: its account did; `incident`: one is new or changed.
 */
export type StreamMessage =
  | {
      readonly type: 'snapshot';
      readonly data: {
        readonly jobs: readonly JobFrame[];
        readonly ledgers: readonly LedgerFrame[];
        readonly incidents: readonly IncidentFrame[];
      };
    }
  | { readonly type: 'job'; readonly data: JobFrame }
  | { readonly type: 'ledger'; readonly data: LedgerFrame }
  | { readonly type: 'incident'; readonly data: IncidentFrame };

export interface StreamEvent {
  /** Rises by one; unique with the stream's epoch. */
  readonly number: number;
  readonly job: string | null;
  readonly message: StreamMessage;
}

export interface Frames {
  readonly jobs: ReadonlyMap<string, JobFrame>;
  readonly ledgers: ReadonlyMap<string, LedgerFrame>;
  readonly incidents: ReadonlyMap<string, IncidentFrame>;
}

const SERIES = {
  state: 'headway_job_state',
  last_step: 'headway_job_last_step',
  last_step_at: 'headway_job_last_step_timestamp_seconds',
  goodput: 'headway_job_goodput_ratio{ratio="goodput_runtime",window="run"}',
  goodput_5m: 'headway_job_goodput_ratio{ratio="goodput_runtime",window="5m"}',
  badput: 'headway_job_badput_seconds',
  mfu: 'headway_job_mfu_ratio{convention="mm_causal"}',
  linearity: 'headway_job_linearity_ratio{definition="tokens"}',
  stalled: 'headway_job_stalled_seconds',
  devices: 'headway_job_devices',
  incidents: 'headway_incident_info',
  incident_starts: 'headway_incident_start_timestamp_seconds',
} as const;

/** The live series of all jobs, as of now. */
export async function readFrames(engine: Engine, now_ms: number): Promise<Frames> {
  const names = Object.keys(SERIES) as (keyof typeof SERIES)[];
  const answers = new Map(
    await Promise.all(
      names.map(async (name) => [name, await samplesOf(engine, SERIES[name], now_ms)] as const),
    ),
  );
  const numbers = (name: keyof typeof SERIES) =>
    new Map((answers.get(name) ?? []).map(({ labels, value }) => [labels['job'] ?? '', value] as const));
  const by = {
    last_step: numbers('last_step'),
    last_step_at: numbers('last_step_at'),
    mfu: numbers('mfu'),
    linearity: numbers('linearity'),
    stalled: numbers('stalled'),
    devices: numbers('devices'),
  };
  const states = new Map(
    (answers.get('state') ?? []).map(({ labels }) => [labels['job'] ?? '', labels['state'] ?? null] as const),
  );
  const jobs = new Map<string, JobFrame>();
  for (const job of new Set([...states.keys(), ...by.last_step.keys()])) {
    const at_s = by.last_step_at.get(job);
    jobs.set(job, {
      job,
      state: states.get(job) ?? null,
      last_step: by.last_step.get(job) ?? null,
      last_step_at: at_s === undefined ? null : new Date(at_s * 1000).toISOString(),
      mfu_ratio: by.mfu.get(job) ?? null,
      linearity_ratio: by.linearity.get(job) ?? null,
      stalled_s: by.stalled.get(job) ?? null,
      devices: by.devices.get(job) ?? null,
    });
  }
  const badput = answers.get('badput') ?? [];
  return {
    jobs,
    ledgers: ledgersOf(jobs.keys(), numbers('goodput'), numbers('goodput_5m'), badput),
    incidents: incidentsOf(answers.get('incidents') ?? [], answers.get('incident_starts') ?? []),
  };
}

function ledgersOf(
  jobs: Iterable<string>,
  goodput: ReadonlyMap<string, number>,
  goodput_5m: ReadonlyMap<string, number>,
  badput: readonly Found[],
): Map<string, LedgerFrame> {
  const buckets = new Map<string, Record<string, number>>();
  for (const { labels, value } of badput) {
    const own = buckets.get(labels['job'] ?? '') ?? {};
    own[labels['bucket'] ?? ''] = value;
    buckets.set(labels['job'] ?? '', own);
  }
  return new Map(
    Array.from(jobs, (job) => [
      job,
      {
        job,
        goodput_ratio: goodput.get(job) ?? null,
        goodput_5m_ratio: goodput_5m.get(job) ?? null,
        badput_s: buckets.get(job) ?? {},
      },
    ]),
  );
}

type Found = { readonly labels: Record<string, string>; readonly value: number };

async function samplesOf(engine: Engine, query: string, now_ms: number): Promise<Found[]> {
  const result = await engine.instant(query, now_ms);
  if (result.type !== 'vector') return [];
  return result.vector.map(({ labels, value }) => ({ labels: toRecord(labels), value }));
}

function incidentsOf(samples: readonly Found[], starts: readonly Found[]): Map<string, IncidentFrame> {
  const startOf = new Map(starts.map(({ labels, value }) => [labels['incident'] ?? '', value] as const));
  const textOf = (text: string | undefined) => (text === undefined || text === '' ? null : text);
  return new Map(
    samples.map(({ labels }) => {
      const incident = labels['incident'] ?? '';
      const at_s = startOf.get(incident);
      return [
        incident,
        {
          job: labels['job'] ?? '',
          incident,
          kind: labels['kind'] ?? '',
          state: labels['state'] ?? '',
          cause: textOf(labels['cause']),
          node: textOf(labels['node']),
          device: textOf(labels['device']),
          failed_at: at_s === undefined ? null : new Date(at_s * 1000).toISOString(),
        },
      ] as const;
    }),
  );
}

/** What changed between two looks. */
export function changesBetween(before: Frames, after: Frames): StreamMessage[] {
  const isNew = <T>(known: T | undefined, now: T) => JSON.stringify(known) !== JSON.stringify(now);
  const jobs = [...after.jobs.values()].filter((frame) => isNew(before.jobs.get(frame.job), frame));
  const ledgers = [...after.ledgers.values()].filter((frame) => isNew(before.ledgers.get(frame.job), frame));
  const incidents = [...after.incidents].filter(([id, frame]) => isNew(before.incidents.get(id), frame));
  return [
    ...jobs.map((data): StreamMessage => ({ type: 'job', data })),
    ...ledgers.map((data): StreamMessage => ({ type: 'ledger', data })),
    ...incidents.map(([, data]): StreamMessage => ({ type: 'incident', data })),
  ];
}

export interface StreamSubscription {
  /** The next event; undefined when `wait_ms` passed without one. Throws {@link StreamClosed}. */
  next(wait_ms: number): Promise<StreamEvent | undefined>;
  close(): void;
}

/** No more comes of this subscription: its reader was too slow, or the server stops. It has to come back for a snapshot. */
export class StreamClosed extends Error {}

export interface StreamHub {
  /** Text of an event's id, which a reader sends back as `Last-Event-ID`. */
  idOf(event: StreamEvent): string;
  /** Undefined when as many listen as may. */
  subscribe(last_id: string | undefined, job: string | undefined): Promise<StreamSubscription | undefined>;
  readonly subscribers: number;
}

export interface StreamParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly config: Pick<ApiConfig, 'stream_interval_s' | 'stream_subscribers_max' | 'stream_events_max'>;
  /** Ends every subscription: an orderly stop must not wait for listeners. */
  readonly closing?: AbortSignal | undefined;
  readonly log?: Log | undefined;
}

const NOTHING: Frames = { jobs: new Map(), ledgers: new Map(), incidents: new Map() };

/** Looks for changes while somebody listens, once for all of them. */
export function createStreamHub({ engine, clock, config, closing, log }: StreamParts): StreamHub {
  // Another process numbers from 1 again: its ids must not be taken for ours.
  const epoch = Math.floor(clock.now_us() / 1000).toString(36);
  const events: StreamEvent[] = [];
  const waiting = new Set<() => void>();
  let frames: Frames = NOTHING;
  let number = 0;
  let subscribers = 0;
  let timer: NodeJS.Timeout | undefined;
  const append = (message: StreamMessage) => {
    number += 1;
    const job = message.type === 'snapshot' ? null : message.data.job;
    events.push({ number, job, message });
    if (events.length > config.stream_events_max) events.shift();
  };
  const look = async () => {
    try {
      const now = await readFrames(engine, Math.floor(clock.now_us() / 1000));
      const changes = changesBetween(frames, now);
      frames = now;
      for (const change of changes) append(change);
      if (changes.length > 0) for (const wake of [...waiting]) wake();
    } catch (error) {
      // at a stop the tables are closed under a look that was under way
      if (closing?.aborted !== true)
        log?.warn('the stream could not look for changes', { error: String(error) });
    }
  };
  const again = () => {
    timer = setTimeout(async () => {
      await look();
      if (subscribers > 0 && closing?.aborted !== true) again();
    }, config.stream_interval_s * 1000);
    timer.unref();
  };
  closing?.addEventListener('abort', () => {
    clearTimeout(timer);
    for (const wake of [...waiting]) wake();
  });
  const snapshotFor = (job: string | undefined): StreamEvent => {
    const isWanted = (frame: { readonly job: string }) => job === undefined || frame.job === job;
    const data = {
      jobs: [...frames.jobs.values()].filter(isWanted),
      ledgers: [...frames.ledgers.values()].filter(isWanted),
      incidents: [...frames.incidents.values()].filter(isWanted),
    };
    return { number, job: null, message: { type: 'snapshot', data } };
  };
  const wake = (wait_ms: number) =>
    new Promise<void>((resolve) => {
      const limit = setTimeout(done, wait_ms);
      function done() {
        clearTimeout(limit);
        waiting.delete(done);
        resolve();
      }
      waiting.add(done);
    });
  return {
    get subscribers() {
      return subscribers;
    },
    idOf: (event) => `${epoch}-${event.number}`,
    async subscribe(last_id, job) {
      if (subscribers >= config.stream_subscribers_max) return undefined;
      subscribers += 1;
      if (subscribers === 1) {
        await look();
        again();
      }
      const resumed = positionOf(last_id, epoch, number, events[0]?.number ?? 1);
      let position = resumed ?? number;
      let first = resumed === undefined ? snapshotFor(job) : undefined;
      let isOpen = true;
      return {
        async next(wait_ms) {
          if (first !== undefined) {
            const event = first;
            first = undefined;
            return event;
          }
          for (let waited = false; ; waited = true) {
            if (closing?.aborted === true) throw new StreamClosed('the server stops');
            const oldest = events[0]?.number ?? number + 1;
            if (position + 1 < oldest) throw new StreamClosed('events were dropped before they were read');
            const found = events
              .slice(position + 1 - oldest)
              .find((event) => job === undefined || event.job === job);
            position = found?.number ?? number;
            // a closed one must not answer at once for ever: whoever asks on would never give way
            if (!isOpen) throw new StreamClosed('the reader has gone');
            if (found !== undefined || waited) return found;
            await wake(wait_ms);
          }
        },
        close() {
          if (!isOpen) return;
          isOpen = false;
          subscribers -= 1;
          if (subscribers === 0) clearTimeout(timer);
        },
      };
    },
  };
}

/** After which event a reader goes on; undefined: what it missed is not here any more, or never was. */
function positionOf(
  last_id: string | undefined,
  epoch: string,
  newest: number,
  oldest: number,
): number | undefined {
  const parts = /^([0-9a-z]+)-(\d+)$/.exec(last_id ?? '');
  if (parts === null || parts[1] !== epoch) return undefined;
  const position = Number(parts[2]);
  return position <= newest && position + 1 >= oldest ? position : undefined;
}
