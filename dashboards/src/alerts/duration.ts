/** Whole seconds as Prometheus and Grafana write a duration: 900 is `15m`, 90 is `90s`. */
export function durationText(seconds: number): string {
  if (!Number.isInteger(seconds) || seconds < 0) {
    throw new RangeError(`A duration of a rule is a whole number of seconds, not ${seconds}.`);
  }
  if (seconds > 0 && seconds % 3600 === 0) return `${seconds / 3600}h`;
  if (seconds > 0 && seconds % 60 === 0) return `${seconds / 60}m`;
  return `${seconds}s`;
}
