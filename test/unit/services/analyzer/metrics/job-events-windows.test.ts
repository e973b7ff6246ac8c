import { expect, it } from 'vitest';
import { canonicalEventLine } from '../../../../../domain/event-reader.ts';
import { SITE_DEFAULTS } from '../../../../../domain/report/site.ts';
import { JobEvents } from '../../../../../services/analyzer/metrics/job-events.ts';
import { slowMember } from '../../../../support/collective-records.ts';
import { START_US } from '../../../../support/training-events.ts';

const store = {
  query: () => Promise.reject(new Error('asked')),
  command: () => Promise.reject(new Error('asked')),
  insertRows: () => Promise.reject(new Error('asked')),
  insertRowBinary: () => Promise.reject(new Error('asked')),
  close: async () => {},
};

it('remembers the newest windows of collectives, touches no past with them, and forgets old ones', () => {
  const events = new JobEvents('a', store, {
    site: SITE_DEFAULTS,
    rates: { window_steps: 20, normal_steps_min: 20 },
  });
  const rows = slowMember('a', 400).map((event, index) => ({
    event_id: String(index),
    received_ms: 1,
    told_us: event.start_us,
    body: canonicalEventLine(event),
  }));
  expect(events.take(rows)).toBeUndefined();
  expect(events.take(rows)).toBeUndefined();
  expect(events.all()).toEqual([]);
  // 400 s of windows of 10 s, eight members each; the newest 120 s are kept
  const end_us = START_US + 420e6;
  expect(events.windows(0, end_us)).toHaveLength(12 * 8);
  expect(events.windows(end_us - 60e6, end_us)).toHaveLength(6 * 8);
  expect(events.windows(0, end_us - 60e6)).toHaveLength(6 * 8);
});
