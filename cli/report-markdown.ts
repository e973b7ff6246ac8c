import type { JobReport } from '../domain/report/report-shape.ts';
import { type ReportTable, reportDocument } from './report-document.ts';

/** A report to paste into an issue or a wiki. */
export function reportMarkdown(report: JobReport): string {
  const { title, lead, tables } = reportDocument(report);
  return [`# ${cell(title)}`, ...lead.map(cell), ...tables.map(tableText)].join('\n\n');
}

function tableText({ title, columns, rows }: ReportTable): string {
  const lines = [columns, columns.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`);
  return [`## ${title}`, '', ...lines].join('\n');
}

/** Text that cannot end its cell, nor be read as markup. */
function cell(text: string): string {
  return text.replace(/[\\`*_<>|[\]]/g, '\\$&').replace(/\s+/g, ' ');
}
