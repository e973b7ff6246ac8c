/**
 * A float as Prometheus prints it: the shortest decimal that reads back the same, never in exponent form
 * (Go's `strconv.FormatFloat(v, 'f', -1, 64)`); `NaN`, `+Inf`, `-Inf`.
 */
export function formatFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  if (Object.is(value, -0)) return '-0';
  const text = String(value);
  const parts = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (parts === null) return text;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = parts;
  const digits = whole + fraction;
  const point = 1 + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, '0')}`;
}

/** A time as JSON number of seconds: `1.5`, `4`, never more than three decimals. */
export function formatSeconds(time_ms: number): string {
  const whole = Math.trunc(Math.abs(time_ms) / 1000);
  const rest = Math.abs(time_ms) % 1000;
  const sign = time_ms < 0 ? '-' : '';
  if (rest === 0) return `${sign}${whole}`;
  return `${sign}${whole}.${String(rest).padStart(3, '0').replace(/0+$/, '')}`;
}
