/**
 * The Markdown that runbooks are written in: headings, paragraphs, lists of one level, quotes, fenced code, `code`,
 * **strong** and [links](...). Everything is escaped before any tag is put around it, so that no text becomes markup.
 */

export interface MarkdownOptions {
  /** Put in place of the word `JOB` in code blocks, as PromQL quotes it; null leaves the word. */
  readonly job: string | null;
}

/** HTML of the blocks of a document. */
export function renderMarkdown(markdown: string, options: MarkdownOptions = { job: null }): string {
  const lines = markdown.replaceAll('\r\n', '\n').split('\n');
  const html: string[] = [];
  for (let at = 0; at < lines.length; ) {
    const { end, block } = blockAt(lines, at, options);
    if (block !== '') html.push(block);
    at = end;
  }
  return html.join('\n');
}

interface Block {
  /** The line after the block. */
  readonly end: number;
  readonly block: string;
}

function blockAt(lines: readonly string[], at: number, options: MarkdownOptions): Block {
  const line = lines[at] ?? '';
  if (line.trim() === '') return { end: at + 1, block: '' };
  if (line.startsWith('```')) return codeBlock(lines, at, options);
  const heading = /^(#{1,4}) (.*)$/.exec(line);
  if (heading !== null) {
    const level = heading[1]?.length ?? 1;
    return { end: at + 1, block: `<h${level}>${inline(heading[2] ?? '')}</h${level}>` };
  }
  if (line.startsWith('> '))
    return run(lines, at, /^> /, (quoted) => `<blockquote>${inline(quoted.join(' '))}</blockquote>`);
  if (/^[-*] /.test(line)) return run(lines, at, /^[-*] /, list('ul'));
  if (/^\d+\. /.test(line)) return run(lines, at, /^\d+\. /, list('ol'));
  return paragraph(lines, at);
}

function codeBlock(lines: readonly string[], at: number, { job }: MarkdownOptions): Block {
  const closing = lines.findIndex((line, index) => index > at && line.startsWith('```'));
  const end = closing === -1 ? lines.length : closing;
  const code = lines.slice(at + 1, end).join('\n');
  const named = job === null ? code : code.replace(/\bJOB\b/g, () => promqlQuoted(job));
  return { end: end + 1, block: `<pre><code>${escapeHtml(named)}</code></pre>` };
}

/** The lines from `at` on that begin with `mark`, without it. */
function run(lines: readonly string[], at: number, mark: RegExp, render: (items: string[]) => string): Block {
  let end = at;
  while (end < lines.length && mark.test(lines[end] ?? '')) end += 1;
  return { end, block: render(lines.slice(at, end).map((line) => line.replace(mark, ''))) };
}

function list(tag: 'ul' | 'ol'): (items: string[]) => string {
  return (items) => `<${tag}>${items.map((item) => `<li>${inline(item)}</li>`).join('')}</${tag}>`;
}

function paragraph(lines: readonly string[], at: number): Block {
  let end = at;
  while (
    end < lines.length &&
    lines[end]?.trim() !== '' &&
    !/^(```|#{1,4} |> |[-*] |\d+\. )/.test(lines[end] ?? '')
  ) {
    end += 1;
  }
  // A line that looks like the begin of a block and is none must still be passed.
  const last = Math.max(end, at + 1);
  return { end: last, block: `<p>${inline(lines.slice(at, last).join(' '))}</p>` };
}

/** Code first: nothing inside it is a mark. */
function inline(text: string): string {
  return text
    .split(/(`[^`]+`)/)
    .map((part) =>
      /^`[^`]+`$/.test(part) ? `<code>${escapeHtml(part.slice(1, -1))}</code>` : emphasis(part),
    )
    .join('');
}

function emphasis(text: string): string {
  return escapeHtml(text)
    .replace(/\[([^\]]+)\]\(([^)\s]+)\)/g, (whole, label: string, target: string) =>
      isSafeTarget(target) ? `<a href="${target}">${label}</a>` : whole,
    )
    .replace(/\*\*([^*]+)\*\*/g, '<strong>$1</strong>');
}

/** Web addresses and places on this server; never `javascript:`. */
function isSafeTarget(target: string): boolean {
  return /^(https?:\/\/|\/(?![/\\])|#|[\w.-]+(\/|$))/.test(target);
}

function promqlQuoted(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
