/// <reference types="vite/client" />

interface ImportMetaEnv {
  /** The signaling server that `npm run dev` started. */
  readonly VITE_SIGNALING_URL?: string;
}
