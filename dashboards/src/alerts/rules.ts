import type { AlertRule } from './alert-rule.ts';
import { goodputRule, linearityRule, mfuRules } from './efficiency-rules.ts';
import { mismatchRule } from './mismatch-rule.ts';
import { pipelineRules } from './pipeline-rules.ts';
import { plausibilityRule } from './plausibility-rule.ts';
import { sloRules } from './slo-rule.ts';
import { stallRule } from './stall-rule.ts';
import { ALERT_THRESHOLDS, type AlertThresholds } from './thresholds.ts';
import { unexplainedRule } from './unexplained-rule.ts';
import { watchdogRule } from './watchdog-rule.ts';

/**
 * Every rule, most urgent first. `buildRules()` is what is shipped; `buildRules(DEMO_ALERT_THRESHOLDS)` the same
 * rules with waits of seconds.
 */
export function buildRules(thresholds: AlertThresholds = ALERT_THRESHOLDS): readonly AlertRule[] {
  return [
    stallRule(thresholds),
    ...mfuRules(thresholds),
    linearityRule(thresholds),
    goodputRule(thresholds),
    ...sloRules(thresholds),
    plausibilityRule(thresholds),
    mismatchRule(thresholds),
    unexplainedRule(thresholds),
    ...pipelineRules(thresholds),
    watchdogRule(),
  ];
}
