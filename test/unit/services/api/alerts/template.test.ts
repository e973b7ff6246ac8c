import { describe, expect, it } from 'vitest';
import { buildRules } from '../../../../../dashboards/src/alerts/rules.ts';
import { BadTemplate, renderTemplate } from '../../../../../services/api/alerts/template.ts';

const data = { labels: { job: 'a "b"', node: 'n3' }, value: 0.8512 };
const render = (text: string) =>
  renderTemplate(text, data, async (promql) =>
    promql.startsWith('headway_incident_info{job="a \\"b\\""')
      ? [
          { labels: { cause: 'xid:79', node: 'n3' }, value: 1 },
          { labels: { kind: 'hang' }, value: 1 },
        ]
      : [],
  );

describe('annotation templates', () => {
  it('say labels and the value in the ways of Prometheus', async () => {
    expect(await render('{{ $labels.job }} at {{ $value | humanizePercentage }}')).toBe('a "b" at 85.12%');
    expect(await render('{{ .Value }} {{ $labels.none }}.')).toBe('0.8512 .');
    expect(await render('{{ humanizeDuration 3723 }}, {{ 59.5 | humanizeDuration }}')).toBe(
      '1h 2m 3s, 59.5s',
    );
    expect(await render('{{ humanizeTimestamp 1800000000 }}')).toBe('2027-01-15 08:00:00 +0000 UTC');
    expect(await render('{{ humanizeTimestamp 1800000000.25 }}')).toBe('2027-01-15 08:00:00.25 +0000 UTC');
    expect(await render('?job={{ $labels.job | urlquery }}')).toBe('?job=a+%22b%22');
    expect(await render('{{ 1234567 | humanize }} {{ 2 | printf "%.1f" }}')).toBe('1.235M 2.0');
  });

  it('ask, and go through what comes', async () => {
    const asked = '{{ with printf "headway_incident_info{job=%q}" $labels.job | query }}';
    const each =
      '{{ range $i, $s := . }}{{ if $i }}; {{ end }}{{ with $s | label "cause" }}{{ . }}{{ else }}not known{{ end }}{{ end }}';
    expect(await render(`${asked}${each}{{ else }}nothing{{ end }}`)).toBe('xid:79; not known');
    expect(await render('{{ with query "up" }}{{ . | first | value }}{{ else }}-{{ end }}')).toBe('-');
  });

  it('of every shipped rule are understood', async () => {
    for (const { summary, cause, cost } of buildRules()) {
      for (const text of [summary, cause, cost]) expect(await render(text)).not.toMatch(/\{\{|undefined|NaN/);
    }
  });

  it('that use something else are refused with its name', async () => {
    await expect(render('{{ tableLink "x" }}')).rejects.toThrow(BadTemplate);
    await expect(render('{{ tableLink "x" }}')).rejects.toThrow(/tableLink/);
    await expect(render('{{ with $labels }}x')).rejects.toThrow(/has no end/);
    await expect(render('{{ $nobody }}')).rejects.toThrow(/not defined/);
    await expect(render('x{{ end }}')).rejects.toThrow(/without a beginning/);
  });
});
