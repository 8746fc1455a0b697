/** How ids are shown: the first digits tell peers apart and show their place on the ring. */
export function shortId(id: string): string {
  return id.slice(0, 6);
}

/** Wall time (ms) as 14:05:09. */
export function clockTime(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** A duration in ms in its two largest units: 48 s, 3 min 05 s, 2 h 14 min. */
export function duration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`;
}

/** Message content as text; applications send any plain data (S13). */
export function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (content instanceof Uint8Array || content instanceof ArrayBuffer) return `${content.byteLength} bytes`;
  try {
    return JSON.stringify(content) ?? String(content);
  } catch {
    // Bigints and cycles have no JSON.
    return String(content);
  }
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
