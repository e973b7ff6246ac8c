import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { withoutCopies } from '../../platform/bus/kafka/copies.ts';
import { decodeRunEvents } from '../../platform/bus/run-event-batch.ts';
import { DrillProcess } from '../drill/drill-process.ts';
import { headwayCommand } from '../drill/product-process.ts';
import { describeWithKafka } from '../support/kafka.ts';
import { startKafka } from '../support/kafka-broker.ts';
import { kafkaConfig, readTopic } from '../support/kafka-read-back.ts';
import { eventually } from '../support/loopback.ts';
import { canMountSmallDisk, onSmallDisk } from '../support/small-disk.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const DISK = '3m';
/** A line of about 2 kB. */
const TEXT = 'x'.repeat(1900);
const LINES = 40;

const canMount = canMountSmallDisk();

class Sender {
  readonly acknowledged: number[] = [];
  #next = 0;
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  /** Posts some events; the answer when they were not acknowledged. */
  async post(): Promise<Response | null> {
    const ids = Array.from({ length: LINES }, () => this.#next++);
    const lines = ids.map((id) =>
      JSON.stringify({ type: 'step', job: 'j', step: id, start_us: id, labels: { text: TEXT } }),
    );
    const response = await fetch(`${this.#url}/v1/events`, { method: 'POST', body: lines.join('\n') });
    if (!response.ok) return response;
    this.acknowledged.push(...ids);
    return null;
  }

  async metric(series: string): Promise<number | undefined> {
    const text = await (await fetch(`${this.#url}/metrics`)).text();
    const line = text.split('\n').find((one) => one.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  }
}

const NAME = 'a collector whose disk is full while the brokers are away';

describeWithKafka(canMount ? NAME : `${NAME} [skipped: no small disk can be mounted here]`, () => {
  it.skipIf(!canMount)(
    'refuses with 503, keeps running, and loses nothing that it acknowledged',
    {
      timeout: 180_000,
    },
    async () => {
      const broker = await startKafka();
      onTestFinished(() => broker.stop());
      const kafka = kafkaConfig(broker.brokers);
      const folder = await temporaryFolder();
      const file = join(await temporaryFolder(), 'headway.yaml');
      const { brokers, topic, partitions, replication_factor, min_insync_replicas } = kafka;
      const settings = {
        kafka: {
          ...{ brokers, topic, partitions, replication_factor, min_insync_replicas },
          writer: { publish_timeout_s: 1, request_timeout_s: 1 },
        },
        cluster: { stop_timeout_s: 60 },
        // Nothing but the disk itself is to say no.
        spool: { disk_free_bytes_min: 0, segment_bytes_max: 300_000, retry_max_s: 1 },
      };
      await writeFile(file, stringify(settings));
      const said: string[] = [];
      const command = headwayCommand('collector', ['--config', file, '--data', folder, '--port', '0']);
      const collector = new DrillProcess(onSmallDisk(folder, DISK, command), (line) => said.push(line));
      onTestFinished(() => collector.kill());
      const url = await collector.url;
      if (url === null) throw new Error(`the collector did not start: ${said.join('\n')}`);
      const sender = new Sender(url);
      expect(await sender.post()).toBeNull();
      expect(await sender.metric('headway_bus_outage')).toBe(0);

      await broker.kill(0);
      const before = sender.acknowledged.length;
      let refused = await sender.post();
      while (refused === null) refused = await sender.post();
      // Some megabytes were still acknowledged before.
      expect(sender.acknowledged.length - before).toBeGreaterThan(500);
      expect(refused.status).toBe(503);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await refused.json()).toMatchObject({
        title: 'Not stored',
        detail: expect.stringMatching(/ENOSPC/),
      });
      for (let n = 0; n < 20; n++) await sender.post();
      expect(await sender.metric('headway_bus_outage')).toBe(1);
      expect(await sender.metric('headway_bus_outage_seconds')).toBeGreaterThan(0);
      expect(await sender.metric('headway_bus_refused_publishes_total{reason="disk_full"}')).toBeGreaterThan(
        0,
      );
      expect((await fetch(`${url}/healthz`)).status).toBe(200);

      await broker.restart(0);
      await eventually(async () => (await sender.post()) === null || undefined);
      await eventually(async () => (await sender.metric('headway_bus_outage')) === 0 || undefined);
      expect(await sender.post()).toBeNull();
      expect(await sender.metric('headway_bus_spool_waiting_bytes')).toBe(0);
      expect(await collector.stop(), said.slice(-10).join('\n')).toBe(0);

      const messages = (await readTopic(kafka)).flatMap(({ decoded }) =>
        decoded.kind === 'batch' ? [decoded] : [],
      );
      const kept = withoutCopies(messages, new Map(), (one) => one).messages;
      const steps = kept
        .flatMap(({ batch }) => decodeRunEvents(batch))
        .map(({ event }) => (event.type === 'step' ? event.step : -1));
      expect(sender.acknowledged.filter((id) => !steps.includes(id))).toEqual([]);
      expect(steps.length).toBe(new Set(steps).size);
    },
  );
});
