import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { addFlops } from '../../../cli/commands/flops.ts';
import { EXIT } from '../../../cli/outcome.ts';

async function run(...args: string[]): Promise<{ out: string; err: string }> {
  const terminal = { out: new PassThrough(), err: new PassThrough() };
  const program = new Command('headway').exitOverride();
  addFlops(program, terminal);
  await program.parseAsync(['flops', ...args], { from: 'user' });
  const text = (stream: PassThrough) => String(stream.read() ?? '');
  return { out: text(terminal.out), err: text(terminal.err) };
}

describe('flops --memory', () => {
  it('stands in the JSON, with what it was reckoned by', async () => {
    const { out } = await run(
      ...[
        'llama2-70b',
        '--sequence-length',
        '4096',
        '--memory',
        '--tp',
        '8',
        '--dp',
        '4',
        '--zero-stage',
        '1',
      ],
      ...['--micro-batch', '2', '--recompute', 'full', '--json'],
    );
    const { memory } = JSON.parse(out) as { memory: Record<string, unknown> };
    expect(memory).toMatchObject({
      parameters: 68_976_648_192,
      settings: { tp: 8, pp: 1, dp: 4, cp: 1, ep: 1 },
      zero_stage: 1,
      recipe: 'adam_mixed',
      reasons: {},
    });
    // 80 layers' inputs of two sequences, split over the sequence; the head's input and logits too
    const head = 2 * 2 * 8192 + 4 * 32_000;
    expect(memory['activation_bytes']).toBe((2 * 4096 * (80 * 2 * 8192 + head)) / 8);
  });

  it('is not there unless asked for, and says what is missing', async () => {
    const { out } = await run('llama3-8b', '--json');
    expect(JSON.parse(out)).not.toHaveProperty('memory');
    const { out: text } = await run('llama3-8b', '--memory');
    expect(text).toContain('activations    unknown');
    expect(text).toContain('micro_batch_sequences');
  });

  it.each([
    ['--tp', '0'],
    ['--micro-batch', '1.5'],
    ['--zero-stage', '4'],
    ['--state', 'sgd'],
  ])('refuses %s %s as a usage error', async (flag, value) => {
    await expect(run('llama3-8b', '--memory', flag, value)).rejects.toMatchObject({
      message: expect.stringContaining(`${flag} ${value}`) as string,
      exitCode: EXIT.usage,
    });
  });
});
