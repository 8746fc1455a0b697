import type { Turn } from '@peerpigeon/mesh/testing';

/** Real time goes on for five milliseconds. */
export const turn: Turn = () => new Promise((resolve) => setTimeout(resolve, 5));
