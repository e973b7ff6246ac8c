import { type AlertRule, expressionOf, type Severity } from './alert-rule.ts';

/** What the built-in page needs of a rule to say what is wrong and what to do about it. */
export interface PageAlert {
  readonly name: string;
  readonly severity: Severity;
  readonly expr: string;
  readonly impact: string;
  readonly action: string;
  /** Relative to the page. */
  readonly runbook: string;
}

/** The rules that speak of a job; the watchdog speaks of the chain, not of the training. */
export function pageAlerts(rules: readonly AlertRule[]): readonly PageAlert[] {
  return rules
    .filter(({ comparison }) => comparison !== null)
    .map((rule) => ({
      name: rule.name,
      severity: rule.severity,
      expr: expressionOf(rule),
      impact: rule.impact,
      action: rule.action,
      runbook: `runbooks/${rule.name}`,
    }));
}
