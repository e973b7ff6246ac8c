/**
 * The part of Go's text/template, with Prometheus's functions, that annotations are written in: `{{ $labels.x }}`,
 * `{{ $value }}`, pipes, `with`, `range $i, $s :=`, `if`, `else`, `end`, literals, and the functions of FUNCTIONS.
 * Queries are collected first and answered together, because a template is text and a store answers later.
 */

export interface TemplateData {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface TemplateSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export type TemplateQuery = (promql: string) => Promise<readonly TemplateSample[]>;

/** The template uses what is not understood here; the message names it. */
export class BadTemplate extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'BadTemplate';
  }
}

type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'output'; readonly pipe: string }
  | {
      readonly kind: 'with' | 'if' | 'range';
      readonly pipe: string;
      readonly names: readonly string[];
      readonly body: readonly Node[];
      readonly otherwise: readonly Node[];
    };

type Scope = Readonly<Record<string, unknown>>;

/** The text of a template for one alert. Throws {@link BadTemplate}. */
export async function renderTemplate(
  text: string,
  data: TemplateData,
  query: TemplateQuery,
): Promise<string> {
  const scope: Scope = { $: data, '.': data, $labels: data.labels, $value: data.value };
  return renderAll(parsed(text), scope, query);
}

function parsed(text: string): readonly Node[] {
  const tokens = text.split(/\{\{-?\s*([\s\S]*?)\s*-?\}\}/);
  let position = 0;
  const block = (): { nodes: Node[]; end: string } => {
    const nodes: Node[] = [];
    while (position < tokens.length) {
      const token = tokens[position] ?? '';
      const isAction = position % 2 === 1;
      position += 1;
      if (!isAction) {
        if (token !== '') nodes.push({ kind: 'text', text: token });
        continue;
      }
      if (token === 'end' || token === 'else') return { nodes, end: token };
      const opening = /^(with|if|range)\s+(?:((?:\$\w+\s*,\s*)?\$\w+)\s*:=\s*)?([\s\S]+)$/.exec(token);
      if (opening === null) {
        nodes.push({ kind: 'output', pipe: token });
        continue;
      }
      const [, kind, names, pipe = ''] = opening;
      const then = block();
      const otherwise = then.end === 'else' ? block() : { nodes: [], end: then.end };
      if (otherwise.end !== 'end') throw new BadTemplate(`{{ ${token} }} has no end`);
      nodes.push({
        kind: kind as 'with' | 'if' | 'range',
        pipe,
        names: names === undefined ? [] : names.split(',').map((name) => name.trim()),
        body: then.nodes,
        otherwise: otherwise.nodes,
      });
    }
    return { nodes, end: '' };
  };
  const { nodes, end } = block();
  if (end !== '') throw new BadTemplate(`{{ ${end} }} without a beginning`);
  return nodes;
}

async function renderAll(nodes: readonly Node[], scope: Scope, query: TemplateQuery): Promise<string> {
  let text = '';
  for (const node of nodes) text += await render(node, scope, query);
  return text;
}

async function render(node: Node, scope: Scope, query: TemplateQuery): Promise<string> {
  if (node.kind === 'text') return node.text;
  const value = await evaluate(node.pipe, scope, query);
  if (node.kind === 'output') return shown(value);
  if (!isTrue(value)) return renderAll(node.otherwise, scope, query);
  if (node.kind === 'if') return renderAll(node.body, scope, query);
  if (node.kind === 'with')
    return renderAll(node.body, { ...scope, '.': value, ...named(node.names, [value]) }, query);
  let text = '';
  for (const [index, item] of (value as readonly unknown[]).entries()) {
    const names = node.names.length === 1 ? [item] : [index, item];
    text += await renderAll(node.body, { ...scope, '.': item, ...named(node.names, names) }, query);
  }
  return text;
}

function named(names: readonly string[], values: readonly unknown[]): Scope {
  return Object.fromEntries(names.map((name, index) => [name, values[index]]));
}

function isTrue(value: unknown): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function shown(value: unknown): string {
  if (typeof value === 'number')
    return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  return value === undefined || value === null ? '' : String(value);
}

const WORD = /"(?:[^"\\]|\\.)*"|\||[^\s|]+/g;

/** `f a b | g c`: each result is the last argument of the next. */
async function evaluate(pipe: string, scope: Scope, query: TemplateQuery): Promise<unknown> {
  let piped: unknown[] = [];
  for (const words of stages(pipe)) {
    const [first = '', ...rest] = words;
    const values = rest.map((word) => operand(word, scope));
    const call = FUNCTIONS[first];
    if (first === 'query') piped = [await query(String([...values, ...piped][0]))];
    else if (call !== undefined) piped = [call([...values, ...piped])];
    else if (rest.length === 0 && piped.length === 0) piped = [operand(first, scope)];
    else throw new BadTemplate(`there is no function ${first} in {{ ${pipe} }}`);
  }
  return piped[0];
}

function stages(pipe: string): string[][] {
  const found: string[][] = [[]];
  for (const [word] of pipe.matchAll(WORD)) {
    if (word === '|') found.push([]);
    else found.at(-1)?.push(word);
  }
  return found;
}

function operand(word: string, scope: Scope): unknown {
  if (word.startsWith('"')) return JSON.parse(word) as unknown;
  if (/^-?\d+(\.\d+)?$/.test(word)) return Number(word);
  const path = /^(\$\w*)((?:\.\w+)*)$/.exec(word) ?? /^(\.)((?:\w+(?:\.\w+)*)?)$/.exec(word);
  if (path === null) throw new BadTemplate(`${word} is not understood`);
  const [, root = '.', rest = ''] = path;
  if (!(root in scope)) throw new BadTemplate(`${root} is not defined`);
  return rest
    .split('.')
    .filter((name) => name !== '')
    .reduce<unknown>((value, name) => fieldOf(value, name), scope[root]);
}

/** Go's names of a sample's fields begin with capitals. */
function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  const known = Object.entries(value).find(([key]) => key === name || key === name.toLowerCase());
  return known?.[1] ?? '';
}

const FUNCTIONS: Readonly<Record<string, (values: readonly unknown[]) => unknown>> = {
  first: ([samples]) => (samples as readonly unknown[])[0],
  value: ([sample]) => (sample as TemplateSample).value,
  label: ([name, sample]) => (sample as TemplateSample).labels[String(name)] ?? '',
  printf: ([format, ...values]) => formatted(String(format), values),
  humanize: ([value]) => humanized(Number(value)),
  humanizePercentage: ([value]) => `${shown(Number((Number(value) * 100).toPrecision(4)))}%`,
  humanizeDuration: ([value]) => durationText(Number(value)),
  humanizeTimestamp: ([value]) => timestampText(Number(value)),
  urlquery: ([text]) => encodeURIComponent(String(text)).replaceAll('%20', '+'),
};

function formatted(format: string, values: readonly unknown[]): string {
  let next = 0;
  return format.replace(/%(?:\.(\d+))?([qsvdfg%])/g, (_, digits: string | undefined, verb: string) => {
    if (verb === '%') return '%';
    const value = values[next];
    next += 1;
    if (verb === 'q') return JSON.stringify(String(value));
    if (verb === 'f') return Number(value).toFixed(digits === undefined ? 6 : Number(digits));
    if (verb === 'd') return String(Math.trunc(Number(value)));
    return shown(value);
  });
}

const PREFIXES = ['', 'k', 'M', 'G', 'T', 'P', 'E'] as const;

function humanized(value: number): string {
  if (!Number.isFinite(value) || Math.abs(value) < 1) return shown(Number(value.toPrecision(4)));
  const power = Math.min(Math.floor(Math.log10(Math.abs(value)) / 3), PREFIXES.length - 1);
  return `${shown(Number((value / 1000 ** power).toPrecision(4)))}${PREFIXES[power] ?? ''}`;
}

/** As Prometheus writes it: `1h 2m 3s`, below a minute with four digits. */
function durationText(seconds: number): string {
  if (!Number.isFinite(seconds)) return shown(seconds);
  const sign = seconds < 0 ? '-' : '';
  const size = Math.abs(seconds);
  if (size < 1) return `${sign}${shown(Number((size * 1000).toPrecision(4)))}ms`;
  if (size < 60) return `${sign}${shown(Number(size.toPrecision(4)))}s`;
  const whole = Math.floor(size);
  const [d, h, m, s] = [
    Math.floor(whole / 86_400),
    Math.floor(whole / 3600) % 24,
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  if (d > 0) return `${sign}${d}d ${h}h ${m}m ${s}s`;
  return h > 0 ? `${sign}${h}h ${m}m ${s}s` : `${sign}${m}m ${s}s`;
}

/** Go prints `2026-01-31 12:00:00 +0000 UTC`, with as many digits of the second as there are. */
function timestampText(seconds: number): string {
  if (!Number.isFinite(seconds)) return shown(seconds);
  const [date, time = ''] = new Date(seconds * 1000).toISOString().slice(0, -1).split('T');
  return `${date} ${time.replace(/\.0+$|(\.\d*?)0+$/, '$1')} +0000 UTC`;
}
