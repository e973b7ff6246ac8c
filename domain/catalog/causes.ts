import { NAMED_CAUSES } from './causes-named.ts';
import { XID_CAUSES } from './causes-xid.ts';

/** Whose failure it was. `unknown` is an answer: the same symptom is found in several domains. */
export const CAUSE_DOMAINS = ['infrastructure', 'software', 'operator', 'unknown'] as const;
export type CauseDomain = (typeof CAUSE_DOMAINS)[number];

/** What brings the job back. */
export type Recoverability =
  | 'none_needed'
  | 'restart_app'
  | 'reset_device'
  | 'reboot_node'
  | 'replace_device'
  | 'repair_node'
  | 'wait'
  | 'change_code';

/**
 * One cause as a failure is labelled with it. Cause, symptom, domain and recoverability are different columns, after
 * NVIDIA Resiliency Extension's attribution vocabulary: the same symptom comes from different causes.
 */
export interface CauseRow {
  /** Normalised: lower case, words joined by `_`, a scheme before a colon. */
  readonly code: string;
  readonly class: string;
  readonly domain: CauseDomain;
  /** `secondary` follows another failure, `informational` is none; both explain nothing where something else was seen. */
  readonly role: 'cause' | 'symptom' | 'secondary' | 'informational';
  readonly recoverability: Recoverability | null;
  /** How an interruption by it is counted, where the code itself says so. */
  readonly interruption?: 'manual' | 'planned';
  readonly source: string;
}

export interface NamedCauseRow extends CauseRow {
  /** Other spellings, as patterns over the normalised text. */
  readonly pattern?: RegExp;
}

const BY_CODE: ReadonlyMap<string, CauseRow> = new Map(
  [...XID_CAUSES, ...NAMED_CAUSES].map((row) => [row.code, row]),
);

/** Lower case, words joined by `_`; `Xid 79` and `XID=79` become `xid:79`. */
export function causeCode(text: string): string {
  const plain = text
    .trim()
    .toLowerCase()
    .replace(/[\s\-/]+/g, '_');
  const xid = /^(?:nvrm:_)?(s?xid)[_:=#]*(\d+)$/.exec(plain);
  return xid === null ? plain : `${xid[1]}:${Number(xid[2])}`;
}

/** Texts that say only that something failed. */
const SAYS_NOTHING = new Set(['', 'unknown', 'unspecified', 'error', 'failed', 'failure', 'none', 'null']);

export function saysNothing(text: string | null): boolean {
  return text === null || SAYS_NOTHING.has(causeCode(text));
}

/**
 * What is known of a cause by its code or free text; undefined where nothing is: an unknown cause is never guessed. A
 * long text that names an Xid inside is read as that code.
 */
export function causeOf(text: string): CauseRow | undefined {
  const code = causeCode(text);
  if (SAYS_NOTHING.has(code)) return undefined;
  const known = BY_CODE.get(code);
  if (known !== undefined) return known;
  const inside = /(?:^|[^a-z])xid[^0-9a-z]*(?:\(pci:[^)]*\)[^0-9]*)?(\d+)/.exec(code);
  const xid = inside === null ? undefined : BY_CODE.get(`xid:${Number(inside[1])}`);
  return xid ?? NAMED_CAUSES.find(({ pattern }) => pattern?.test(code) === true);
}

/** What an exit status says: 128 + n is the death by signal n (POSIX shells). Undefined for a status of no meaning. */
export function causeOfExit(status: number): CauseRow | undefined {
  const signal = status > 128 && status <= 192 ? status - 128 : status < 0 ? -status : undefined;
  return signal === undefined ? undefined : BY_CODE.get(SIGNALS[signal] ?? '');
}

const SIGNALS: Readonly<Record<number, string>> = {
  2: 'sigint',
  6: 'sigabrt',
  7: 'bus_error',
  9: 'sigkill',
  11: 'segmentation_fault',
  15: 'sigterm',
};
