import type { EmbeddedDrillResult } from './embedded-drill.ts';

/** One line with the figures of a drill. */
export function embeddedSummary(result: EmbeddedDrillResult): string {
  const { verdict, kills, repeated_deliveries, unknown_outcomes, fresh_s } = result;
  const total = [...kills.values()].reduce((sum, count) => sum + count, 0);
  const places = [...kills].map(([place, count]) => `${count} ${place}`).join(', ');
  return (
    `${total} kills (${places}): ${verdict.acknowledged} of ${verdict.issued} events acknowledged, ` +
    `${unknown_outcomes} sends of unknown outcome, ${repeated_deliveries} deliveries repeated; ` +
    `${verdict.lost.length} lost, ${verdict.doubled.length} doubled, ${verdict.written_twice.length} written twice, ` +
    `${verdict.damaged.length} damaged; a fresh event answered after ${fresh_s.toFixed(1)} s`
  );
}
