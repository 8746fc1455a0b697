import { ringHue } from '../ring.js';

/** The colour of a peer: its place on the ring as a hue. */
export function Swatch({ id }: { readonly id: string }) {
  return <span class="swatch" style={`--hue: ${ringHue(id)}`} aria-hidden="true" />;
}
