import { useLayoutEffect, useRef } from 'preact/hooks';
import type { RefObject } from 'preact';

/** Nearer to the end than this, in px, and the reader is following. */
const NEAR = 48;

/** Keeps a scrolling list at its end as it grows or its box changes, unless the reader has scrolled up. */
export function useFollow<E extends HTMLElement>(last: unknown): RefObject<E | null> {
  const list = useRef<E | null>(null);
  const following = useRef(true);
  useLayoutEffect(() => {
    const element = list.current;
    if (element === null) return;
    const onScroll = (): void => {
      following.current = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR;
    };
    const toEnd = (): void => {
      if (following.current) element.scrollTop = element.scrollHeight;
    };
    const resizing = new ResizeObserver(toEnd);
    resizing.observe(element);
    element.addEventListener('scroll', onScroll, { passive: true });
    return () => {
      resizing.disconnect();
      element.removeEventListener('scroll', onScroll);
    };
  }, []);
  useLayoutEffect(() => {
    const element = list.current;
    if (element !== null && following.current) element.scrollTop = element.scrollHeight;
  }, [last]);
  return list;
}
