/** A JSON Schema, as far as parameters need one. */
export interface ParameterSchema {
  readonly type: 'string' | 'integer' | 'number' | 'boolean';
  readonly enum?: readonly string[];
  readonly minimum?: number;
}

export interface ParameterDescription {
  readonly description: string;
  readonly schema: ParameterSchema;
  readonly example?: string | number;
  /** May be given more than once. */
  readonly repeated?: true;
}

const TEXT: ParameterSchema = { type: 'string' };
const COUNT: ParameterSchema = { type: 'integer', minimum: 1 };
const FLAG: ParameterSchema = { type: 'string', enum: ['0', '1', 'false', 'true'] };

const TIMES = 'RFC 3339, epoch seconds, milliseconds or microseconds (told apart by size), now, now-6h.';

/** Everything that a read route may be asked with; the routes take their names from here and nothing else. */
export const QUERY_PARAMETERS = {
  from: { description: `Begin of the range, inclusive. ${TIMES}`, schema: TEXT, example: 'now-6h' },
  to: { description: `End of the range, exclusive. ${TIMES}`, schema: TEXT, example: 'now' },
  at: { description: `Look as of then: later events are unseen. ${TIMES}`, schema: TEXT },
  explain: { description: 'With the inputs of the figures, under `explain`.', schema: FLAG },
  consistent: {
    description: 'Wait until everything acknowledged before the request is in the tables.',
    schema: FLAG,
  },
  limit: { description: 'Items of one page.', schema: COUNT, example: 100 },
  cursor: { description: 'The `next` of the page before, unchanged.', schema: TEXT },
  windows: { description: 'Cut the ledger into windows of so many seconds.', schema: { type: 'number' } },
  revision: {
    description: 'As this revision of the published account left it (see /v1/jobs/{job}/revisions).',
    schema: COUNT,
  },
  as_reported_at: {
    description: `As the revision that stood at this time told it, up to then. ${TIMES}`,
    schema: TEXT,
  },
  made_from: {
    description:
      'Of all events of the job, or as last published. By itself: published for jobs with very many events.',
    schema: { type: 'string', enum: ['events', 'published'] },
  },
  definition: {
    description: 'What linearity compares.',
    schema: { type: 'string', enum: ['tokens', 'step_time', 'time_to_train', 'score'] },
  },
  baseline: { description: 'The job to compare with.', schema: TEXT },
  with: { description: 'One more job to compare; may be repeated.', schema: TEXT, repeated: true },
  fate: {
    description: 'Only executions that ended so.',
    schema: {
      type: 'string',
      enum: ['productive', 'lost_work', 'in_flight', 'hang', 'hang_or_unfinished'],
    },
  },
  kind: {
    description: 'Only executions of this kind.',
    schema: { type: 'string', enum: ['train', 'eval', 'warmup', 'profile'] },
  },
  attempt: { description: 'Only this attempt.', schema: { type: 'integer', minimum: 0 } },
  job: { description: 'Only this job.', schema: TEXT },
  state: {
    description: 'Only alerts in this state.',
    schema: { type: 'string', enum: ['inactive', 'pending', 'firing'] },
  },
  step: { description: 'Seconds between two evaluations.', schema: { type: 'number' }, example: 60 },
  vendor: {
    description: 'Only fields of this vendor.',
    schema: { type: 'string', enum: ['nvidia', 'amd', 'ascend'] },
  },
} as const satisfies Readonly<Record<string, ParameterDescription>>;

export type QueryParameter = keyof typeof QUERY_PARAMETERS;
