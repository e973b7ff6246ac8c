import { expect, test } from 'vitest';
import type { StepEvent } from '../../../../../domain/events.ts';
import { NumberColumn } from '../../../../../domain/ledger/book/number-column.ts';
import { StepColumns } from '../../../../../domain/ledger/book/step-columns.ts';

function stepAt(index: number, more: Partial<StepEvent> = {}): StepEvent {
  const start_us = 1_790_000_000_000_000 + index * 1_000_000;
  return { type: 'step', job: 'j', attempt: 1, step: index, start_us, end_us: start_us + 900_000, ...more };
}

test('a column keeps its numbers while it grows from one small chunk to many', () => {
  const column = new NumberColumn((length) => new Float64Array(length));
  let reserved = 0;
  for (const rows of [1, 200, 257, 5000, 16_384, 16_385, 40_000]) {
    column.reserve(rows);
    for (; reserved < rows; reserved++) column.set(reserved, reserved + 0.5);
  }
  const wrong = Array.from({ length: reserved }, (_, row) => row).filter(
    (row) => column.at(row) !== row + 0.5,
  );
  expect(wrong).toEqual([]);
  expect(column.at(3 * 16_384)).toBeNaN();
});

test('gives events back as they were, of any size, wherever among the others they arrive', () => {
  const columns = new StepColumns('j');
  const events = Array.from({ length: 40_000 }, (_, index) => stepAt(index));
  const odd = [
    stepAt(10, { start_us: 1_790_000_010_000_001, attempt: 2 ** 31 }),
    stepAt(16_383, { start_us: 1_790_016_383_000_001, rank: 2 ** 31 + 1 }),
    stepAt(20_000, { start_us: 1_790_020_000_000_001, count: 2 ** 32 }),
    stepAt(30_000, { start_us: 1_790_030_000_000_001, tokens: 2 ** 40, kind: 'eval' }),
  ];
  columns.add(events.filter((_, index) => index % 2 === 0));
  columns.add([...odd, ...events.filter((_, index) => index % 2 === 1)]);
  const inOrder = [...events, ...odd].sort((a, b) => a.start_us - b.start_us);
  expect(columns.events(0, columns.length)).toEqual(inOrder);
  expect(columns.add([...odd, ...events])).toBeUndefined();
});
