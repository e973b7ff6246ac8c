import { createHash } from 'node:crypto';

/**
 * The 64-bit id of a series: the first eight bytes of the SHA-1 of its name and its labels in name order. The same
 * name and labels give the same id in every process, so writers need not agree on anything. Among a million series
 * the chance that any two share an id is about 3e-8 (n^2 / 2^65).
 */
export function seriesId(name: string, labels: Readonly<Record<string, string>>): bigint {
  return seriesIdOfKey(seriesKey(name, labels));
}

/** Name and labels as one text that only this name and these labels have. */
export function seriesKey(name: string, labels: Readonly<Record<string, string>>): string {
  return JSON.stringify([name, ...sortedLabels(labels)]);
}

export function seriesIdOfKey(key: string): bigint {
  return createHash('sha1').update(key).digest().readBigUInt64LE(0);
}

/** Labels in name order (UTF-16 code units). */
export function sortedLabels(labels: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
