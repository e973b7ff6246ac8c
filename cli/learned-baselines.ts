import { baselineWords, type LearnedBaseline } from '../domain/report/learned-baseline.ts';
import { silentLog } from '../platform/log.ts';
import { readLinearityBaselines } from '../platform/store/linearity-baselines.ts';
import { DEFAULT_URL, type SourceOptions } from './job-source.ts';
import { openReadStore } from './open.ts';
import { CommandFailure, EXIT } from './outcome.ts';
import { createServerClient } from './server-client.ts';

const PATH = '/v1/catalog/baselines';

/** The learned baselines of the tables under `--data`, else of a running Headway. */
export async function learnedBaselines(options: SourceOptions): Promise<readonly LearnedBaseline[]> {
  if (options.data === undefined) {
    const client = createServerClient(options.url ?? DEFAULT_URL, options.token);
    // the server answers the shape that this same program builds
    const answer = (await client.getJson(PATH, { limit: '1000' })) as {
      readonly baselines?: readonly LearnedBaseline[];
    };
    return answer.baselines ?? [];
  }
  const tables = await openReadStore(options.data, silentLog);
  try {
    return (await readLinearityBaselines(tables.store)) ?? [];
  } finally {
    await tables.close();
  }
}

/**
 * The same for jobs that are compared, which do without where there are none to ask: a comparison of files asks
 * nobody, and an older server does not know the question.
 */
export async function learnedBaselinesIfAny(
  options: SourceOptions,
  isOfFiles: boolean,
): Promise<readonly LearnedBaseline[]> {
  if (isOfFiles && options.data === undefined) return [];
  try {
    return await learnedBaselines(options);
  } catch (error) {
    if (error instanceof CommandFailure && error.exitCode === EXIT.problem_found) return [];
    throw error;
  }
}

export function learnedBaselinesText(baselines: readonly LearnedBaseline[]): string {
  if (baselines.length === 0) {
    return 'No baseline was learned yet: a job that says its model, hardware and sequence length teaches one after a full window of steps.';
  }
  const lines = baselines.map((baseline) => {
    const { model, hardware, dtype, sequence_length, batch_per_device, to_us } = baseline;
    const batch = batch_per_device === null ? '' : `, ${batch_per_device} sequences per device`;
    const until = new Date(to_us / 1000).toISOString();
    return `  ${model}, ${hardware}, ${dtype}, ${sequence_length} tokens${batch}\n    ${baselineWords(baseline)}, until ${until}`;
  });
  return ['Learned baselines of linearity', ...lines].join('\n');
}
