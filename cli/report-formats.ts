import type { JobReport } from '../domain/report/report-shape.ts';
import { reportHtml } from './report-html.ts';
import { reportMarkdown } from './report-markdown.ts';
import { reportText } from './report-text.ts';

export const REPORT_FORMATS = ['text', 'json', 'markdown', 'html'] as const;
export type ReportFormat = (typeof REPORT_FORMATS)[number];

export function reportAs(format: ReportFormat, report: JobReport): string {
  switch (format) {
    case 'text':
      return reportText(report);
    case 'json':
      return JSON.stringify(report, null, 2);
    case 'markdown':
      return reportMarkdown(report);
    case 'html':
      return reportHtml(report);
  }
}
