import type { Answers } from './answers.ts';
import type { QueryParameter } from './parameters.ts';

export interface Operation {
  readonly id: string;
  /** As OpenAPI writes it: `/v1/jobs/{job}`. */
  readonly path: string;
  readonly summary: string;
  readonly tag: 'jobs' | 'machines' | 'alerts' | 'catalog' | 'live' | 'ingest';
  /** Default: get. */
  readonly method?: 'post';
  /** Besides `consistent`, which every read route takes. */
  readonly parameters: readonly QueryParameter[];
  readonly answer: keyof Answers;
  /** What a path parameter stands for. */
  readonly path_parameters?: Readonly<Record<string, string>>;
  /** Default: JSON. */
  readonly media?: 'text/event-stream';
  /** The body of a post. */
  readonly request?: {
    readonly media: string;
    readonly description: string;
    readonly schema: Readonly<Record<string, unknown>>;
  };
}

/** What a route of one job takes beside its own: the range, the moment, and whether to show the inputs. */
const OF_A_JOB = ['from', 'to', 'at', 'explain'] as const;
const PAGED = ['limit', 'cursor'] as const;
const JOB = { job: 'Name of the job, percent-encoded.' };

/**
 * Every route under `/v1`, described once: the read routes refuse parameters that are not here, `/openapi.json` is made
 * of it. A new route is a row here, a type in `answers.ts`, and `npm run generate`.
 */
export const OPERATIONS = [
  {
    id: 'listJobs',
    path: '/v1/jobs',
    summary: 'The jobs that ever sent an event, by name.',
    tag: 'jobs',
    parameters: PAGED,
    answer: 'listJobs',
  },
  {
    id: 'getJob',
    path: '/v1/jobs/{job}',
    summary:
      'The report of a job: goodput, efficiency, incidents, cost, quality. The object of `report --json`.',
    tag: 'jobs',
    parameters: ['windows', ...OF_A_JOB],
    path_parameters: JOB,
    answer: 'getJob',
  },
  {
    id: 'getLedger',
    path: '/v1/jobs/{job}/ledger',
    summary:
      'Every second of the job in one bucket. The object of `ledger --json`, with quality; also as it was once reported.',
    tag: 'jobs',
    parameters: ['windows', 'revision', 'as_reported_at', 'made_from', ...OF_A_JOB],
    path_parameters: JOB,
    answer: 'getLedger',
  },
  {
    id: 'listRevisions',
    path: '/v1/jobs/{job}/revisions',
    summary: 'Why the published past of a job was classified anew, revision by revision.',
    tag: 'jobs',
    parameters: PAGED,
    path_parameters: JOB,
    answer: 'listRevisions',
  },
  {
    id: 'getFleet',
    path: '/v1/fleet',
    summary:
      'The ledgers of all jobs over a range as one, weighted by devices; unless told otherwise the last day.',
    tag: 'jobs',
    parameters: ['from', 'to'],
    answer: 'getFleet',
  },
  {
    id: 'listSteps',
    path: '/v1/jobs/{job}/steps',
    summary: 'Every execution of a step, oldest first, with what became of it.',
    tag: 'jobs',
    parameters: ['fate', 'kind', 'attempt', 'made_from', ...PAGED, ...OF_A_JOB],
    path_parameters: JOB,
    answer: 'listSteps',
  },
  {
    id: 'listIncidents',
    path: '/v1/jobs/{job}/incidents',
    summary: 'Interruptions, hangs and silences of a job, with the repair ladder.',
    tag: 'jobs',
    parameters: ['made_from', ...PAGED, ...OF_A_JOB],
    path_parameters: JOB,
    answer: 'listIncidents',
  },
  {
    id: 'getEfficiency',
    path: '/v1/jobs/{job}/efficiency',
    summary: 'FLOPs of the model and the measured rates. The object of `flops --json`.',
    tag: 'jobs',
    parameters: OF_A_JOB,
    path_parameters: JOB,
    answer: 'getEfficiency',
  },
  {
    id: 'getStragglers',
    path: '/v1/jobs/{job}/stragglers',
    summary: 'Which ranks the others wait for, on what evidence, and what it costs a step.',
    tag: 'jobs',
    parameters: OF_A_JOB,
    path_parameters: JOB,
    answer: 'getStragglers',
  },
  {
    id: 'getCollectives',
    path: '/v1/jobs/{job}/collectives',
    summary: 'Collectives by communicator, operation and size: time, bus bandwidth, and who came late.',
    tag: 'jobs',
    parameters: ['from', 'to'],
    path_parameters: JOB,
    answer: 'getCollectives',
  },
  {
    id: 'getLinearity',
    path: '/v1/jobs/{job}/linearity',
    summary: 'How much of its speed a device keeps as devices are added. The object of `linearity --json`.',
    tag: 'jobs',
    parameters: ['definition', 'baseline', 'with', ...OF_A_JOB],
    path_parameters: JOB,
    answer: 'getLinearity',
  },
  {
    id: 'getIncident',
    path: '/v1/incidents/{id}',
    summary: 'One incident: the whole ladder, faults around it, lost device-seconds by bucket, what to do.',
    tag: 'jobs',
    parameters: ['made_from', 'at', 'explain'],
    path_parameters: {
      id: 'The `id` of an incident: the job, a slash, the attempt that failed. The slash may be percent-encoded or not.',
    },
    answer: 'getIncident',
  },
  {
    id: 'getNode',
    path: '/v1/nodes/{node}',
    summary:
      'One machine: its devices with their newest samples, faults, states, jobs placed on it, incidents.',
    tag: 'machines',
    parameters: ['from', 'to'],
    path_parameters: { node: 'Name of the node.' },
    answer: 'getNode',
  },
  {
    id: 'listHardware',
    path: '/v1/catalog/hardware',
    summary: 'Every accelerator of the catalog: dense peaks, memory, sources.',
    tag: 'catalog',
    parameters: PAGED,
    answer: 'listHardware',
  },
  {
    id: 'getHardware',
    path: '/v1/catalog/hardware/{key}',
    summary: 'One accelerator, by its key or any name that telemetry, drivers and logs print.',
    tag: 'catalog',
    parameters: [],
    path_parameters: { key: 'Catalog key or a printed name.' },
    answer: 'getHardware',
  },
  {
    id: 'listModels',
    path: '/v1/catalog/models',
    summary: 'Model presets, and the model types whose config.json is understood.',
    tag: 'catalog',
    parameters: PAGED,
    answer: 'listModels',
  },
  {
    id: 'getModel',
    path: '/v1/catalog/models/{name}',
    summary: 'One preset with its parameters and FLOPs.',
    tag: 'catalog',
    parameters: [],
    path_parameters: { name: 'Name of the preset.' },
    answer: 'getModel',
  },
  {
    id: 'listMetrics',
    path: '/v1/catalog/metrics',
    summary: 'The series that Headway derives: name, unit, labels, meaning.',
    tag: 'catalog',
    parameters: PAGED,
    answer: 'listMetrics',
  },
  {
    id: 'listCauses',
    path: '/v1/catalog/causes',
    summary: 'Causes of interruptions: domain, recoverability, first action, source.',
    tag: 'catalog',
    parameters: PAGED,
    answer: 'listCauses',
  },
  {
    id: 'listBaselines',
    path: '/v1/catalog/baselines',
    summary: 'Learned baselines of linearity: the best sustained window of a specification, with its unit.',
    tag: 'catalog',
    parameters: PAGED,
    answer: 'listBaselines',
  },
  {
    id: 'listFields',
    path: '/v1/catalog/fields',
    summary: 'Telemetry fields of devices: exported names, neutral column, unit factor.',
    tag: 'catalog',
    parameters: ['vendor', ...PAGED],
    answer: 'listFields',
  },
  {
    id: 'listAlerts',
    path: '/v1/alerts',
    summary: 'The alert rules evaluated now: inactive, pending or firing, since when, with which value.',
    tag: 'alerts',
    parameters: ['job', 'state'],
    answer: 'listAlerts',
  },
  {
    id: 'listAlertHistory',
    path: '/v1/alerts/history',
    summary: 'When each alert was pending and firing in a range, as the rules say over the stored series.',
    tag: 'alerts',
    parameters: ['job', 'from', 'to', 'step'],
    answer: 'listAlertHistory',
  },
  {
    id: 'stream',
    path: '/v1/stream',
    summary: 'Changes as they are seen: state, goodput and incidents of jobs, as server-sent events.',
    tag: 'live',
    parameters: ['job'],
    answer: 'stream',
    media: 'text/event-stream',
  },
  {
    id: 'sendEvents',
    path: '/v1/events',
    summary: 'Run events, one JSON object a line; answered when they would survive a crash.',
    tag: 'ingest',
    method: 'post',
    parameters: [],
    answer: 'sendEvents',
    request: {
      media: 'application/x-ndjson',
      description: 'NDJSON; gzip and zstd by Content-Encoding. `headway spec validate FILE` checks a file.',
      schema: { type: 'string' },
    },
  },
] as const satisfies readonly Operation[];

export type OperationId = (typeof OPERATIONS)[number]['id'];

export function operation(id: OperationId): Operation {
  const found: Operation | undefined = OPERATIONS.find((one) => one.id === id);
  if (found === undefined) throw new Error(`no operation is called ${id}`);
  return found;
}
