import { shortId } from '../format.js';
import { chord, ringAngle, ringHue, ringPoint, spread, type Point } from '../ring.js';
import { isLinked, type PeerKind, type Pulse, type Store } from '../store.js';

const RADIUS = 140;
const LABEL_RADIUS = 159;
const DIGIT_RADIUS = 127;
/** Dots nearer than this (radians) hide each other; they are moved apart, if there is room. */
const DOT_GAP = 0.11;
/** Labels are about 40 units wide and 11 high: this far apart (radians) they do not touch even side by side at the top. */
const LABEL_GAP = 0.25;
/** With more peers than this, only linked and chosen ones are labelled. */
const MAX_LABELS = 24;
const HEX = Array.from({ length: 16 }, (_, digit) => digit.toString(16));

interface Node {
  readonly id: string;
  readonly kind: PeerKind | 'self';
  readonly angle: number;
  readonly at: Point;
}

/** The ring: each peer where its id puts it, links as chords, messages as sparks along them. */
export function MeshPicture({ store }: { readonly store: Store }) {
  const nodes = ringNodes(store);
  const place = new Map(nodes.map((node) => [node.id, node.at]));
  const self = store.status.value.peerId;
  const links = self === null ? [] : store.peers.value.map((peer) => ({ a: self, b: peer }));
  const linked = store.peers.value.length;
  return (
    <svg
      class="ring"
      viewBox="-196 -180 392 360"
      role="group"
      aria-label={`Ring of ${nodes.length} peers, ${linked} of them linked with you`}
      data-testid="mesh-picture"
    >
      <Dial />
      {[...store.sightings.value.values()].map(({ a, b }) => (
        <path key={a + b} class="seen-link" d={between(place, a, b)} data-testid="seen-link" />
      ))}
      {links.map(({ a, b }) => (
        <path key={b} class="own-link" d={between(place, a, b)} data-testid="own-link" />
      ))}
      {store.pulses.value.map((pulse) => (
        <Spark key={pulse.key} pulse={pulse} place={place} onEnd={() => store.endPulse(pulse.key)} />
      ))}
      <Labels nodes={nodes} chosen={store.recipient.value} />
      {nodes.map((node) => (
        <Peer
          key={node.id}
          node={node}
          chosen={store.recipient.value === node.id}
          onChoose={() => (store.recipient.value = node.kind === 'self' ? null : node.id)}
        />
      ))}
    </svg>
  );
}

function ringNodes(store: Store): Node[] {
  const self = store.status.value.peerId;
  const own = self === null ? [] : [{ id: self, kind: 'self' as const }];
  const peers = [...own, ...store.roster.value].sort((left, right) => (left.id < right.id ? -1 : 1));
  const angles = spread(
    peers.map(({ id }) => ringAngle(id)),
    Math.min(DOT_GAP, (0.6 * 2 * Math.PI) / peers.length),
  );
  return peers.map(({ id, kind }, index) => {
    const angle = angles[index] as number;
    return { id, kind, angle, at: ringPoint(angle, RADIUS) };
  });
}

function between(place: ReadonlyMap<string, Point>, a: string, b: string): string {
  const [from, to] = [place.get(a), place.get(b)];
  return from === undefined || to === undefined ? '' : chord(from, to);
}

/** The ring itself, with the first hex digit of the ids at each sixteenth. */
function Dial() {
  return (
    <g class="dial" aria-hidden="true">
      <circle r={RADIUS} />
      {HEX.map((digit, index) => {
        const angle = (index / 16) * 2 * Math.PI;
        const [outer, inner, text] = [RADIUS, RADIUS - 5, DIGIT_RADIUS].map((r) => ringPoint(angle, r)) as [
          Point,
          Point,
          Point,
        ];
        return (
          <g key={digit}>
            <path d={`M${outer.x} ${outer.y} L${inner.x} ${inner.y}`} />
            <text x={text.x} y={text.y}>
              {digit}
            </text>
          </g>
        );
      })}
    </g>
  );
}

interface PeerProps {
  readonly node: Node;
  readonly chosen: boolean;
  readonly onChoose: () => void;
}

const RADII: Record<Node['kind'], number> = { self: 8, linked: 6.5, silent: 6.5, dialling: 5, known: 5, heard: 5 };

const KINDS: Record<Node['kind'], string> = {
  self: 'you; write to everyone',
  linked: 'linked; write to this peer',
  silent: 'linked, silent for some seconds; write to this peer',
  dialling: 'being dialled; write to this peer',
  known: 'known, not linked; write to this peer',
  heard: 'heard of in a message; write to this peer',
};

function Peer({ node: { id, kind, at }, chosen, onChoose }: PeerProps) {
  const radius = RADII[kind];
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    onChoose();
  };
  return (
    <g
      class={`peer ${kind} ${chosen ? 'chosen' : ''}`}
      style={`--hue: ${ringHue(id)}`}
      transform={`translate(${at.x.toFixed(1)} ${at.y.toFixed(1)})`}
      role="button"
      tabindex={0}
      aria-label={`Peer ${shortId(id)}, ${KINDS[kind]}`}
      aria-pressed={chosen}
      data-testid="ring-node"
      data-kind={kind}
      onClick={onChoose}
      onKeyDown={onKeyDown}
    >
      <title>{id}</title>
      <circle class="reach" r="14" />
      <circle class="halo" r={radius + 4.5} />
      <circle class="dot" r={radius} />
    </g>
  );
}

function Labels({ nodes, chosen }: { readonly nodes: readonly Node[]; readonly chosen: string | null }) {
  const some = nodes.length > MAX_LABELS;
  const shown = nodes.filter(({ id, kind }) => !some || kind === 'self' || isLinked(kind) || id === chosen);
  const angles = spread(
    shown.map(({ angle }) => angle),
    LABEL_GAP,
  );
  return (
    <g class="labels" aria-hidden="true">
      {shown.map(({ id, kind, angle }, index) => {
        const moved = angles[index] as number;
        const at = ringPoint(moved, LABEL_RADIUS);
        const anchor = Math.abs(at.x) < 24 ? 'middle' : at.x > 0 ? 'start' : 'end';
        const [from, to] = [ringPoint(angle, RADIUS + 9), ringPoint(moved, LABEL_RADIUS - 5)];
        return (
          <g key={id} class={kind}>
            <path d={`M${from.x} ${from.y} L${to.x} ${to.y}`} />
            <text x={at.x} y={at.y} text-anchor={anchor}>
              {kind === 'self' ? 'you' : shortId(id)}
            </text>
          </g>
        );
      })}
    </g>
  );
}

interface SparkProps {
  readonly pulse: Pulse;
  readonly place: ReadonlyMap<string, Point>;
  readonly onEnd: () => void;
}

/** A message running along the links it crossed, one after the other. */
function Spark({ pulse: { path }, place, onEnd }: SparkProps) {
  const legs = path.slice(1).map((id, index) => between(place, path[index] as string, id));
  return (
    <g class="spark" aria-hidden="true">
      {legs.map((d, index) => (
        <path
          key={index}
          d={d}
          pathLength={1}
          style={`--leg: ${index}`}
          onAnimationEnd={index === legs.length - 1 ? onEnd : undefined}
        />
      ))}
    </g>
  );
}
