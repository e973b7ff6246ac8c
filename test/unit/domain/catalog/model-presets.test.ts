import { describe, expect, it } from 'vitest';
import { findPreset, presetNames } from '../../../../domain/catalog/model-presets.ts';

describe('findPreset', () => {
  it.each([
    ['llama3-8b', 'llama3-8b'],
    ['llama-3-8b', 'llama3-8b'],
    ['llama3 8B', 'llama3-8b'],
    ['meta-llama/Meta-Llama-3-8B', 'llama3-8b'],
    ['meta-llama/Meta-Llama-3-8B-Instruct', 'llama3-8b'],
    ['Llama-3.1-8B', 'llama3.1-8b'],
    ['llama31_8b', 'llama3.1-8b'],
    ['llama31_405b', 'llama3.1-405b'],
    ['llama3 405B', 'llama3.1-405b'],
    ['meta-llama/Llama-2-7b-hf', 'llama2-7b'],
    ['mistralai/Mixtral-8x7B-v0.1', 'mixtral-8x7b'],
    ['GPT-3', 'gpt3-175b'],
    ['bigscience/bloom', 'bloom-176b'],
    ['deepseek-ai/DeepSeek-V3-Base', 'deepseek-v3'],
    ['Qwen/Qwen3-32B', 'qwen3-32b'],
  ])('takes %s for %s', (name, key) => {
    expect(findPreset(name)?.key).toBe(key);
  });

  it.each([
    '',
    '/',
    'llama',
    'llama3',
    'llama-3-9b',
    'llama3-18b',
    'llama38b',
    'gpt4',
    'base',
    'llama2_70b_lora',
    '__proto__',
  ])('knows nothing of %j', (name) => {
    expect(findPreset(name)).toBeNull();
  });

  it('finds every preset under its own key, once, with a source', () => {
    expect(new Set(presetNames()).size).toBe(presetNames().length);
    for (const name of presetNames()) {
      expect(findPreset(name)?.key).toBe(name);
      expect(findPreset(name)?.source).toMatch(/\S/);
    }
  });
});
