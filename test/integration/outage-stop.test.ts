import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { DrillProcess } from '../drill/drill-process.ts';
import { headwayCommand } from '../drill/product-process.ts';
import { freePort } from '../support/loopback.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

it('a collector that is stopped while no broker answers ends in order, with what it was given on its disk', {
  timeout: 90_000,
}, async () => {
  const folder = await temporaryFolder();
  const file = join(folder, 'headway.yaml');
  const brokers = [`127.0.0.1:${await freePort()}`];
  // Kafka may take longer than a stop.
  const settings = {
    kafka: { brokers, writer: { publish_timeout_s: 300 } },
    cluster: { stop_timeout_s: 60 },
  };
  await writeFile(file, stringify(settings));
  const said: string[] = [];
  const data = join(folder, 'data');
  const command = headwayCommand('collector', ['--config', file, '--data', data, '--port', '0']);
  const collector = new DrillProcess(command, (line) => said.push(line));
  onTestFinished(() => collector.kill());
  const url = await collector.url;
  if (url === null) throw new Error(`the collector did not start: ${said.join('\n')}`);
  const posted = fetch(`${url}/v1/events`, { method: 'POST', body: '{"type":"job","job":"a"}' });
  // It is under way.
  await sleep(500);
  expect(await collector.stop(), said.join('\n')).toBe(0);
  expect((await posted).status).toBe(200);
  expect(await readdir(join(data, 'spool', 'segments'))).toEqual(['0000000001.segment']);
});
