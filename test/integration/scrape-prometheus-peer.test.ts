import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTargetScraper } from '../../services/collector/receivers/scrape.ts';
import { describeWithFixtures, fixturePath } from '../support/fixtures.ts';
import { eventually } from '../support/loopback.ts';
import { type PageServer, startPageServer } from '../support/page-server.ts';
import { describeWithPrograms, type PrometheusServer, startPrometheus } from '../support/prometheus.ts';
import { openScrapeThread, type PromSample, type ScrapeThread, samplesOf } from '../support/scrape-thread.ts';

/** Written here: label conflicts, escapes, empty labels, every kind of number, lines without HELP. */
const AWKWARD = [
  '# TYPE plain gauge',
  'plain 1',
  'plain_labels { b = "2" , a="1", } 2.5',
  'conflict{job="theirs",instance="there",rack="r9",exported_rack="older"} 3',
  'escapes{path="C:\\\\tmp",quote="say \\"hi\\"",lines="a\\nb",raw="\\d"} 4',
  'empty{pod="",namespace="x"} 5',
  'unicode{pod="größe"} 6',
  'numbers{n="nan"} NaN',
  'numbers{n="inf"} +Inf',
  'numbers{n="minus"} -Inf',
  'numbers{n="exponent"} 1.5e-7',
  'numbers{n="int64"} 9007199254740993',
  'numbers{n="fraction"} 0.1234567890123456789',
  'numbers{n="zero"} -0',
  'numbers{n="large"} 1.7976931348623157e308',
  'DCGM_FI_DEV_GPU_UTIL{gpu="0",UUID="GPU-0",Hostname="n1"} 29',
  'DCGM_FI_DEV_GPU_UTIL{gpu="1",UUID="GPU-1",Hostname="n1",job="theirs"} 35',
  'DCGM_FI_DEV_FB_USED{gpu="0",UUID="GPU-0",Hostname="n1"} 81037',
  'DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION{gpu="0",UUID="GPU-0",Hostname="n1"} 123456789012345',
  'DCGM_FI_DEV_THERMAL_VIOLATION{gpu="0",UUID="GPU-0",Hostname="n1"} 1234567890123456789',
  'DCGM_FI_DEV_XID_ERRORS{gpu="0",UUID="GPU-0",Hostname="n1",err_code="79",err_msg="off the bus"} 79',
  'gpu_energy_consumed{gpu_uuid="u",gpu_id="0",hostname="n2"} 1234567890123457',
  'gpu_prof_sm_active{gpu_uuid="u",gpu_id="0",hostname="n2"} 12.345678901234567',
  '',
].join('\n');

/** Scrape health differs by the scrape, not by the reading of the page. */
const COMPARED = '{job="peer",__name__!~"scrape_.*"}';

let thread: ScrapeThread;
let prometheus: PrometheusServer;
const servers: PageServer[] = [];

beforeAll(async () => {
  thread = await openScrapeThread();
  const names = ['01_l4_full_default_csv.prom', '02_h100x8_k8s_pods_no_help_lines.prom'];
  const pages = [AWKWARD];
  for (const name of names) {
    try {
      pages.push(readFileSync(fixturePath(`dcgm/${name}`), 'utf8'));
    } catch {
      // Without the public inputs the page written here is compared alone.
    }
  }
  for (const page of pages) servers.push(await startPageServer(page));
  const targets = servers.map(({ target }) => target);
  prometheus = await startPrometheus({
    config: `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: peer
    static_configs: [{targets: ${JSON.stringify(targets)}, labels: {rack: r1}}]
`,
  });
  for (const target of targets) {
    const own = thread.target({ name: 'peer', targets: [target], labels: { rack: 'r1' } });
    await createTargetScraper(own, thread.dependencies).scrape(new AbortController().signal);
  }
});
afterAll(async () => {
  await prometheus?.stop();
  for (const server of servers) await server.close();
  await thread.close();
});

async function fromPrometheus(): Promise<PromSample[]> {
  const ask = async (query: string) =>
    samplesOf(await fetch(`${prometheus.url}/api/v1/query?${new URLSearchParams({ query })}`));
  return eventually(async () => {
    const up = await ask('up{job="peer"} == 1');
    return up.length === servers.length ? ask(COMPARED) : undefined;
  });
}

/** How a number is written is a matter of the door's own tests; here it is the number that counts. */
function numberText(value: string): string {
  return /Inf|NaN|^-0$/.test(value) ? value : Number(value).toExponential();
}

/** Each series as one text, with its value, in order. */
function texts(samples: readonly PromSample[]): string[] {
  return samples
    .map(({ metric, value }) => `${JSON.stringify(Object.entries(metric).sort())} ${numberText(value)}`)
    .sort();
}

describeWithPrograms(['prometheus'], 'a real Prometheus scraping the same pages', () => {
  it('has the same series under the same labels with the same values', async () => {
    const theirs = await fromPrometheus();
    const ours = await thread.query(COMPARED);
    expect(theirs.length).toBeGreaterThan(20);
    // The one thing meant to differ: a sensor that is not there is no temperature.
    const expected = theirs.filter(({ metric }) => metric['__name__'] !== 'DCGM_FI_DEV_MEMORY_TEMP');
    expect(texts(ours)).toEqual(texts(expected));
  });
});

describeWithFixtures('the public pages', () => {
  it('were among them', () => {
    expect(servers.length).toBe(3);
  });
});
