import fc from 'fast-check';
import type { Hono } from 'hono';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../platform/clock.ts';
import { silentLog } from '../../platform/log.ts';
import { PROMQL_DEFAULTS } from '../../services/api/promql/config.ts';
import { createPromRoutesOver } from '../../services/api/routes/prom.ts';
import { describeWithPrograms, type PrometheusServer, startPrometheus } from '../support/prometheus.ts';
import { type AskedAt, compareAnswers } from '../support/prometheus-answers.ts';
import { createMemorySource } from '../support/prometheus-memory-series.ts';
import { openMetrics } from '../support/prometheus-openmetrics.ts';
import type { WrittenSeries } from '../support/prometheus-remote-write.ts';
import { conformanceSeries, SAMPLES_START_MS } from '../support/prometheus-samples.ts';

/**
 * Series of whole numbers: sums are exact in any order, so that a difference is a difference of meaning. `avg` and `sort`
 * are left out for that reason: Prometheus itself adds, and orders equal values, in an order that changes by the run.
 */
const NAMES = ['requests_total', 'level', 'constant', 'zero', 'gappy_total', 'build_info'];
const LABELS = ['job', 'instance', 'version'];

const at = (minutes: number): string => String(SAMPLES_START_MS / 1000 + minutes * 60);

const ASKED: readonly AskedAt[] = [
  { path: 'query', parameters: { time: at(31) } },
  { path: 'query_range', parameters: { start: at(3), end: at(58), step: '97s' } },
];

const labelList = fc.subarray(LABELS).map((labels) => `(${labels.join(', ')})`);
const modifier = fc.constantFrom(
  '',
  '',
  '',
  ' offset 2m',
  ' offset -90s',
  ` @ ${at(20)}`,
  ' @ start()',
  ' @ end() offset 1m',
);
const matchers = fc.constantFrom(
  '',
  '',
  '{job="alpha"}',
  '{instance=~"node-[01].*"}',
  '{job!="beta"}',
  '{version!~"1.*"}',
);
const selector = fc.tuple(fc.constantFrom(...NAMES), matchers).map((parts) => parts.join(''));
const window = fc.constantFrom('1m', '5m', '17m', '40s');

/** Expressions by their type, as deep as `depth`; built from texts, for the parser is under test too. */
const { vector } = fc.letrec<{ vector: string; scalar: string; operand: string }>((tie) => ({
  scalar: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom('0', '1', '2', '-3', '0.5', '7', '1e2'),
    fc
      .tuple(tie('scalar'), fc.constantFrom('+', '-', '*', '/', '%'), tie('scalar'))
      .map((parts) => `(${parts.join(' ')})`),
    tie('vector').map((inner) => `scalar(${inner})`),
  ),
  operand: fc.oneof(tie('vector'), tie('scalar')),
  vector: fc.oneof(
    { maxDepth: 4 },
    fc.tuple(selector, modifier).map((parts) => parts.join('')),
    fc.tuple(selector, modifier).map((parts) => parts.join('')),
    fc
      .tuple(
        fc.constantFrom(
          'rate',
          'increase',
          'delta',
          'changes',
          'resets',
          'sum_over_time',
          'count_over_time',
          'last_over_time',
          'max_over_time',
          'irate',
          'idelta',
          'absent_over_time',
        ),
        selector,
        window,
        modifier,
      )
      .map(([name, inner, range, where]) => `${name}(${inner}[${range}]${where})`),
    fc
      .tuple(
        fc.constantFrom('sum_over_time', 'count_over_time', 'min_over_time', 'last_over_time', 'delta'),
        tie('vector'),
        fc.constantFrom('[5m:1m]', '[7m:]', '[4m:50s] offset 1m'),
      )
      .map(([name, inner, range]) => `${name}((${inner})${range})`),
    fc
      .tuple(
        fc.constantFrom('sum', 'min', 'max', 'count', 'group'),
        fc.constantFrom('by', 'without'),
        labelList,
        tie('vector'),
      )
      .map(([name, side, labels, inner]) => `${name} ${side} ${labels} (${inner})`),
    fc
      .tuple(
        fc.constantFrom('abs', 'ceil', 'floor', 'sgn', '-', 'absent', 'timestamp', 'round'),
        tie('vector'),
      )
      .map(([name, inner]) => `${name}(${inner})`),
    fc
      .tuple(
        tie('vector'),
        fc.constantFrom('+', '-', '*', '/', '%', '==', '!=', '>', '<', '>=', '<=', '> bool', '== bool'),
        tie('operand'),
      )
      .map((parts) => parts.join(' ')),
    fc
      .tuple(
        tie('vector'),
        fc.constantFrom('and', 'or', 'unless', '+', '*', '>', '-'),
        fc.constantFrom('on', 'ignoring'),
        labelList,
        tie('vector'),
      )
      .map((parts) => parts.join(' ')),
    fc
      .tuple(
        tie('vector'),
        fc.constantFrom('+', '*', '>', '=='),
        fc.constantFrom('on', 'ignoring'),
        labelList,
        fc.constantFrom('group_left', 'group_right', 'group_left (version)', 'group_right (region)'),
        tie('vector'),
      )
      .map((parts) => parts.join(' ')),
    fc.tuple(tie('vector'), tie('vector')).map(([a, b]) => `(${a}) / (${b})`),
    tie('scalar').map((inner) => `vector(${inner})`),
    tie('vector').map((inner) => `label_replace(${inner}, "job", "$1", "instance", "node-(.).*")`),
  ),
}));

const SEED = 20260131;
const QUERIES = 600;

describeWithPrograms(
  ['prometheus', 'promtool'],
  'answers of a real Prometheus to queries nobody wrote',
  () => {
    let prometheus: PrometheusServer;
    let app: Hono;

    beforeAll(async () => {
      const series = wholeNumbers();
      prometheus = await startPrometheus({ openmetrics: openMetrics(series) });
      app = createPromRoutesOver(createMemorySource(series), {
        clock: systemClock,
        config: PROMQL_DEFAULTS,
        log: silentLog,
      });
    });
    afterAll(() => prometheus.stop());

    it(`${QUERIES} random expressions (seed ${SEED})`, async () => {
      const queries = fc.sample(vector, { seed: SEED, numRuns: QUERIES });
      const { lines, points } = await compareAnswers(prometheus.url, app, queries, ASKED);
      expect(lines).toEqual([]);
      expect(points).toBeGreaterThan(1000);
    });
  },
);

function wholeNumbers(): WrittenSeries[] {
  return conformanceSeries(11).filter(({ name }) => NAMES.includes(name));
}
