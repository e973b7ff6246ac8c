import { parse } from 'yaml';
import { durationMs } from '../promql/literals.ts';

/** One alerting rule of a rule file in Prometheus's format. */
export interface RuleOfFile {
  readonly group: string;
  readonly file: string;
  readonly interval_s: number;
  readonly name: string;
  readonly expr: string;
  readonly for_s: number;
  readonly keep_firing_s: number;
  readonly labels: Readonly<Record<string, string>>;
  /** Templates in the language of Prometheus. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** The file is no rule file; the message says where. */
export class BadRuleFile extends Error {
  constructor(file: string, message: string) {
    super(`${file}: ${message}`);
    this.name = 'BadRuleFile';
  }
}

const INTERVAL_DEFAULT_S = 60;

/** The alerting rules of a file, in its order; recording rules are not evaluated here and left out. Throws {@link BadRuleFile}. */
export function rulesOfFile(text: string, file: string): RuleOfFile[] {
  const document: unknown = parse(text);
  const groups = listIn(document, 'groups', file, 'the file');
  return groups.flatMap((group, number) => {
    const name = textIn(group, 'name') ?? `group ${number}`;
    const interval_s = secondsIn(group, 'interval', file, name) ?? INTERVAL_DEFAULT_S;
    return listIn(group, 'rules', file, name).flatMap((rule): RuleOfFile[] => {
      const alert = textIn(rule, 'alert');
      if (alert === undefined) return [];
      const expr = textIn(rule, 'expr');
      if (expr === undefined) throw new BadRuleFile(file, `alert ${alert} has no expr`);
      return [
        {
          group: name,
          file,
          interval_s,
          name: alert,
          expr,
          for_s: secondsIn(rule, 'for', file, alert) ?? 0,
          keep_firing_s: secondsIn(rule, 'keep_firing_for', file, alert) ?? 0,
          labels: textsIn(rule, 'labels'),
          annotations: textsIn(rule, 'annotations'),
        },
      ];
    });
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listIn(value: unknown, key: string, file: string, where: string): unknown[] {
  const list = isObject(value) ? value[key] : undefined;
  if (Array.isArray(list)) return list as unknown[];
  throw new BadRuleFile(file, `${where} has no list "${key}"`);
}

function textIn(value: unknown, key: string): string | undefined {
  const text = isObject(value) ? value[key] : undefined;
  return typeof text === 'string' ? text : undefined;
}

function textsIn(value: unknown, key: string): Record<string, string> {
  const texts = isObject(value) ? value[key] : undefined;
  if (!isObject(texts)) return {};
  return Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, String(text)]));
}

function secondsIn(value: unknown, key: string, file: string, where: string): number | undefined {
  const text = textIn(value, key);
  if (text === undefined) return undefined;
  const length_ms = durationMs(text);
  if (length_ms === null) throw new BadRuleFile(file, `${where}: ${key} ${text} is not a duration`);
  return length_ms / 1000;
}
