import { type AlertRule, expressionOf, type PageText, type Severity } from './alert-rule.ts';

/** What the built-in page needs of a rule to say what is wrong and what to do about it. */
export interface PageAlert extends PageText {
  readonly name: string;
  readonly severity: Severity;
  readonly expr: string;
  /** How long the condition has to hold before it counts; shorter is shown as pending. */
  readonly for_s: number;
  readonly impact: string;
  readonly action: string;
  /** Relative to the page. */
  readonly runbook: string;
}

/** The rules that speak of a job; the watchdog speaks of the chain, not of the training. */
export function pageAlerts(rules: readonly AlertRule[]): readonly PageAlert[] {
  return rules.flatMap(({ page, ...rule }) =>
    page === null
      ? []
      : [
          {
            name: rule.name,
            severity: rule.severity,
            expr: expressionOf({ ...rule, page }),
            for_s: rule.for_s,
            ...page,
            impact: rule.impact,
            action: rule.action,
            runbook: `runbooks/${rule.name}`,
          },
        ],
  );
}
