import { escapeHtml } from './markdown.ts';

/** A whole document around a runbook; `body` is HTML already. Readable without scripts, in any browser that is at hand. */
export function runbookPage(name: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(name)} - Headway runbook</title>
<link rel="icon" href="../page/favicon.svg">
<link rel="stylesheet" href="../page/style.css">
</head>
<body class="runbook">
<nav><a href="../">Headway</a></nav>
<main>
${body}
</main>
</body>
</html>
`;
}
