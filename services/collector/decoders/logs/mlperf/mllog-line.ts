const MARK = ':::MLLOG';

export interface MllogEntry {
  readonly time_us: number;
  readonly key: string;
  readonly value: unknown;
  readonly metadata: Readonly<Record<string, unknown>>;
}

export type MllogResult =
  | { readonly ok: true; readonly entry: MllogEntry }
  | { readonly ok: false; readonly message: string };

/** `:::MLLOG {"namespace": "", "time_ms": ..., "event_type": ..., "key": ..., "value": ..., "metadata": {...}}`. */
export function mllogIn(text: string): MllogResult | undefined {
  const at = text.indexOf(MARK);
  if (at < 0) return undefined;
  let object: unknown;
  try {
    object = JSON.parse(text.slice(at + MARK.length));
  } catch (error) {
    return {
      ok: false,
      message: `not JSON after ${MARK}: ${error instanceof Error ? error.message : String(error)}`,
    };
  }
  if (!isRecord(object)) return { ok: false, message: `no object after ${MARK}` };
  const { time_ms, key, value, metadata } = object;
  if (typeof time_ms !== 'number' || !Number.isFinite(time_ms) || time_ms < 0)
    return { ok: false, message: 'time_ms is no time' };
  if (typeof key !== 'string') return { ok: false, message: 'key is no text' };
  const entry = {
    time_us: Math.round(time_ms * 1000),
    key,
    value,
    metadata: isRecord(metadata) ? metadata : {},
  };
  return { ok: true, entry };
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
