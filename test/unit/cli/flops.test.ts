import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { addFlops } from '../../../cli/commands/flops.ts';
import { EXIT } from '../../../cli/outcome.ts';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headway-flops-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function run(...args: string[]): Promise<{ out: string; err: string }> {
  const terminal = { out: new PassThrough(), err: new PassThrough() };
  const program = new Command('headway').exitOverride();
  addFlops(program, terminal);
  await program.parseAsync(['flops', ...args], { from: 'user' });
  const text = (stream: PassThrough) => String(stream.read() ?? '');
  return { out: text(terminal.out), err: text(terminal.err) };
}

async function answer(...args: string[]) {
  const { out, err } = await run(...args, '--json');
  expect(err).toBe('');
  return JSON.parse(out);
}

const CONFIG = {
  model_type: 'mixtral',
  hidden_size: 4096,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  intermediate_size: 14_336,
  vocab_size: 32_000,
};

describe('headway flops', () => {
  it('reads a file as Python writes it, with numbers that JSON does not know', async () => {
    const path = join(folder, 'config.json');
    const text = JSON.stringify({ ...CONFIG, name: 'not Infinity' });
    await writeFile(
      path,
      text.replace(/}$/, ', "time_step_limit": [0.0, Infinity], "x": NaN, "y": -Infinity}'),
    );
    expect(await answer(path)).toMatchObject({ model: 'not Infinity', parameters: 46_702_792_704 });
  });

  it('takes the lengths of packed documents, as a list or a file', async () => {
    const path = join(folder, 'lengths.txt');
    await writeFile(path, '1024\n1024\n2048\n');
    const [list, file] = [
      await answer('llama3-8b', '--packed-lengths', '1024x2,2048'),
      await answer('llama3-8b', '--packed-lengths', path),
    ];
    expect(list).toEqual(file);
    const whole = await answer('llama3-8b', '--sequence-length', '1536');
    expect(list.flops_per_token).toEqual(whole.flops_per_token);
    expect(list.reasons).not.toHaveProperty('sequence_length');
    await expect(run('llama3-8b', '--packed-lengths', '12,x')).rejects.toMatchObject({
      exitCode: EXIT.usage,
    });
  });

  it('takes a site’s own figures before the catalog, and refuses with-sparsity ones by name', async () => {
    const path = join(folder, 'site.yaml');
    const speed = [
      '--devices',
      '1',
      '--tokens-per-second',
      '5000',
      '--hardware',
      'H100',
      '--hardware-file',
      path,
    ];
    await writeFile(path, 'hardware_overrides:\n  - {key: h100-sxm, peak_tflops: {bf16: 900}}\n');
    const json = await answer('llama3-8b', '--sequence-length', '8192', ...speed);
    expect(json).toMatchObject({ peak_flops: 900e12, peak_source: expect.stringMatching(/site setting/) });
    await writeFile(path, 'hardware_overrides:\n  - {key: h100-sxm, peak_tflops: {bf16: 1979}}\n');
    await expect(run('llama3-8b', ...speed)).rejects.toMatchObject({
      exitCode: EXIT.usage,
      message: expect.stringMatching(
        /site.yaml:2: hardware_overrides\[0\].peak_tflops.bf16: .*with-sparsity/,
      ),
    });
  });

  it('prints one JSON document for a preset', async () => {
    const json = await answer('llama-3-8b', '--sequence-length', '4096');
    expect(json).toMatchObject({
      model: 'llama3-8b',
      parameters: 8_030_261_248,
      matmul_parameters: 7_504_658_432,
      flops_per_token: { mm_causal: 48_249_176_064, mm_full: 51_470_401_536 },
      mfu_ratio: null,
      peak_flops: null,
      peak_source: null,
    });
    expect(json.components.map((row: { component: string }) => row.component)).toContain('attention_scores');
  });

  it('reads a published config.json by its path and by its folder', async () => {
    const path = join(folder, 'config.json');
    await writeFile(path, JSON.stringify(CONFIG));
    expect(await answer(path)).toMatchObject({
      parameters: 46_702_792_704,
      active_parameters: 12_879_925_248,
    });
    expect(await answer(folder)).toMatchObject({ model_type: 'mixtral' });
  });

  it('gives the MFU of a measured speed, tokens being over all devices', async () => {
    const json = await answer(
      ...['llama3-8b', '--sequence-length', '8192', '--devices', '8', '--tokens-per-second', '46720'],
      ...['--hardware', '64xNVIDIA HGX H100', '--dtype', 'bf16', '--recompute', 'none'],
    );
    expect(json.mfu_ratio.mm_full).toBeCloseTo(0.34197276, 7);
    expect(json.hfu_ratio).toBe(json.mfu_ratio.mm_full);
  });

  it('answers null with a reason on an unknown device', async () => {
    const json = await answer('gpt2', '--devices', '1', '--tokens-per-second', '5', '--hardware', 'Abacus');
    expect(json.mfu_ratio).toBeNull();
    expect(json.reasons.hardware).toContain('Abacus');
  });

  it('prints tables for people', async () => {
    const { out } = await run(
      'deepseek-v3',
      '--devices',
      '2048',
      '--tokens-per-second',
      '3157407',
      '--hardware',
      'H800',
    );
    expect(out).toMatch(/671,026,419,200/);
    expect(out).toMatch(/mm_full\s+281\.15\s+433\.45\s+43\.83 %/);
    expect(out).toMatch(/\(mtp\)/);
    expect(out).toMatch(/989 TFLOP\/s/);
  });

  it.each([
    [['no-such-model'], /Presets: .*llama3-8b/],
    [['missing/config.json'], /no file missing\/config\.json/],
    [['llama3-8b', '--sequence-length', '0'], /--sequence-length 0/],
    [['llama3-8b', '--sequence-length', '1.5'], /whole number/],
    [['llama3-8b', '--devices', 'eight'], /--devices eight/],
    [['llama3-8b', '--tokens-per-second', ' '], /--tokens-per-second/],
    [['llama3-8b', '--recompute', 'some'], /none, selective, full/],
  ])('refuses %j as usage', async (args, message) => {
    await expect(run(...args)).rejects.toMatchObject({
      exitCode: EXIT.usage,
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['{"model_type": "llama", ', /not JSON/],
    ['[1]', /no JSON object/],
    ['{"model_type": "resnet"}', /resnet.*Supported: .*mixtral/],
    ['{"model_type": "llama", "hidden_size": 64}', /num_attention_heads .*missing/],
  ])('refuses a config.json of %s as usage, naming the place', async (text, message) => {
    const path = join(folder, 'config.json');
    await writeFile(path, text);
    await expect(run(path)).rejects.toMatchObject({
      exitCode: EXIT.usage,
      message: expect.stringMatching(message),
    });
    await expect(run(path)).rejects.toThrow(path);
  });
});
