import type { PromqlConfig } from './config.ts';
import { badData } from './errors.ts';
import { formatSeconds } from './format.ts';
import { durationMs } from './literals.ts';

/** Parameters of a request: those of a form body before those of the URL, as Go's `FormValue` reads them. */
export interface Parameters {
  get(name: string): string | undefined;
  all(name: string): string[];
}

/**
 * Reads URL and form body. A body that is no form is left alone: vmalert sends an empty JSON body with everything in
 * the URL. Throws `bad_data` for a body above the limit, counted as it arrives.
 */
export async function parametersOf(request: Request, { body_bytes_max }: PromqlConfig): Promise<Parameters> {
  const url = new URL(request.url).searchParams;
  const type = request.headers.get('content-type') ?? '';
  const isForm =
    request.method === 'POST' && type.toLowerCase().startsWith('application/x-www-form-urlencoded');
  const form = new URLSearchParams(isForm ? await bodyText(request, body_bytes_max) : '');
  return {
    get: (name) => {
      const value = form.get(name) ?? url.get(name);
      return value === null || value === '' ? undefined : value;
    },
    all: (name) => [...form.getAll(name), ...url.getAll(name)],
  };
}

async function bodyText(request: Request, bytes_max: number): Promise<string> {
  const encoding = request.headers.get('content-encoding') ?? 'identity';
  if (encoding !== 'identity') throw badData(`content-encoding ${encoding} is not supported for a form`);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of request.body ?? []) {
    bytes += part.byteLength;
    if (bytes > bytes_max) {
      throw badData(`form of more than ${bytes_max} bytes (config promql.body_bytes_max)`);
    }
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf8');
}

function invalid(name: string, message: string): Error {
  return badData(`invalid parameter ${JSON.stringify(name)}: ${message}`);
}

const DECIMAL = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const RFC3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;

/** Bounds that Prometheus's own clients send for "all time"; years that no date parser takes. */
const ALL_TIME: Readonly<Record<string, number>> = {
  '-292273086-05-16T16:47:06Z': Number.MIN_SAFE_INTEGER,
  '292277025-08-18T07:12:54.999999999Z': Number.MAX_SAFE_INTEGER,
};

/** A time as RFC 3339 or a number of seconds since the epoch, in milliseconds; throws `bad_data` naming the parameter. */
export function timeMs(parameters: Parameters, name: string, otherwise?: number): number {
  const text = parameters.get(name);
  if (text === undefined && otherwise !== undefined) return otherwise;
  const known = text === undefined ? undefined : ALL_TIME[text];
  if (known !== undefined) return known;
  const seconds = text !== undefined && DECIMAL.test(text) ? Number(text) : Number.NaN;
  const time_ms = Number.isNaN(seconds)
    ? text !== undefined && RFC3339.test(text)
      ? Math.floor(Date.parse(text))
      : Number.NaN
    : Math.round(seconds * 1000);
  if (!Number.isSafeInteger(time_ms)) {
    throw invalid(name, `cannot parse ${JSON.stringify(text ?? '')} to a valid timestamp`);
  }
  return time_ms;
}

/** A length as `15`, `15.0`, `15s` or `1m30s`, in milliseconds; undefined when it is not there. */
export function lengthMs(parameters: Parameters, name: string): number | undefined {
  const text = parameters.get(name);
  if (text === undefined) return undefined;
  const length = DECIMAL.test(text) ? Number(text) * 1000 : durationMs(text);
  if (length === null || !Number.isFinite(length)) {
    throw invalid(name, `cannot parse ${JSON.stringify(text)} to a valid duration`);
  }
  return length;
}

/** Start, end and step of a range query, within the limit of points. */
export function gridOf(parameters: Parameters, { points_per_series_max }: PromqlConfig) {
  const start_ms = timeMs(parameters, 'start');
  const end_ms = timeMs(parameters, 'end');
  if (end_ms < start_ms) {
    throw invalid('end', `end timestamp must not be before start time (${formatSeconds(start_ms)})`);
  }
  const step = lengthMs(parameters, 'step');
  if (step === undefined) throw invalid('step', 'cannot parse "" to a valid duration');
  const step_ms = Math.trunc(step);
  if (step_ms <= 0) {
    throw invalid(
      'step',
      'zero or negative query resolution step widths are not accepted. Try a positive integer',
    );
  }
  if (Math.trunc((end_ms - start_ms) / step_ms) > points_per_series_max) {
    throw badData(
      `exceeded maximum resolution of ${points_per_series_max.toLocaleString('en')} points per timeseries. ` +
        'Try decreasing the query resolution (?step=XX)',
    );
  }
  return { start_ms, end_ms, step_ms };
}

/** `limit` of the metadata routes; 0 and absent mean the configured most. */
export function limitOf(parameters: Parameters, { metadata_rows_max }: PromqlConfig): number {
  const text = parameters.get('limit');
  if (text === undefined) return metadata_rows_max;
  if (!/^\d+$/.test(text)) throw invalid('limit', `${JSON.stringify(text)} is not a whole number`);
  const limit = Number(text);
  return limit === 0 ? metadata_rows_max : Math.min(limit, metadata_rows_max);
}
