import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const COMMAND = fileURLToPath(new URL('../signaling.mjs', import.meta.url));
const run = promisify(execFile);

/** What `--json` prints. */
export interface Outcome {
  readonly results: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Loads whose limits were not kept. */
  readonly broken: readonly string[];
}

/** What the command prints with these arguments; limits that are not kept are no failure of it here. Needs `pnpm build` before. */
export async function bench(...args: string[]): Promise<Outcome> {
  const { stdout } = await run(process.execPath, [COMMAND, '--json', ...args]).catch(
    (error: { readonly code?: number; readonly stdout: string; readonly message: string }) => {
      if (error.code === 1) return error;
      throw error;
    },
  );
  return JSON.parse(stdout) as Outcome;
}
