import type { AlertRule } from './alert-rule.ts';

/** Always fires. Whoever stops receiving it knows that the chain is broken, which no other alert can say. */
export function watchdogRule(): AlertRule {
  return {
    name: 'HeadwayWatchdog',
    severity: 'none',
    measure: 'vector(1)',
    comparison: null,
    except: null,
    for_s: 0,
    keep_firing_s: 0,
    summary: 'The alert chain works: this alert always fires',
    cause: 'none',
    cost: 'none',
    grafanaSummary: 'The alert chain works: this alert always fires',
    impact: 'None while it fires. When it stops, no other alert of Headway reaches anybody.',
    action: 'Route it to a dead-man switch, which calls when it stops.',
    page: null,
    panelId: null,
    runbook: {
      meaning: 'This alert always fires, so that its absence can be noticed.',
      impact: 'If it stops arriving, pages are lost too.',
      diagnosis: [{ look: 'Whether the query door answers.', query: 'vector(1)' }],
      mitigation: [
        'Follow the chain: Headway `/readyz`, then the rule evaluator (vmalert, Prometheus or Grafana), then Alertmanager, then the receiver.',
      ],
      falseAlarms: ['None: it is meant to fire.'],
    },
  };
}
