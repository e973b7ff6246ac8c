import { describe, expect, it } from 'vitest';
import { shownUrl, Unreached, unreachedOf } from '../../../../platform/store/server-errors.ts';
import { claimPrefix, insertId, namePrefix, rowLines } from '../../../../platform/store/server-insert.ts';

const FENCE = { name: 'cluster/topic/1', epoch: 7, owner: 'o:1' };

describe('an insert to a server', () => {
  it('has an id that tells its claim, and no other', () => {
    expect(insertId(FENCE).startsWith(claimPrefix(FENCE))).toBe(true);
    expect(claimPrefix(FENCE).startsWith(namePrefix(FENCE))).toBe(true);
    expect(insertId(FENCE)).not.toBe(insertId(FENCE));
    for (const other of [
      { ...FENCE, epoch: 70 },
      { ...FENCE, owner: 'o:10' },
    ]) {
      expect(insertId(other).startsWith(claimPrefix(FENCE))).toBe(false);
      expect(insertId(other).startsWith(namePrefix(FENCE))).toBe(true);
    }
    expect(insertId({ ...FENCE, name: 'cluster/topic/12' }).startsWith(namePrefix(FENCE))).toBe(false);
    expect(insertId(undefined).startsWith(namePrefix(FENCE))).toBe(false);
  });

  it('has times as every server reads them, and texts that look like times as they are', () => {
    const types = new Map([
      ['at', "DateTime64(3, 'UTC')"],
      ['maybe', 'Nullable(DateTime)'],
      ['text', 'String'],
    ]);
    const time = '2025-11-25T03:33:40.123Z';
    expect(String(rowLines([{ at: time, maybe: null, text: time }, { at: 5 }], types))).toBe(
      `{"at":"2025-11-25 03:33:40.123","maybe":null,"text":"${time}"}\n{"at":5}`,
    );
  });
});

describe('what comes back from a server that is none', () => {
  const url = 'http://me:secret@store:8123/';

  it.each([
    [Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' }), false],
    [Object.assign(new AggregateError([], ''), { code: 'ECONNREFUSED' }), false],
    [Object.assign(new Error('timed out'), { code: 'ETIMEDOUT', syscall: 'connect' }), false],
    [Object.assign(new Error('self-signed certificate'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), false],
    [Object.assign(new Error('certificate has expired'), { code: 'CERT_HAS_EXPIRED' }), false],
    [Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' }), true],
    [Object.assign(new Error('read ETIMEDOUT'), { code: 'ETIMEDOUT', syscall: 'read' }), true],
    [new Error('Timeout error.'), true],
    [new Error('<html>502 Bad Gateway</html>'), true],
  ])('%s: may have arrived: %s', (cause, mayHaveArrived) => {
    const error = unreachedOf(cause, url);
    expect(error).toBeInstanceOf(Unreached);
    expect(error).toMatchObject({ mayHaveArrived });
    expect(error?.message).toContain('http://store:8123/');
    expect(error?.message).not.toContain('secret');
  });

  it('is not what the server itself says of a statement', () => {
    expect(unreachedOf(Object.assign(new Error('x'), { code: '60', type: 'UNKNOWN_TABLE' }), url)).toBeNull();
    expect(shownUrl(url)).toBe('http://store:8123/');
  });
});
