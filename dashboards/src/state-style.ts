import type { JOB_STATES } from '../../domain/catalog/derived-metrics.ts';
import { mapping, type ValueMapping } from './panel.ts';

type JobState = (typeof JOB_STATES)[number];

interface StateStyle {
  /** Its number on the timeline; the worse of two states wins, so worse states have greater numbers. */
  readonly code: number;
  readonly text: string;
  readonly color: string;
}

/** Each state has a word beside its colour, so that nothing hangs on telling red from green. */
export const STATE_STYLES: Readonly<Record<JobState, StateStyle>> = {
  ended: { code: 1, text: 'ended', color: '#8a93a3' },
  running: { code: 2, text: 'running', color: '#2f9e6b' },
  starting: { code: 3, text: 'starting', color: '#4c7fd0' },
  silent: { code: 4, text: 'silent', color: '#8b5cc7' },
  hang: { code: 5, text: 'hanging', color: '#d9822b' },
  down: { code: 6, text: 'down', color: '#d64545' },
};

const STYLES = Object.entries(STATE_STYLES);

/** The job's state as one number a moment, by the codes above. */
export function stateCodeExpression(selector: string): string {
  const coded = STYLES.map(
    ([state, { code }]) => `headway_job_state{${selector},state="${state}"} * ${code}`,
  );
  return `max by (job) (${coded.join(' or ')})`;
}

export const STATE_CODE_MAPPING: ValueMapping = mapping(
  STYLES.map(([, { code, text, color }]) => ({ value: String(code), text, color })),
);
