/** What a page tells of its own end. */
export interface PageHandlers {
  /** The page goes away: closed, navigated from, or kept in the back/forward cache. */
  hidden(): void;
  /** It comes back from that cache, with everything in it. */
  restored(): void;
  /** Somebody looks at it again, the network is back, or it was thawed: timers may have stood still, sockets may be dead. */
  awake(): void;
}

/** Events of the document after which a page runs as it should (page lifecycle; `resume` ends a freeze). */
const AWAKENING = ['visibilitychange', 'resume'] as const;

/**
 * Listens to the page's end and its awakenings, where there is a page; the returned function stops that. `pagehide` comes on closing too, and
 * unlike `unload` it does not keep the page out of the back/forward cache (HTML, page lifecycle).
 */
export function watchPage(handlers: PageHandlers): () => void {
  const target = globalThis as Partial<Pick<Window, 'addEventListener' | 'removeEventListener' | 'document'>>;
  const { document } = target;
  if (typeof target.addEventListener !== 'function' || typeof target.removeEventListener !== 'function')
    return () => {};
  const { addEventListener, removeEventListener } = target;
  const hidden = (): void => handlers.hidden();
  const shown = (event: Event): void => {
    if ((event as PageTransitionEvent).persisted) handlers.restored();
  };
  const online = (): void => handlers.awake();
  const awake = (): void => {
    if (document?.visibilityState !== 'hidden') handlers.awake();
  };
  addEventListener.call(globalThis, 'pagehide', hidden);
  addEventListener.call(globalThis, 'pageshow', shown);
  addEventListener.call(globalThis, 'online', online);
  for (const type of AWAKENING) document?.addEventListener(type, awake);
  return () => {
    removeEventListener.call(globalThis, 'pagehide', hidden);
    removeEventListener.call(globalThis, 'pageshow', shown);
    removeEventListener.call(globalThis, 'online', online);
    for (const type of AWAKENING) document?.removeEventListener(type, awake);
  };
}
