import type { Logger, LogLevel } from '@peerpigeon/client';

/** The console, with the tab's label before each line (S158). */
export function labelledConsole(tab: string): Logger {
  const at =
    (level: LogLevel) =>
    (line: string, ...details: unknown[]): void =>
      console[level](`[tab ${tab}] ${line}`, ...details);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
