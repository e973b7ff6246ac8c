import { expect, it } from 'vitest';
import { renderMarkdown } from '../../../../../services/api/web/markdown.ts';

it('renders the blocks that runbooks are made of', () => {
  const markdown =
    '# One\n\nA line\nand its end.\n\n- `a` **b**\n- c\n\n1. first\n\n> quoted\n\n```promql\nup > 0\n\nx\n```\n';
  expect(renderMarkdown(markdown)).toBe(
    [
      '<h1>One</h1>',
      '<p>A line and its end.</p>',
      '<ul><li><code>a</code> <strong>b</strong></li><li>c</li></ul>',
      '<ol><li>first</li></ol>',
      '<blockquote>quoted</blockquote>',
      '<pre><code>up &gt; 0\n\nx</code></pre>',
    ].join('\n'),
  );
});

it('lets no text become markup, wherever it stands', () => {
  const evil = '<img src=x onerror="alert(1)">';
  for (const line of [
    evil,
    `# ${evil}`,
    `- ${evil}`,
    `> ${evil}`,
    `\`${evil}\``,
    `\`\`\`\n${evil}\n\`\`\``,
  ]) {
    expect(renderMarkdown(line)).not.toContain('<img');
  }
});

it('links only to the web and to places on this server', () => {
  expect(renderMarkdown('[a](https://x.org/) [b](/v1/jobs)')).toBe(
    '<p><a href="https://x.org/">a</a> <a href="/v1/jobs">b</a></p>',
  );
  for (const target of ['javascript:alert(1)', '//evil.org', '/\\evil.org', 'data:text/html,x']) {
    expect(renderMarkdown(`[a](${target})`)).not.toContain('<a');
  }
});

it('reads any text to its end', () => {
  for (const text of ['```\nnever closed', '#', '>', '-', '1.', '####### seven', '\n\n\n', '[a](', '`']) {
    expect(renderMarkdown(text)).toBeTypeOf('string');
  }
});
