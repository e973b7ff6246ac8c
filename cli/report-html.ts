import type { JobReport } from '../domain/report/report-shape.ts';
import { escaped } from './html-text.ts';
import { type ReportTable, reportDocument } from './report-document.ts';
import { waterfallSteps } from './waterfall-steps.ts';
import { WATERFALL_STYLE, waterfallSvg } from './waterfall-svg.ts';

const STYLE = `:root{color-scheme:light dark}
body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:64rem;padding:0 1.25rem;color:light-dark(#1b1f26,#e6e9ee);background:light-dark(#fff,#14171c)}
h1{margin:0 0 .5rem}h2{margin:2rem 0 .25rem;font-size:1.15rem}
.lead{margin:0 0 1.5rem;padding:.75rem 1rem;border-left:4px solid light-dark(#8a94a3,#78828f);background:light-dark(#f5f7fa,#1c2027)}.lead.stopped{border-color:light-dark(#c0392b,#e5675a)}
.lead p{margin:.15rem 0}.lead p:first-child{font-size:1.1rem;font-weight:600}
table{border-collapse:collapse;width:100%;font-size:.92rem}td,th{padding:.3rem .75rem .3rem 0;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{font-weight:600;color:light-dark(#5a6372,#a3adbd)}tr+tr{border-top:1px solid light-dark(#d8dce3,#39404b)}
td.number,th.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.bar{height:.7rem;margin-top:.4rem;background:light-dark(#8a94a3,#78828f);min-width:1px;print-color-adjust:exact;-webkit-print-color-adjust:exact}
${WATERFALL_STYLE}
@media print{:root{color-scheme:light}body{margin:0;max-width:none;font-size:11px}h2{break-after:avoid}tr,svg,.lead{break-inside:avoid}}`;

/** A report as one file that needs nothing else: no script, no other file, readable in light, dark and on paper. */
export function reportHtml(report: JobReport): string {
  const { title, lead, tables } = reportDocument(report);
  const steps = waterfallSteps(report);
  const isStill = report.state === 'hang' || report.state === 'silent' || report.state === 'down';
  const body = [
    `<h1>${escaped(title)}</h1>`,
    `<div class="lead${isStill ? ' stopped' : ''}">${lead.map((line) => `<p>${escaped(line)}</p>`).join('')}</div>`,
    ...(steps.length === 0
      ? []
      : ['<h2>Where it went, from everything paid to kept model FLOPs</h2>', waterfallSvg(steps)]),
    ...tables.map(tableHtml),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${escaped(title)}</title><style>${STYLE}</style></head>
<body>
${body.join('\n')}
</body></html>`;
}

function tableHtml({ title, columns, rows, shares }: ReportTable): string {
  const isNumeric = columns.map(
    (_, column) => rows.length > 0 && rows.every((row) => isNumber(row[column] ?? '')),
  );
  const mark = (column: number) => (isNumeric[column] === true ? ' class="number"' : '');
  const head = columns.map((name, column) => `<th${mark(column)} scope="col">${escaped(name)}</th>`).join('');
  const header = columns.every((name) => name === '')
    ? ''
    : `<tr>${head}${shares === undefined ? '' : '<td></td>'}</tr>`;
  const lines = rows.map((row, index) => {
    const cells = row.map((text, column) => `<td${mark(column)}>${escaped(text)}</td>`).join('');
    return `<tr>${cells}${barCell(shares?.[index])}</tr>`;
  });
  return `<h2>${escaped(title)}</h2>\n<table>${header}\n${lines.join('\n')}\n</table>`;
}

/** A number with its unit, or nothing. */
function isNumber(text: string): boolean {
  return text === '' || /^[-+]?[\d,.]+(e[-+]\d+)?( ?(%|s|h|device-h))?$/.test(text.trim());
}

function barCell(share: number | undefined): string {
  if (share === undefined) return '';
  const width = Math.min(Math.max(share, 0), 1) * 100;
  return `<td style="width:24%"><div class="bar" style="width:${width.toFixed(2)}%"></div></td>`;
}
