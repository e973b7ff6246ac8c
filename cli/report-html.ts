import type { JobReport } from '../domain/report/report-shape.ts';
import { type ReportTable, reportDocument } from './report-document.ts';

const STYLE = `body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color-scheme:light dark}
table{border-collapse:collapse;width:100%;margin:0 0 2rem}td,th{padding:.25rem .75rem .25rem 0;text-align:left;vertical-align:top}
tr+tr{border-top:1px solid #8884}.bar{height:.7rem;background:#d9822b;min-width:1px}`;

/** A report as one file that needs nothing else. */
export function reportHtml(report: JobReport): string {
  const { title, lead, tables } = reportDocument(report);
  const body = [
    `<h1>${escaped(title)}</h1>`,
    ...lead.map((line) => `<p>${escaped(line)}</p>`),
    ...tables.map(tableHtml),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(title)}</title><style>${STYLE}</style></head>
<body>
${body.join('\n')}
</body></html>`;
}

function tableHtml({ title, columns, rows, shares }: ReportTable): string {
  const head = columns.map((name) => `<th>${escaped(name)}</th>`).join('');
  const lines = rows.map((row, index) => {
    const cells = row.map((text) => `<td>${escaped(text)}</td>`).join('');
    return `<tr>${cells}${barCell(shares?.[index])}</tr>`;
  });
  return `<h2>${escaped(title)}</h2>\n<table><tr>${head}</tr>\n${lines.join('\n')}\n</table>`;
}

function barCell(share: number | undefined): string {
  if (share === undefined) return '';
  return `<td style="width:40%"><div class="bar" style="width:${(share * 100).toFixed(2)}%"></div></td>`;
}

function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
