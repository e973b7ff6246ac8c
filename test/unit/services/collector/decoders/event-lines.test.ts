import { describe, expect, it } from 'vitest';
import { readEventLine } from '../../../../../domain/event-reader.ts';
import { decodeEventLines } from '../../../../../services/collector/decoders/event-lines.ts';

const LIMITS = { line_bytes_max: 200, rejected_named_max: 2 };
const decode = (text: string | Uint8Array) =>
  decodeEventLines(typeof text === 'string' ? Buffer.from(text) : text, LIMITS, readEventLine);

describe('lines of run events', () => {
  it('are read one by one, with the number that an editor shows', () => {
    const read = decode('\n{"type":"job","job":"a"}\r\n   \nnot json\n{"type":"job","job":"b"}');
    expect(read.events.map((event) => 'job' in event && event.job)).toEqual(['a', 'b']);
    expect(read.rejected).toEqual([{ line: 4, code: expect.any(String), message: expect.any(String) }]);
    expect(read.lines).toBe(3);
  });

  it('refuse alone what is too long or not UTF-8', () => {
    const long = decode(`{"type":"job","job":"${'x'.repeat(300)}"}\n{"type":"job","job":"b"}\n`);
    expect(long.rejected).toMatchObject([{ line: 1, code: 'line_too_long' }]);
    expect(long.events.length).toBe(1);
    expect(decode(Uint8Array.of(0xff, 0xfe, 0x0a)).rejected).toMatchObject([{ line: 1, code: 'not_utf8' }]);
  });

  it('name some of the rejected and count all', () => {
    const read = decode('x\n'.repeat(5));
    expect(read.rejected.length).toBe(2);
    expect(read.rejected_count).toBe(5);
  });
});
