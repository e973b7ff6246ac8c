#!/usr/bin/env node
// Runs the TypeScript sources as they are: Node 22.18+ strips types itself, older Node goes through tsx.
if (!process.features.typescript) {
  const { register } = await import('tsx/esm/api');
  register();
}
const { main } = await import('../cli/main.ts');
process.exitCode = await main(process.argv.slice(2));
