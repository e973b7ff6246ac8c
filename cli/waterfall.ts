const BAR_WIDTH = 28;

export interface WaterfallRow {
  readonly label: string;
  /** Share of the whole, 0..1. */
  readonly share: number;
  readonly text: string;
}

/** A bar a row, each beginning where the one above ended: what is left at the bottom right is what was productive. */
export function waterfallText(rows: readonly WaterfallRow[]): string {
  const wide = Math.max(...rows.map(({ label }) => label.length));
  let begin = 0;
  return rows
    .map(({ label, share, text }) => {
      // what gives instead of taking has a negative share, and may be the first row
      const from = Math.max(0, Math.round(begin * BAR_WIDTH));
      begin += share;
      const to = Math.max(Math.round(begin * BAR_WIDTH), share > 0 ? from + 1 : from);
      const bar = `${' '.repeat(from)}${'█'.repeat(to - from)}`.padEnd(BAR_WIDTH);
      return `  ${label.padEnd(wide)}  ${percent(share).padStart(7)}  ${bar}  ${text}`;
    })
    .join('\n');
}

export function percent(ratio: number, digits = 1): string {
  return `${(ratio * 100).toFixed(digits)} %`;
}
