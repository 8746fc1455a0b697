/** What a page tells of its own end. */
export interface PageHandlers {
  /** The page goes away: closed, navigated from, or kept in the back/forward cache. */
  hidden(): void;
  /** It comes back from that cache, with everything in it. */
  restored(): void;
}

/**
 * Listens to the page's end, where there is a page; the returned function stops that. `pagehide` comes on closing too, and
 * unlike `unload` it does not keep the page out of the back/forward cache (HTML, page lifecycle).
 */
export function watchPage(handlers: PageHandlers): () => void {
  const target = globalThis as Partial<Pick<Window, 'addEventListener' | 'removeEventListener'>>;
  if (typeof target.addEventListener !== 'function' || typeof target.removeEventListener !== 'function')
    return () => {};
  const { addEventListener, removeEventListener } = target;
  const hidden = (): void => handlers.hidden();
  const shown = (event: Event): void => {
    if ((event as PageTransitionEvent).persisted) handlers.restored();
  };
  addEventListener.call(globalThis, 'pagehide', hidden);
  addEventListener.call(globalThis, 'pageshow', shown);
  return () => {
    removeEventListener.call(globalThis, 'pagehide', hidden);
    removeEventListener.call(globalThis, 'pageshow', shown);
  };
}
