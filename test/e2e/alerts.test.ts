import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { startDemo } from '../../cli/demo.ts';
import { silentLog } from '../../platform/log.ts';
import { HEADWAY_DEFAULTS } from '../../services/all-in-one/config.ts';
import { startAlertChain } from '../support/alert-chain.ts';
import { eventually, hasProgram } from '../support/loopback.ts';

const PROGRAMS = ['vmalert', 'prometheus-alertmanager'];
const missing = PROGRAMS.filter((name) => !hasProgram(name));

const cleanUp: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const step of cleanUp.reverse()) await step();
});

describe.skipIf(missing.length > 0)(
  `the demo's failure reaches a person [needs ${PROGRAMS.join(', ')}]`,
  () => {
    it('once, with culprit, cost and what to do, and resolves', { timeout: 180_000 }, async () => {
      const data_dir = await mkdtemp(join(tmpdir(), 'headway-e2e-'));
      cleanUp.push(() => rm(data_dir, { recursive: true, force: true }));
      const config = { ...HEADWAY_DEFAULTS, data_dir, server: { ...HEADWAY_DEFAULTS.server, port: 0 } };
      const demo = await startDemo(config, {
        scenario: 'xid79',
        seed: 1,
        log: silentLog,
        simulator: { backfill_s: 120, trouble_after_s: 10, calm_s: 3600 },
      });
      cleanUp.push(demo.stop);
      const chain = await startAlertChain(demo.url);
      cleanUp.push(chain.stop);

      const hung = () => chain.received.filter(({ labels }) => labels['alertname'] === 'HeadwayJobHung');
      const resolved = await eventually(() => hung().find(({ status }) => status === 'resolved'), {
        limit_ms: 150_000,
        describe: () => `${JSON.stringify(chain.received)}\n${chain.output()}`,
      });
      const firing = hung().filter(({ status }) => status === 'firing');
      expect(firing).toHaveLength(1);
      const [incident] = demo.cluster.truth().incidents;
      const annotations = firing[0]?.annotations ?? {};
      expect(firing[0]?.labels).toMatchObject({ job: demo.cluster.job, severity: 'page' });
      expect(annotations['summary']).toContain(demo.cluster.job);
      expect(annotations['cause']).toContain(incident?.node ?? 'a node');
      expect(annotations['cause']).toContain('xid:79');
      expect(annotations['cost']).toMatch(/[\d.]+ device-hours so far, 16 devices held/);
      const runbook = await fetch(annotations['runbook_url'] ?? '');
      expect(runbook.status).toBe(200);
      expect(resolved.startsAt).toBe(firing[0]?.startsAt);
    });
  },
);
