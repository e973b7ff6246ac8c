/**
 * Exact intervals for a count of failures. Failures are taken as a Poisson process watched for a fixed time, so a run
 * that goes on (the last stretch without a failure is cut off by now) needs no correction.
 */

export interface Interval {
  readonly low: number;
  /** Null: no upper end can be given. */
  readonly high: number | null;
}

/**
 * The exact two-sided interval for the mean of a Poisson count (Garwood, Biometrika 28 (1936) 437-442), in counts:
 * chi2(alpha/2; 2n) / 2 to chi2(1 - alpha/2; 2n + 2) / 2. At n = 0 the lower end is 0.
 *
 * @param count observed events, an integer from 0
 * @param confidence such as 0.95
 */
export function garwoodInterval(count: number, confidence: number): { low: number; high: number } {
  const tail = (1 - confidence) / 2;
  return {
    low: count === 0 ? 0 : chiSquareQuantile(tail, 2 * count) / 2,
    high: chiSquareQuantile(1 - tail, 2 * count + 2) / 2,
  };
}

/**
 * Interval for a mean time between events of which `count` were seen in `exposure_s` seconds. Without an event only a
 * one-sided lower end is known: exposure / -ln(1 - confidence), the "rule of three" at 95 %.
 */
export function meanTimeInterval(exposure_s: number, count: number, confidence: number): Interval {
  if (count === 0) return { low: exposure_s / -Math.log(1 - confidence), high: null };
  const { low, high } = garwoodInterval(count, confidence);
  return { low: exposure_s / high, high: exposure_s / low };
}

/** Halvings that reach the precision of a double from any start. */
const HALVINGS_MAX = 200;

/**
 * Quantile of the chi-square distribution: the x at which its lower tail is `p` (0 < p < 1), for `freedom` > 0 degrees
 * of freedom. By bisection on the regularized incomplete gamma function, to about ten digits.
 */
export function chiSquareQuantile(p: number, freedom: number): number {
  const shape = freedom / 2;
  let low = 0;
  let high = Math.max(1, shape);
  while (lowerGamma(shape, high) < p) high *= 2;
  for (let halving = 0; halving < HALVINGS_MAX; halving++) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) break;
    if (lowerGamma(shape, middle) < p) low = middle;
    else high = middle;
  }
  // x is twice the quantile of the gamma distribution: twice the middle
  return low + high;
}

/**
 * Regularized lower incomplete gamma function P(a, x): its series below a + 1, Lentz's continued fraction of the upper
 * one beyond (Numerical Recipes 6.2).
 */
export function lowerGamma(a: number, x: number): number {
  if (x <= 0) return 0;
  const scale = Math.exp(a * Math.log(x) - x - logGamma(a));
  return x < a + 1 ? scale * gammaSeries(a, x) : 1 - scale * gammaFraction(a, x);
}

/** Terms fall below a double's precision after some multiple of sqrt(a); this is far beyond any count of failures. */
const TERMS_MAX = 100_000;

function gammaSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < TERMS_MAX && term > sum * Number.EPSILON; n++) {
    term *= x / (a + n);
    sum += term;
  }
  return sum;
}

function gammaFraction(a: number, x: number): number {
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let value = d;
  for (let n = 1; n < TERMS_MAX; n++) {
    const factor = -n * (n - a);
    b += 2;
    d = factor * d + b;
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    c = b + factor / c;
    if (Math.abs(c) < tiny) c = tiny;
    value *= d * c;
    if (Math.abs(d * c - 1) < Number.EPSILON) break;
  }
  return value;
}

/** Lanczos' approximation with g = 7 and nine terms (Godfrey's coefficients), to about 15 digits. */
const LANCZOS = [
  0.999_999_999_999_809_9, 676.520_368_121_885_1, -1_259.139_216_722_402_8, 771.323_428_777_653_1,
  -176.615_029_162_140_6, 12.507_343_278_686_905, -0.138_571_095_265_720_12, 9.984_369_578_019_572e-6,
  1.505_632_735_149_311_6e-7,
];

/** Natural logarithm of the gamma function, for a >= 0.5. */
function logGamma(a: number): number {
  const z = a - 1;
  const [first = 0, ...rest] = LANCZOS;
  const sum = rest.reduce((total, coefficient, index) => total + coefficient / (z + index + 1), first);
  const t = z + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (z + 0.5) * Math.log(t) - t + Math.log(sum);
}
