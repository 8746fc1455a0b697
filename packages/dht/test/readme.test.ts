import { readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';

/** Imported by a variable: it is plain JavaScript, as a reader would run it, and not type-checked. */
const EXAMPLE = './example.js';

it('the README shows the example as it is, and what it prints', async () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const example = readFileSync(new URL(EXAMPLE, import.meta.url), 'utf8');
  expect(readme).toContain('```js\n' + example + '```');
  const log = vi.spyOn(console, 'log').mockReturnValue();
  await import(EXAMPLE);
  const printed = log.mock.calls.map((line) => line.join(' ')).join('\n');
  log.mockRestore();
  expect(printed.split('\n').length).toBeGreaterThan(2);
  expect(readme).toContain('```text\n' + printed + '\n```');
});
