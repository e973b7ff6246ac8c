/** One way of doing the same work as another; `items` is what one run does. */
export interface Contender {
  readonly name: string;
  readonly items: number;
  run(): void | Promise<void>;
}

export interface Comparison {
  readonly title: string;
  readonly unit: string;
  readonly rows: readonly { readonly name: string; readonly per_s: number; readonly ratio: number }[];
}

/**
 * Runs all contenders in turn, `rounds` times, so that whatever else the machine does meets each alike, and takes each
 * one's best round. Ratios are to the first contender.
 */
export async function compare(
  title: string,
  unit: string,
  contenders: readonly Contender[],
  rounds = 7,
): Promise<Comparison> {
  const best = new Map<Contender, number>();
  for (let round = 0; round < rounds; round++) {
    for (const one of contenders) {
      const began = performance.now();
      await one.run();
      const per_s = (one.items * 1000) / (performance.now() - began);
      best.set(one, Math.max(best.get(one) ?? 0, per_s));
    }
  }
  const first = contenders[0] === undefined ? 1 : (best.get(contenders[0]) ?? 1);
  return {
    title,
    unit,
    rows: contenders.map((one) => {
      const per_s = best.get(one) ?? 0;
      return { name: one.name, per_s, ratio: per_s / first };
    }),
  };
}

export function printComparison({ title, unit, rows }: Comparison): string {
  const wide = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.map(({ name, per_s, ratio }) => {
    const rate = per_s.toLocaleString('en-US', { maximumFractionDigits: 0 });
    return `  ${name.padEnd(wide)}  ${rate.padStart(12)} ${unit}/s  ${ratio.toFixed(2)} x`;
  });
  return [title, ...lines, ''].join('\n');
}
