import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../../domain/events.ts';
import type { Batch } from '../../../../platform/bus/bus.ts';
import {
  BadRunEventBatch,
  decodeRunEvents,
  encodeRunEvents,
} from '../../../../platform/bus/run-event-batch.ts';

const step = (job: string, number: number): RunEvent => ({
  type: 'step',
  job,
  step: number,
  start_us: number,
});
const EVENTS: readonly RunEvent[] = [
  step('a', 1),
  { type: 'node_state', node: 'n1', time_us: 5, state: 'draining' },
  step('b', 1),
  step('a', 2),
  { type: 'fault', node: 'n1', time_us: 6, code: 'xid:79' },
  { type: 'fault', node: 'n1', time_us: 7, code: 'xid:79', job: 'b', message: 'line\nbreak' },
];

describe('run events on the bus', () => {
  it('make one batch a job, in order, and one of the events of no job', () => {
    const batches = encodeRunEvents(EVENTS, 1234);
    expect(batches.map(({ key, rows }) => [key, rows])).toEqual([
      ['a', 2],
      ['', 2],
      ['b', 2],
    ]);
    expect(new Set(batches.map(({ id }) => id)).size).toBe(3);
  });

  it('come back as they were', () => {
    const lines = encodeRunEvents(EVENTS, 1234).flatMap((batch) => decodeRunEvents(batch));
    expect(lines.every(({ received_at_ms }) => received_at_ms === 1234)).toBe(true);
    const order = [0, 3, 1, 4, 2, 5];
    expect(lines.map(({ event }) => event)).toEqual(order.map((index) => EVENTS[index]));
  });

  it.each([
    ['{"received_at_ms":1,"event":{"type":"step"}}\nnot json\n', 1, /line 2/],
    ['{"received_at_ms":1}\n', 1, /line 1.*received_at_ms, event/],
    ['{"received_at_ms":1,"event":{"type":"step"}}\n', 2, /schema version 2/],
  ])('are refused with the line when they are not: %j', (text, schemaVersion, message) => {
    const batch: Batch = {
      id: 'x',
      kind: 'run_events',
      schemaVersion,
      key: '',
      rows: 1,
      body: Buffer.from(text),
    };
    expect(() => decodeRunEvents(batch)).toThrow(BadRunEventBatch);
    expect(() => decodeRunEvents(batch)).toThrow(message);
  });
});
