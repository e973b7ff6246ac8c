/** Seconds as a person reads them: `353.0 s`, `12 min 20 s`, `3 h 05 min`. */
export function duration(seconds: number | null): string {
  if (seconds === null) return 'unknown';
  if (Math.abs(seconds) < 600) return `${seconds.toFixed(seconds < 10 ? 3 : 1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${pad(seconds - minutes * 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${pad(minutes - hours * 60)} min`;
  return `${(seconds / 86_400).toFixed(1)} days`;
}

/** Large counts with thousands separators, the way model cards print parameters. */
export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

export function significant(value: number | null, digits = 4): string {
  return value === null ? 'unknown' : String(Number(value.toPrecision(digits)));
}

function pad(value: number): string {
  return String(Math.floor(value)).padStart(2, '0');
}
