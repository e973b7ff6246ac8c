import type { QueryResult } from './engine.ts';
import type { PromError } from './errors.ts';
import { formatFloat, formatSeconds } from './format.ts';
import { toRecord } from './labels.ts';

const JSON_TYPE = { 'content-type': 'application/json' };

/** Prometheus's envelope around data that is JSON text already. */
export function success(data: string, warnings: readonly string[] = []): Response {
  const tail = warnings.length === 0 ? '' : `,"warnings":${JSON.stringify(warnings)}`;
  return new Response(`{"status":"success","data":${data}${tail}}`, { headers: JSON_TYPE });
}

const STATUS: Readonly<Record<PromError['type'], number>> = {
  bad_data: 400,
  execution: 422,
  timeout: 503,
  unavailable: 503,
  internal: 500,
};

export function failed(error: PromError): Response {
  return errorResponse(STATUS[error.type], error.type, error.message);
}

export function errorResponse(status: number, errorType: string, error: string): Response {
  return new Response(JSON.stringify({ status: 'error', errorType, error }), { status, headers: JSON_TYPE });
}

/** `resultType` stands before `result`: clients that read the answer as a stream rely on it. */
export function renderResult(result: QueryResult): string {
  switch (result.type) {
    case 'scalar':
      return `{"resultType":"scalar","result":${point(result.time_ms, result.value)}}`;
    case 'string':
      return `{"resultType":"string","result":[${formatSeconds(result.time_ms)},${JSON.stringify(result.value)}]}`;
    case 'vector': {
      const samples = result.vector.map(
        ({ labels, value }) =>
          `{"metric":${JSON.stringify(toRecord(labels))},"value":${point(result.time_ms, value)}}`,
      );
      return `{"resultType":"vector","result":[${samples.join(',')}]}`;
    }
    case 'matrix': {
      const series = result.series.map(({ labels, ts_ms, values }) => {
        const points = Array.from(ts_ms, (time_ms, index) => point(time_ms, values[index] ?? Number.NaN));
        return `{"metric":${JSON.stringify(toRecord(labels))},"values":[${points.join(',')}]}`;
      });
      return `{"resultType":"matrix","result":[${series.join(',')}]}`;
    }
  }
}

function point(time_ms: number, value: number): string {
  return `[${formatSeconds(time_ms)},"${formatFloat(value)}"]`;
}
