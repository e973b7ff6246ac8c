import type { Clock } from '../../../platform/clock.ts';
import type { Log } from '../../../platform/log.ts';
import type { Engine, MatrixSeries } from '../promql/engine.ts';
import { PromError } from '../promql/errors.ts';
import { toRecord } from '../promql/labels.ts';
import { type AlertEpisode, type AlertState, type EvaluationGrid, episodesOf } from './alert-states.ts';
import type { RuleOfFile } from './rule-file.ts';
import { BadTemplate, renderTemplate, type TemplateQuery } from './template.ts';

/** One alert that is active now. */
export interface ActiveAlert {
  readonly name: string;
  readonly state: Exclude<AlertState, 'inactive'>;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly value: number;
  /** Since when the condition holds, milliseconds since the epoch. */
  readonly active_ms: number;
  /** The condition held as far back as was looked: it may be older. */
  readonly is_older: boolean;
  readonly firing_ms: number | null;
}

export interface EvaluatedRule {
  readonly rule: RuleOfFile;
  readonly state: AlertState;
  readonly alerts: readonly ActiveAlert[];
  readonly evaluated_ms: number;
  readonly evaluation_s: number;
  /** Why the rule could not be evaluated; its state is not known then. */
  readonly error: string | null;
}

/** One alert over time. */
export interface PastAlert extends AlertEpisode {
  readonly rule: RuleOfFile;
  readonly alert_labels: Readonly<Record<string, string>>;
}

export interface Alerts {
  readonly rules: readonly RuleOfFile[];
  /** Every rule as of now. Evaluations of one interval of a rule are made once. */
  now(): Promise<readonly EvaluatedRule[]>;
  /** What each rule says of a range, milliseconds since the epoch, both ends inclusive. */
  history(
    grid: EvaluationGrid,
  ): Promise<{ alerts: readonly PastAlert[]; errors: Readonly<Record<string, string>> }>;
}

export interface AlertsParts {
  readonly rules: readonly RuleOfFile[];
  readonly engine: Engine;
  readonly clock: Clock;
  readonly lookback_s: number;
  readonly log?: Log | undefined;
}

/**
 * The alert rules over what is stored. No evaluator runs in the background and nothing is remembered between two
 * questions: the state of now is what a Prometheus would have come to that had evaluated the rules over the lookback.
 */
export function createAlerts({ rules, engine, clock, lookback_s, log }: AlertsParts): Alerts {
  const query: TemplateQuery = async (promql) => {
    const result = await engine.instant(promql, Math.floor(clock.now_us() / 1000));
    return result.type === 'vector'
      ? result.vector.map(({ labels, value }) => ({ labels: toRecord(labels), value }))
      : [];
  };
  const evaluate = async (rule: RuleOfFile, now_ms: number): Promise<EvaluatedRule> => {
    const began_us = clock.now_us();
    const step_ms = rule.interval_s * 1000;
    const looked_s = Math.max(lookback_s, rule.for_s + rule.keep_firing_s + rule.interval_s);
    const start_ms = now_ms - Math.ceil((looked_s * 1000) / step_ms) * step_ms;
    try {
      const episodes = await episodesIn(engine, rule, { start_ms, end_ms: now_ms, step_ms });
      const open = episodes.filter(({ end_ms }) => end_ms === null);
      const alerts = await Promise.all(open.map((episode) => activeAlert(rule, episode, query)));
      const evaluation_s = (clock.now_us() - began_us) / 1e6;
      return { rule, state: stateOf(alerts), alerts, evaluated_ms: now_ms, evaluation_s, error: null };
    } catch (error) {
      if (!(error instanceof PromError))
        log?.error('an alert rule could not be evaluated', { rule: rule.name, error: String(error) });
      const evaluation_s = (clock.now_us() - began_us) / 1e6;
      return {
        rule,
        state: 'inactive',
        alerts: [],
        evaluated_ms: now_ms,
        evaluation_s,
        error: messageOf(error),
      };
    }
  };
  const newest = new Map<RuleOfFile, { readonly slot: number; readonly result: Promise<EvaluatedRule> }>();
  return {
    rules,
    now: () =>
      Promise.all(
        rules.map((rule) => {
          const step_ms = rule.interval_s * 1000;
          const slot = Math.floor(clock.now_us() / 1000 / step_ms);
          const known = newest.get(rule);
          if (known?.slot === slot) return known.result;
          // at multiples of the interval, so that two questions see the same evaluations and the same beginning
          const result = evaluate(rule, slot * step_ms);
          newest.set(rule, { slot, result });
          return result;
        }),
      ),
    async history(grid) {
      const errors: Record<string, string> = {};
      const found: PastAlert[] = [];
      for (const rule of rules) {
        const before_ms = Math.ceil(((rule.for_s + rule.keep_firing_s) * 1000) / grid.step_ms) * grid.step_ms;
        try {
          const episodes = await episodesIn(engine, rule, { ...grid, start_ms: grid.start_ms - before_ms });
          const seen = episodes.filter(({ end_ms }) => end_ms === null || end_ms > grid.start_ms);
          found.push(
            ...seen.map((episode) => ({ ...episode, rule, alert_labels: labelsOfAlert(rule, episode) })),
          );
        } catch (error) {
          errors[rule.name] = messageOf(error);
        }
      }
      return { alerts: found.sort((a, b) => a.active_ms - b.active_ms), errors };
    },
  };
}

function messageOf(error: unknown): string {
  return error instanceof PromError ? error.message : 'the rule failed inside Headway; its log has the cause';
}

async function episodesIn(engine: Engine, rule: RuleOfFile, grid: EvaluationGrid): Promise<AlertEpisode[]> {
  const result = await engine.range(rule.expr, grid);
  const series: readonly MatrixSeries[] = result.type === 'matrix' ? result.series : [];
  return series.flatMap((one) => episodesOf(one, grid, rule));
}

function stateOf(alerts: readonly ActiveAlert[]): AlertState {
  if (alerts.some(({ state }) => state === 'firing')) return 'firing';
  return alerts.length > 0 ? 'pending' : 'inactive';
}

/** The series' labels without its name, the rule's over them, as Prometheus makes an alert's identity. */
function labelsOfAlert(rule: RuleOfFile, { labels }: Pick<AlertEpisode, 'labels'>): Record<string, string> {
  const { __name__: _, ...own } = toRecord(labels);
  return { ...own, ...rule.labels, alertname: rule.name };
}

async function activeAlert(
  rule: RuleOfFile,
  episode: AlertEpisode,
  query: TemplateQuery,
): Promise<ActiveAlert> {
  const { value, active_ms, firing_ms, is_cut } = episode;
  const labels = labelsOfAlert(rule, episode);
  const data = { labels: toRecord(episode.labels), value };
  const annotations = await Promise.all(
    Object.entries(rule.annotations).map(
      async ([name, text]) => [name, await annotation(text, data, query)] as const,
    ),
  );
  return {
    name: rule.name,
    state: firing_ms === null ? 'pending' : 'firing',
    labels,
    annotations: Object.fromEntries(annotations),
    value,
    active_ms,
    is_older: is_cut,
    firing_ms,
  };
}

/** As Prometheus does, an annotation that fails says so in its place: the alert matters more than its words. */
async function annotation(
  text: string,
  data: Parameters<typeof renderTemplate>[1],
  query: TemplateQuery,
): Promise<string> {
  try {
    return await renderTemplate(text, data, query);
  } catch (error) {
    if (error instanceof BadTemplate || error instanceof PromError)
      return `<error expanding template: ${error.message}>`;
    throw error;
  }
}
