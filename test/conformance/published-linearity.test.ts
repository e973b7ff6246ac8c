import { describe, expect, it } from 'vitest';
import { type LinearityDefinition, type LinearityPoint, linearityOf } from '../../domain/linearity.ts';
import { expectReproduced, printed } from '../support/published.ts';

type Texts = readonly [devices: number, batch: number, minutes: string, score: string | null, step: string];

interface Round {
  readonly name: string;
  readonly model: string;
  readonly length: number;
  readonly rows: readonly Texts[];
}

/**
 * MLPerf Training result logs (mlcommons/training_results_v3.1, v5.0, v5.1, submitter NVIDIA unless named): devices,
 * global batch, minutes from run_start to run_stop, official score, seconds of a step. Linearities computed from the
 * unrounded logs.
 */
const GPT3: Round = {
  name: 'GPT-3 175B v3.1, H100',
  model: 'gpt3-175b',
  length: 2048,
  rows: [
    [512, 2048, '58.30', null, '11.054'],
    [768, 3072, '40.63', null, '11.075'],
    [4096, 2048, '8.574', null, '1.608'],
    [6144, 3072, '6.027', null, '1.615'],
    [8192, 4096, '4.866', null, '1.619'],
    [10_240, 2560, '4.070', null, '0.926'],
    [10_752, 2688, '3.917', null, '0.930'],
  ],
};
const H100: Round = {
  name: 'Llama-3.1-405B v5.0, H100',
  model: 'llama3.1-405b',
  length: 8192,
  rows: [
    [512, 1152, '230.68', '269.12', '55.14'],
    [2048, 1152, '60.17', '70.20', '14.22'],
    [2432, 1216, '60.41', '60.84', '12.71'],
    [2560, 1120, '50.35', '57.54', '11.17'],
    [8192, 1536, '19.64', '20.81', '5.178'],
  ],
};
const GB200: Round = {
  name: 'Llama-3.1-405B v5.0, GB200',
  model: 'llama3.1-405b',
  length: 8192,
  rows: [
    [512, 896, '104.95', '121.09', '19.28'],
    [1024, 768, '53.20', '62.07', '8.448'],
    [1536, 1152, '36.40', '42.46', '8.499'],
    [2048, 1280, '32.00', '32.63', '7.158'],
    [2496, 1248, '26.99', '27.33', '5.822'],
  ],
};
const GB200_FP4: Round = {
  name: 'Llama-3.1-405B v5.1, GB200',
  model: 'llama3.1-405b',
  length: 8192,
  rows: [
    [512, 1152, '84.94', '84.94', '17.26'],
    [2560, 960, '18.79', '18.79', '3.190'],
    [5120, 1280, '9.995', '10.0', '2.227'],
  ],
};

function pointOf({ model, length }: Round, [devices, batch, minutes, score, step]: Texts): LinearityPoint {
  return {
    job: String(devices),
    devices,
    tokens_per_s_per_device: (batch * length) / Number(step) / devices,
    step_s: Number(step),
    model,
    sequence_length: length,
    batch_per_device: batch / devices,
    hardware: null,
    dtype: null,
    time_to_train_s: Number(minutes) * 60,
    score: score === null ? null : Number(score),
  };
}

function linearities(round: Round, definition: LinearityDefinition): (number | null)[] {
  const points = round.rows.map((row) => pointOf(round, row));
  return linearityOf(points, { job: '512' }, definition).points.map(({ linearity_ratio }) => linearity_ratio);
}

/** The printed columns that a definition rests on; a score is minutes times a factor. */
const COLUMN = { tokens: [4], step_time: [4], time_to_train: [2], score: [2, 3] } as const;

const COLUMNS: readonly (readonly [Round, LinearityDefinition, readonly string[]])[] = [
  [GPT3, 'tokens', ['100', '99.8', '85.9', '85.6', '85.3', '74.6', '74.3']],
  [GPT3, 'time_to_train', ['100', '95.7', '85.0', '80.6', '74.9', '71.6', '70.9']],
  [H100, 'tokens', ['100', '96.9', '96.4', '96.0', '88.8']],
  [H100, 'time_to_train', ['100', '95.9', '80.4', '91.6', '73.4']],
  [H100, 'score', ['100', '95.9', '93.1', '93.5', '80.8']],
  [GB200, 'tokens', ['100', '97.8', '97.2', '96.2', '94.6']],
  [GB200, 'time_to_train', ['100', '98.6', '96.1', '82.0', '79.8']],
  [GB200, 'score', ['100', '97.6', '95.1', '92.8', '90.9']],
  [GB200_FP4, 'tokens', ['100', '90.2', '86.1']],
  [GB200_FP4, 'time_to_train', ['100', '90.4', '85.0']],
  [GB200_FP4, 'score', ['100', '90.4', '85.0']],
];

describe.each(COLUMNS.map(([round, definition, texts]) => ({ round, definition, texts })))(
  '$round.name, linearity by $definition',
  ({ round, definition, texts }) => {
    it('is what the logs give', () => {
      const ours = linearities(round, definition);
      expect(ours).toHaveLength(texts.length);
      for (const [index, text] of texts.entries()) {
        const cells = [round.rows[0], round.rows[index]].flatMap((row) =>
          COLUMN[definition].map((column) => row?.[column]),
        );
        expectReproduced({
          what: `${round.name}, ${round.rows[index]?.[0]} devices`,
          convention: definition,
          published: printed(text),
          ours: 100 * (ours[index] ?? Number.NaN),
          from: cells.map((cell) => printed(String(cell))),
        });
      }
    });
  },
);

describe('what the definitions say of the same runs', () => {
  it('94.6, 79.8 and 90.9 % for 2,496 GB200, and step_time agrees with tokens whatever the batch', () => {
    const last = (definition: LinearityDefinition) => 100 * (linearities(GB200, definition).at(-1) ?? 0);
    expect([last('tokens'), last('time_to_train'), last('score')].map(Math.round)).toEqual([95, 80, 91]);
    for (const round of [GPT3, H100, GB200]) {
      for (const [index, ratio] of linearities(round, 'step_time').entries()) {
        expect(ratio).toBeCloseTo(linearities(round, 'tokens')[index] ?? Number.NaN, 9);
      }
    }
  });

  it('adding 19 % of devices made time to train worse though nothing was wrong', () => {
    const [, at2048, at2432] = linearities(H100, 'time_to_train');
    expect((at2432 ?? 0) / (at2048 ?? 1)).toBeLessThan(0.85);
    const [, tokens2048, tokens2432] = linearities(H100, 'tokens');
    expect((tokens2432 ?? 0) / (tokens2048 ?? 1)).toBeGreaterThan(0.99);
  });

  it('flags a batch per device that differs, and hides no row for it', () => {
    const points = H100.rows.map((row) => pointOf(H100, row));
    const { points: rows } = linearityOf(points, { job: '512' });
    expect(rows.map(({ differs }) => differs)).toEqual([[], ...Array(4).fill(['batch_per_device'])]);
  });
});

/** Weak scaling over different models: Megatron-Core r0.8 README, TFLOP/s a GPU on H100. */
describe('linearity above 1', () => {
  it('is shown and flagged: 7.1B runs at 114 % of 1.7B', () => {
    const point = (job: string, devices: number, tera: number): LinearityPoint => ({
      ...pointOf(GPT3, [devices, 192, '1', null, '1']),
      job,
      model: job,
      tokens_per_s_per_device: tera,
    });
    const { points } = linearityOf([point('1.7B', 48, 408.8), point('7.1B', 96, 465.9)], { job: '1.7B' });
    const row = points.find(({ job }) => job === '7.1B');
    expect(row?.linearity_ratio).toBeCloseTo(465.9 / 408.8, 9);
    expect(row?.differs).toContain('model');
  });
});

/** MLPerf v3.1, 10,752 H100 (mfu.md 0): efficiency at N already holds the linearity loss. */
describe('effective compute', () => {
  it('end to end is step linearity x the ratio of goodputs, 71.2 % against 71.0 % measured', () => {
    const step = linearities(GPT3, 'tokens').at(-1) ?? Number.NaN;
    const through = 100 * step * (0.873 / 0.91);
    console.info(
      `linearity 10,752 [tokens x goodput ratio]: ${through.toFixed(1)} %, measured end to end 71.0 %`,
    );
    expect(through).toBeCloseTo(71.2, 0);
    expect(Math.abs(through / 71.0 - 1)).toBeLessThan(0.005);
  });
});
