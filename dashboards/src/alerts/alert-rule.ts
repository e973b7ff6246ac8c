/** What a rule knows. Rule files for Prometheus and vmalert, Grafana's YAML, the runbook and the built-in page all come from it. */

export type Severity = 'page' | 'ticket' | 'info' | 'none';

/** Grafana compares in an expression node of its own; the recovery threshold is its hysteresis. */
export interface Comparison {
  readonly operator: 'gt' | 'lt';
  readonly threshold: number;
  /** The alert ends only beyond this value. Prometheus has no such thing and ends at the threshold. */
  readonly recovery?: number;
}

export interface RunbookText {
  readonly meaning: string;
  readonly impact: string;
  /** Queries to paste, each with what to look for. */
  readonly diagnosis: readonly { readonly look: string; readonly query: string }[];
  readonly mitigation: readonly string[];
  readonly falseAlarms: readonly string[];
}

/** The built-in page evaluates PromQL and has no template language; `$job` stands for the job of the alert. */
export interface PageText {
  /** Follows the name of the job: `makes no progress`. */
  readonly headline: string;
  /** Unit of the measured value. */
  readonly unit: 's' | 'percentunit' | 'none';
  /** One number, and the words around it: `{}` is the number. */
  readonly cost: { readonly expr: string; readonly text: string };
  /** What is to blame when no open incident is: one series, its number for `{}`, a label of it for `{label}`. */
  readonly blame: { readonly expr: string; readonly unit: 's'; readonly text: string } | null;
  /** What to do first in a state in which it is something else than `action`. */
  readonly action_by_state: Readonly<Record<string, string>>;
}

export interface AlertRule {
  readonly name: string;
  readonly severity: Severity;
  /** What is measured, before the comparison: one series a job. */
  readonly measure: string;
  /** Null for a rule that always fires. */
  readonly comparison: Comparison | null;
  /** Appended to the comparison: `unless ...`, so that a job that is over raises nothing. */
  readonly except: string | null;
  readonly for_s: number;
  /** How long it goes on firing after the condition ended; only some peers know it. */
  readonly keep_firing_s: number;
  /** Prometheus templates. */
  readonly summary: string;
  readonly cause: string;
  readonly cost: string;
  /** Grafana templates have no `query`: they can use the labels and the measured value only. */
  readonly grafanaSummary: string;
  /** One sentence, without templates. */
  readonly impact: string;
  /** What to do first, one sentence, without templates. */
  readonly action: string;
  /** Null for a rule that says nothing of a job. */
  readonly page: PageText | null;
  /** The panel of the job overview that shows the measure. */
  readonly panelId: number | null;
  readonly runbook: RunbookText;
}

/** The whole condition, as Prometheus and vmalert evaluate it. */
export function expressionOf({ measure, comparison, except }: AlertRule): string {
  if (comparison === null) return measure;
  const operator = comparison.operator === 'gt' ? '>' : '<';
  return `${measure} ${operator} ${comparison.threshold}${except === null ? '' : ` ${except}`}`;
}
