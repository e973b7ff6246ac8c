/** Functions of one value, by name; the formulas of Prometheus 2.42 (`promql/functions.go`). */
export const VALUE_FUNCTIONS: ReadonlyMap<string, (value: number) => number> = new Map([
  ['abs', Math.abs],
  ['ceil', Math.ceil],
  ['floor', Math.floor],
  ['exp', Math.exp],
  ['sqrt', Math.sqrt],
  ['ln', Math.log],
  ['log2', Math.log2],
  ['log10', Math.log10],
  ['sgn', Math.sign],
  ['rad', (value: number) => (value * Math.PI) / 180],
  ['deg', (value: number) => (value * 180) / Math.PI],
  ['sin', Math.sin],
  ['cos', Math.cos],
  ['tan', Math.tan],
  ['asin', Math.asin],
  ['acos', Math.acos],
  ['atan', Math.atan],
  ['sinh', Math.sinh],
  ['cosh', Math.cosh],
  ['tanh', Math.tanh],
  ['asinh', Math.asinh],
  ['acosh', Math.acosh],
  ['atanh', Math.atanh],
]);

/** Functions of a value and constants; the others of their arguments are scalars. Null: the vector is empty. */
export const SCALED_FUNCTIONS: ReadonlyMap<
  string,
  (scalars: readonly number[]) => ((value: number) => number) | null
> = new Map<string, (scalars: readonly number[]) => ((value: number) => number) | null>([
  [
    'clamp',
    ([low = Number.NaN, high = Number.NaN]) =>
      high < low ? null : (value) => Math.max(low, Math.min(high, value)),
  ],
  [
    'clamp_min',
    ([low = Number.NaN]) =>
      (value) =>
        Math.max(low, value),
  ],
  [
    'clamp_max',
    ([high = Number.NaN]) =>
      (value) =>
        Math.min(high, value),
  ],
  [
    'round',
    ([nearest = 1]) => {
      const inverse = 1 / nearest;
      return (value) => Math.floor(value * inverse + 0.5) / inverse;
    },
  ],
]);

const DAY_MS = 86_400_000;

/** Parts of a UTC time; the argument is a count of seconds since the epoch. */
export const DATE_FUNCTIONS: ReadonlyMap<string, (date: Date) => number> = new Map([
  ['minute', (date: Date) => date.getUTCMinutes()],
  ['hour', (date: Date) => date.getUTCHours()],
  ['day_of_week', (date: Date) => date.getUTCDay()],
  ['day_of_month', (date: Date) => date.getUTCDate()],
  [
    'day_of_year',
    (date: Date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY_MS) + 1,
  ],
  [
    'days_in_month',
    (date: Date) => new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate(),
  ],
  ['month', (date: Date) => date.getUTCMonth() + 1],
  ['year', (date: Date) => date.getUTCFullYear()],
]);
