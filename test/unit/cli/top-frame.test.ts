import { describe, expect, it } from 'vitest';
import { serverSentEvents } from '../../../cli/event-stream.ts';
import { topFrame } from '../../../cli/top-frame.ts';
import type { IncidentFrame, JobFrame, LedgerFrame } from '../../../services/api/stream.ts';

const NOW_MS = Date.parse('2027-01-15T08:10:00Z');
const job = (more: Partial<JobFrame> & { job: string }): JobFrame => ({
  state: 'running',
  last_step: 1234,
  last_step_at: '2027-01-15T08:09:58Z',
  mfu_ratio: 0.412,
  linearity_ratio: null,
  stalled_s: null,
  devices: 1024,
  ...more,
});
const ledgers: LedgerFrame[] = [
  { job: 'b', goodput_ratio: 0.95, goodput_5m_ratio: 1, badput_s: { startup: 10 } },
];
const hung: IncidentFrame = {
  job: 'b',
  incident: 'b/2',
  kind: 'hang',
  state: 'open',
  cause: 'nccl_timeout',
  node: 'n3',
  device: '5',
  failed_at: '2027-01-15T08:00:00Z',
};
const style = { now_ms: NOW_MS, columns: 300, color: false };

describe('a frame of top', () => {
  it('says first what stands still, for how long and because of whom', () => {
    const stalled = job({ job: 'b', state: 'hang', stalled_s: 660, last_step_at: '2027-01-15T07:59:00Z' });
    const older = {
      ...hung,
      incident: 'b/1',
      state: 'recovered',
      node: 'n1',
      failed_at: '2027-01-14T00:00:00Z',
    };
    const lines = topFrame(
      { jobs: [job({ job: 'a' }), stalled], ledgers, incidents: [hung, older] },
      style,
    ).split('\n');
    expect(lines[0]).toMatch(
      /^b makes no progress \(hang\) for 11 min 00 s: nccl_timeout on n3 device 5, 1,024 devices held/,
    );
    expect(lines[3]).toMatch(
      /^b +hang +1,234 +11 min 00 s +95\.0 % +100\.0 % +41\.2 % +- +1,024 +nccl_timeout on n3 device 5, open$/,
    );
    expect(lines[4]).toMatch(/^a +running/);
  });

  it('says that nothing stands still, and what to do where there is no job', () => {
    expect(topFrame({ jobs: [job({ job: 'a' })], ledgers: [], incidents: [] }, style)).toMatch(
      /^1 of 1 job running, none stands still/,
    );
    expect(topFrame({ jobs: [], ledgers: [], incidents: [] }, style)).toMatch(
      /^No job has sent anything yet/,
    );
  });

  it('keeps within the width, and colours only where asked', () => {
    const data = { jobs: [job({ job: 'a-job-with-a-long-name' })], ledgers: [], incidents: [] };
    for (const line of topFrame(data, { ...style, columns: 40 }).split('\n'))
      expect(line.length).toBeLessThanOrEqual(40);
    expect(topFrame(data, style)).not.toContain('\u001b');
    expect(topFrame(data, { ...style, color: true })).toContain('\u001b[32m');
  });
});

describe('server-sent events', () => {
  it('are read whole, whatever the chunks are, without comments', async () => {
    const text = 'retry: 2000\n\n: here\n\nid: x-1\nevent: job\ndata: {"a":\ndata: "ü"}\n\ndata: 2\n\n';
    const bytes = Buffer.from(text);
    async function* body() {
      for (let at = 0; at < bytes.length; at += 3) yield bytes.subarray(at, at + 3);
    }
    const events = [];
    for await (const event of serverSentEvents(body())) events.push(event);
    expect(events).toEqual([
      { id: 'x-1', event: 'job', data: '{"a":\n"ü"}' },
      { id: '', event: 'message', data: '2' },
    ]);
  });
});
