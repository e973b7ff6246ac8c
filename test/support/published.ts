import { expect } from 'vitest';

/** A figure as a source prints it: the text shows how it was rounded, and so how far the truth may lie from it. */
export interface Printed {
  readonly value: number;
  /** Half a unit of the last printed digit; a whole one where the source cuts digits off instead of rounding. */
  readonly slack: number;
}

/** `printed('238.3', 1e3)`: 238,300, read to a tenth of a thousand. */
export function printed(text: string, scale = 1, how: 'rounded' | 'cut' = 'rounded'): Printed {
  const decimals = /\.(\d+)/.exec(text)?.[1]?.length ?? 0;
  const unit = scale * 10 ** -decimals;
  return { value: Number(text) * scale, slack: how === 'cut' ? unit : unit / 2 };
}

/** Given to the last digit, or exact by nature such as a count. */
export function exactly(value: number): Printed {
  return { value, slack: 0 };
}

export interface PublishedFigure {
  readonly what: string;
  /** How it is counted: a convention of `domain/model-flops.ts`, or a definition of linearity. */
  readonly convention: string;
  readonly published: Printed;
  readonly ours: number;
  /** Printed figures that ours is a product or quotient of: their rounding is ours too. */
  readonly from?: readonly Printed[];
}

/** Our figure over the published one, minus 1. */
export function residualOf({ published, ours }: PublishedFigure): number {
  return ours / published.value - 1;
}

/** The relative distance that the rounding of the source allows, and not a bit more. */
export function roundingOf({ published, from = [] }: PublishedFigure): number {
  return [published, ...from].reduce((sum, { value, slack }) => sum + slack / Math.abs(value), 0);
}

/** Prints the convention and the residual, and demands that rounding alone explains it. */
export function expectReproduced(figure: PublishedFigure): void {
  report(figure, 'reproduced');
  expect(Math.abs(residualOf(figure)), `${figure.what}: residual against rounding`).toBeLessThanOrEqual(
    roundingOf(figure) + 1e-12,
  );
}

/** A row that does not add up in its own source: prints it, and demands that it still does not. */
export function expectNotAddingUp(figure: PublishedFigure): void {
  report(figure, 'does not add up in the source');
  expect(Math.abs(residualOf(figure)), `${figure.what}: residual against rounding`).toBeGreaterThan(
    roundingOf(figure),
  );
}

function report(figure: PublishedFigure, verdict: string): void {
  const { what, convention, published, ours } = figure;
  const [residual, rounding] = [residualOf(figure), roundingOf(figure)].map((ratio) =>
    (100 * ratio).toFixed(3),
  );
  console.info(
    `${what} [${convention}]: published ${published.value}, here ${Number(ours.toPrecision(7))}, ` +
      `residual ${residual} % (rounding allows ${rounding} %): ${verdict}`,
  );
}
