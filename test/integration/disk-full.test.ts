import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DrillProcess } from '../drill/drill-process.ts';
import { headwayCommand } from '../drill/product-process.ts';
import { eventually } from '../support/loopback.ts';
import { canMountSmallDisk, fillDisk, onSmallDisk } from '../support/small-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const canMount = canMountSmallDisk();
const NAME = 'the embedded product on a disk that fills up';

async function stepsOf(url: string): Promise<number[]> {
  const steps: number[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const response = await fetch(
      `${url}/v1/jobs/j/steps?limit=1000${cursor === '' ? '' : `&cursor=${cursor}`}`,
    );
    const page = (await response.json()) as { steps: { step: number }[]; next: string | null };
    steps.push(...page.steps.map(({ step }) => step));
    cursor = page.next;
  }
  return steps;
}

describe(canMount ? NAME : `${NAME} [skipped: no small disk can be mounted here]`, () => {
  it.skipIf(!canMount)(
    'refuses with 503, goes on answering, and takes in again what it can',
    {
      timeout: 180_000,
    },
    async () => {
      const folder = await temporaryFolder();
      const file = join(await temporaryFolder(), 'headway.yaml');
      // Nothing but the disk itself is to say no.
      await writeFile(
        file,
        'spool: { disk_free_bytes_min: 0, retry_max_s: 1 }\nanalyzer: { interval_s: 1 }\n',
      );
      const said: string[] = [];
      const command = headwayCommand('start', ['--config', file, '--data', folder, '--port', '0']);
      const product = new DrillProcess(onSmallDisk(folder, '200m', command), (line) => said.push(line));
      onTestFinished(() => product.kill());
      const url = await product.url;
      if (url === null) throw new Error(`it did not start: ${said.join('\n')}`);
      const acknowledged: number[] = [];
      let next = 0;
      const post = async () => {
        const step = next++;
        const event = {
          type: 'step',
          job: 'j',
          step,
          start_us: step * 1_000_000,
          end_us: step * 1_000_000 + 900_000,
        };
        const response = await fetch(`${url}/v1/events`, { method: 'POST', body: JSON.stringify(event) });
        if (response.ok) acknowledged.push(step);
        return response;
      };
      for (let n = 0; n < 100; n++) expect((await post()).status).toBe(200);

      const makeRoom = await fillDisk(product.pid, folder);
      // What the last page of a file still has room for may go through.
      const refused = await eventually(
        async () => {
          const response = await post();
          return response.ok ? undefined : response;
        },
        { every_ms: 1 },
      );
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      for (let n = 0; n < 20; n++) await post();
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
      expect((await fetch(`${url}/v1/jobs`)).status).toBe(200);
      expect(await (await fetch(`${url}/metrics`)).text()).toMatch(
        /^headway_bus_refused_publishes_total\{reason="disk_full"\} [1-9]/m,
      );

      await makeRoom();
      await eventually(async () => (await post()).ok || undefined);
      for (let n = 0; n < 20; n++) expect((await post()).status).toBe(200);
      // What was acknowledged before and meanwhile comes to the tables now.
      const steps = await eventually(
        async () => {
          const found = await stepsOf(url);
          return acknowledged.every((step) => found.includes(step)) ? found : undefined;
        },
        { describe: () => said.join('\n') },
      );
      expect(acknowledged.filter((step) => !steps.includes(step))).toEqual([]);
      expect(steps.length).toBe(new Set(steps).size);
      expect(await product.stop(), said.join('\n')).toBe(0);
    },
  );
});
