import { describe, expect, it } from 'vitest';
import type { DeadLetterNote } from '../../../../../platform/bus/dead-letters.ts';
import {
  type LetterMessage,
  LetterReader,
  letterMessages,
  replayedMessage,
} from '../../../../../platform/bus/kafka/dead-letter-message.ts';

function note(name: string, put_at_ms = 1000): DeadLetterNote {
  return {
    ...{ name, id: `id of ${name}`, kind: 'event_lines', schemaVersion: 0, key: 'k', rows: 2, bytes: 9 },
    reason: { code: 'bad_lines', text: 'line 1\nis "bad" é' },
    origin: { topic: 't', partition: 1, offset: 7, lines: [{ line: 1, code: 'not_json', message: 'x' }] },
    ...{ put_at_ms, replays: 0, replayed_at_ms: null },
  };
}

const BODY = Buffer.from('first\nsecond\n\0\xff');
const SMALL = 100;

function readAll(messages: readonly LetterMessage[], wanted?: string): LetterReader {
  const reader = new LetterReader(wanted);
  for (const { key, value, headers } of messages)
    reader.take({
      ...{ key, value },
      headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)])),
    });
  return reader;
}

describe('letters in their topic', () => {
  it('come out of one message or many as they went in', () => {
    const whole = letterMessages(note('a'), BODY, 'p1', 10_000);
    const parts = letterMessages(note('b'), BODY, 'p2', SMALL);
    expect(whole).toHaveLength(1);
    expect(parts.length).toBeGreaterThan(3);
    expect(parts.every(({ value }) => (value?.length ?? 0) <= SMALL)).toBe(true);
    const reader = readAll([...whole, ...parts], 'b');
    expect(reader.notes).toEqual([note('a'), note('b')]);
    expect(reader.body).toEqual(BODY);
  });

  it('are not mixed up by two that put at a time, nor by parts that come twice or never', () => {
    const one = letterMessages(note('a'), BODY, 'p1', SMALL);
    const two = letterMessages(note('b', 2000), Buffer.from('other'), 'p2', SMALL);
    const cut = letterMessages(note('c'), BODY, 'p3', SMALL).slice(1);
    const zipped = one.flatMap((message, n) => [message, message, ...two.slice(n, n + 1)]);
    const reader = readAll([...cut, ...zipped], 'a');
    expect(reader.notes.map(({ name }) => name).sort()).toEqual(['a', 'b']);
    expect(reader.body).toEqual(BODY);
  });

  it('are sent again once they are marked so, and open again when they come back', () => {
    const put = letterMessages(note('a'), BODY, 'p1', SMALL);
    const sent = readAll([...put, replayedMessage(note('a'), 5000)]);
    expect(sent.notes).toMatchObject([{ replays: 1, replayed_at_ms: 5000 }]);
    const back = letterMessages(note('a', 6000), BODY, 'p2', SMALL);
    const open = readAll([...put, replayedMessage(note('a'), 5000), ...back]);
    expect(open.notes).toMatchObject([{ put_at_ms: 6000, replays: 1, replayed_at_ms: null }]);
    // It came back before the mark did.
    const early = readAll([...put, ...back, replayedMessage(note('a'), 7000)]);
    expect(early.notes).toMatchObject([{ put_at_ms: 6000, replays: 1, replayed_at_ms: null }]);
  });

  it('pass over what is no letter', () => {
    const [own] = letterMessages(note('a'), BODY, 'p1', 10_000);
    if (own === undefined) throw new Error('a letter is a message');
    const strange = [
      { ...own, headers: {} },
      { ...own, value: Buffer.from('no note\n') },
      { ...own, value: null },
      replayedMessage(note('never put'), 1),
    ];
    expect(readAll(strange).notes).toEqual([]);
  });
});
