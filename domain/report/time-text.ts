/** RFC 3339, of microseconds since the epoch. */
export function timeText(us: number): string {
  return new Date(us / 1000).toISOString();
}
