import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { JobScopedEvent } from '../../domain/events.ts';
import { accountOf } from '../../domain/ledger/account.ts';
import { ledgerOf } from '../../domain/ledger/ledger.ts';
import type { Bucket, LedgerJson } from '../../domain/ledger/ledger-shape.ts';
import { budgetBurn, mtbiRunningTime, nodeMtbf, topWaste } from '../../domain/ledger/reliability.ts';
import { casePath } from '../support/fixtures.ts';

/** Worked scenarios with published or recomputed answers; the origins of their clocks must not matter. */
const ORIGINS_US = [0, 1_750_000_000_000_000];

interface Timed {
  readonly t: number;
  readonly t1?: number;
  readonly ev: string;
  readonly n?: number;
  readonly end?: number;
  readonly kind?: string;
  readonly name?: string;
  readonly blocking?: boolean;
  readonly cause?: string;
  readonly clean?: boolean;
  readonly stepping?: number;
  readonly available?: number;
  readonly total?: number;
}

interface Expectation {
  readonly horizon_s?: number;
  readonly buckets_s?: Readonly<Record<string, number>>;
  readonly goodput_pct?: number;
  readonly interruptions?: number;
  readonly custom_s?: Readonly<Record<string, number>>;
  readonly accelerator_hours?: Readonly<Record<string, number>>;
  readonly time_to_detect_s?: number;
  readonly time_to_first_step_after_failure_s?: number;
  readonly time_to_regain_progress_s?: number;
  readonly mtbi_running_time_h?: number;
  readonly node_mtbf_h?: number;
  readonly cost_of_cause_accelerator_hours?: Readonly<Record<string, number>>;
  readonly slo?: { readonly target: number; readonly budget_burn: number; readonly top_waste: string };
}

interface Scenario {
  readonly id: string;
  readonly title?: string;
  readonly job?: { readonly nodes: number; readonly accelerators_per_node: number };
  readonly timeline?: readonly Timed[];
  readonly expect?: Expectation;
  readonly variants?: readonly Scenario[];
}

const FILE = casePath('ledger.json');
const scenarios: Scenario[] = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as { cases: Scenario[] }).cases.flatMap(withVariants)
  : [];

describe('the worked scenarios of the ledger', () => {
  if (scenarios.length === 0)
    it.skip('skipped: the worked cases are not beside this checkout', () => undefined);

  for (const scenario of scenarios) {
    const { timeline, expect: expected } = scenario;
    if (timeline === undefined || expected === undefined) {
      it.skip(`${scenario.id} is not a timeline`, () => undefined);
      continue;
    }
    it.each(ORIGINS_US)(`${scenario.id} ${scenario.title ?? ''} (origin %d)`, (origin_us) => {
      const query = timeline.find(({ ev }) => ev === 'query');
      const events = eventsOf(scenario, timeline, origin_us);
      const at = query === undefined ? {} : { at_us: origin_us + query.t * 1e6 };
      const ledger = ledgerOf(accountOf(events, { job: 'case', ...at }));
      compare(ledger, expected, scenario);
    });
  }
});

function withVariants(scenario: Scenario): Scenario[] {
  if (scenario.variants === undefined) return [scenario];
  return scenario.variants.map((variant) => ({
    ...scenario,
    ...variant,
    id: `${scenario.id}/${variant.id}`,
  }));
}

function eventsOf(scenario: Scenario, timeline: readonly Timed[], origin_us: number): JobScopedEvent[] {
  const us = (t: number) => origin_us + Math.round(t * 1e6);
  const devices =
    scenario.job === undefined ? undefined : scenario.job.nodes * scenario.job.accelerators_per_node;
  let attempt = 0;
  return timeline.flatMap((event): JobScopedEvent[] => {
    if (event.ev === 'run_start') attempt++;
    const time_us = us(event.t);
    const base = { job: 'case', attempt };
    switch (event.ev) {
      case 'run_start':
        return [
          {
            ...base,
            type: 'attempt_start',
            time_us,
            ...(devices === undefined ? {} : { device_count: devices }),
          },
        ];
      case 'step': {
        const end = event.end === undefined ? {} : { end_us: us(event.end) };
        return [{ ...base, type: 'step', step: event.n ?? 0, start_us: time_us, ...end }];
      }
      case 'span':
        return [
          {
            ...base,
            type: 'span',
            kind: event.kind as 'init',
            start_us: time_us,
            end_us: us(event.t1 ?? event.t),
            blocking: event.blocking ?? true,
            ...(event.name === undefined ? {} : { name: event.name }),
          },
        ];
      case 'fail':
        return [{ ...base, type: 'fail', time_us, cause: event.cause ?? 'unspecified' }];
      case 'detect':
      case 'localized':
      case 'nodes_ready':
        return [{ job: 'case', type: 'mark', kind: event.ev, time_us }];
      case 'run_end':
        return [{ ...base, type: 'attempt_end', time_us, clean: event.clean ?? true }];
      case 'exclude':
        return [
          {
            job: 'case',
            type: 'exclude',
            start_us: time_us,
            end_us: us(event.t1 ?? event.t),
            reason: 'test',
          },
        ];
      case 'capacity': {
        const { stepping = 0, available = 0, total = 1 } = event;
        return [{ job: 'case', type: 'capacity', time_us, stepping, available, total }];
      }
      case 'query':
        return [];
      default:
        throw new Error(`the scenario has an event that is not converted: ${event.ev}`);
    }
  });
}

function compare(ledger: LedgerJson, expected: Expectation, scenario: Scenario): void {
  const incident = ledger.incidents[0];
  if (expected.horizon_s !== undefined) expect(ledger.horizon_s).toBeCloseTo(expected.horizon_s, 2);
  if (expected.buckets_s !== undefined) isClose(ledger.buckets_s, expected.buckets_s, 0.01);
  if (expected.goodput_pct !== undefined) {
    expect(Math.abs((ledger.goodput_ratio ?? Number.NaN) * 100 - expected.goodput_pct)).toBeLessThan(0.01);
  }
  if (expected.interruptions !== undefined) expect(ledger.interruptions).toBe(expected.interruptions);
  if (expected.custom_s !== undefined) isClose(ledger.custom_s, expected.custom_s, 0.01);
  const ladder = {
    time_to_detect_s: incident?.time_to_detect_s,
    time_to_first_step_after_failure_s: incident?.time_to_first_step_s,
    time_to_regain_progress_s: incident?.time_to_regain_progress_s,
  };
  for (const name of Object.keys(ladder) as (keyof typeof ladder)[]) {
    const wanted = expected[name];
    if (wanted !== undefined) expect(ladder[name], name).toBeCloseTo(wanted, 2);
  }
  compareCosts(ledger, expected, scenario);
}

function compareCosts(ledger: LedgerJson, expected: Expectation, scenario: Scenario): void {
  if (expected.accelerator_hours !== undefined) {
    const { total, ...buckets } = expected.accelerator_hours;
    const hours = inHours(ledger.device_seconds);
    isClose(hours, buckets, 1e-4);
    expect(Object.values(hours).reduce((sum, value) => sum + value, 0)).toBeCloseTo(total ?? Number.NaN, 4);
  }
  if (expected.cost_of_cause_accelerator_hours !== undefined) {
    isClose(inHours(ledger.cost_by_cause_device_seconds), expected.cost_of_cause_accelerator_hours, 1e-4);
  }
  if (expected.mtbi_running_time_h !== undefined) {
    expect((mtbiRunningTime(ledger) ?? Number.NaN) / 3600).toBeCloseTo(expected.mtbi_running_time_h, 4);
  }
  if (expected.node_mtbf_h !== undefined) {
    const nodes = scenario.job?.nodes ?? Number.NaN;
    expect((nodeMtbf(ledger, nodes) ?? Number.NaN) / 3600).toBeCloseTo(expected.node_mtbf_h, 4);
  }
  if (expected.slo !== undefined) {
    expect(budgetBurn(ledger.goodput_ratio ?? Number.NaN, expected.slo.target)).toBeCloseTo(
      expected.slo.budget_burn,
      4,
    );
    expect(topWaste(ledger.device_seconds)).toBe(expected.slo.top_waste);
  }
}

function inHours(seconds: Readonly<Partial<Record<Bucket, number>>> | Readonly<Record<string, number>>) {
  return Object.fromEntries(Object.entries(seconds).map(([name, s]) => [name, (s ?? 0) / 3600]));
}

function isClose(
  got: Readonly<Partial<Record<string, number>>>,
  wanted: Readonly<Record<string, number>>,
  tolerance: number,
): void {
  expect(Object.keys(got).sort()).toEqual(Object.keys(wanted).sort());
  for (const [name, value] of Object.entries(wanted)) {
    expect(Math.abs((got[name] ?? Number.NaN) - value), name).toBeLessThanOrEqual(tolerance);
  }
}
