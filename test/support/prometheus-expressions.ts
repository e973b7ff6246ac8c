import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

const GENERATED = new URL('../../dashboards/generated/', import.meta.url);

/** Every expression that a committed dashboard or alert rule asks, its templates filled in for one job. */
export function generatedExpressions(job: string): string[] {
  return [...new Set([...ruleExpressions(job), ...dashboardExpressions(job)])];
}

interface Rule {
  readonly expr: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

function ruleExpressions(job: string): string[] {
  const files = readdirSync(GENERATED).filter((name) => name.endsWith('.yml') && name.includes('.rules'));
  const groups = files.flatMap((name) => {
    const file = parse(readFileSync(new URL(name, GENERATED), 'utf8')) as { groups: { rules: Rule[] }[] };
    return file.groups;
  });
  const rules = groups.flatMap((group) => group.rules);
  return rules.flatMap(({ expr, annotations = {} }) => [
    expr,
    ...Object.values(annotations).flatMap((text) => annotationQueries(text, job)),
  ]);
}

/** `{{ with printf "metric{job=%q}" $labels.job | query }}` asks Prometheus when the alert is written. */
function annotationQueries(text: string, job: string): string[] {
  return [...text.matchAll(/printf ("(?:\\.|[^"\\])*") \$labels\.job \| query/g)].map(([, literal = '""']) =>
    (JSON.parse(literal) as string).replaceAll('%q', JSON.stringify(job)),
  );
}

function dashboardExpressions(job: string): string[] {
  const folder = new URL('dashboards/', GENERATED);
  const found: string[] = [];
  for (const name of readdirSync(folder)) {
    JSON.parse(readFileSync(new URL(name, folder), 'utf8'), (key, value: unknown) => {
      if (key === 'expr' && typeof value === 'string') found.push(value.replaceAll('$job', job));
      return value;
    });
  }
  return found;
}
