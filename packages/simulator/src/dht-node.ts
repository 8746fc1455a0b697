import { DHT, dhtProtocol } from '@peerpigeon/dht';
import type { Config, Dht, DhtRecord, Event, Input, Key, Options, Outcome, Output, Ticket } from '@peerpigeon/dht';
import type { Millis } from '@peerpigeon/core';
import type { Protocol } from '@peerpigeon/mesh';

/** How the dht of a peer may be tuned. */
export type DhtOptions = Partial<Omit<Config, 'peerId' | 'rng' | 'epoch' | 'durable'>>;

/** What a get, a put or a subscription may say of itself. */
type Said<Type extends Input['type']> = Omit<Extract<Input, { readonly type: Type }>, 'type' | 'ticket' | 'key'>;

/** Called when an operation has ended. */
type Then = (outcome: Outcome, now: Millis) => void;

/** The dht of one peer, and the interpreter of it. What is asked of it begins when the network next runs. */
export class DhtNode {
  /** The machine itself, to look into. */
  readonly machine: Dht;
  /** It, for the protocols of a mesh. */
  readonly protocol: Protocol;
  /** Called with every event but the results of operations. */
  onEvent: ((event: Exclude<Event, { readonly type: 'result' }>, now: Millis) => void) | undefined;
  private readonly feed: (input: Input) => void;
  private readonly waiting = new Map<Ticket, Then>();
  private tickets: Ticket = 0;

  /** @param feed gives the machine an input when the network next runs */
  constructor(options: Options, feed: (input: Input) => void) {
    const protocol = dhtProtocol(options);
    this.protocol = protocol;
    this.machine = protocol.machine;
    this.feed = feed;
  }

  get(key: Key, then: Then, options: Said<'get'> = {}): void {
    this.feed({ ...options, type: 'get', ticket: this.ticket(then), key });
  }

  /** A value, unless `options` has another form. */
  put(key: Key, value: Uint8Array, then: Then, options: Omit<Partial<Said<'put'>>, 'value'> = {}): void {
    this.feed({ form: 'plain', ...options, type: 'put', ticket: this.ticket(then), key, value });
  }

  subscribe(key: Key, then: Then): void {
    this.feed({ type: 'subscribe', ticket: this.ticket(then), key });
  }

  unsubscribe(key: Key): void {
    this.feed({ type: 'unsubscribe', key });
  }

  /** The records of a key that it holds for the mesh. */
  held(key: Key): readonly DhtRecord[] {
    return this.machine.held(key);
  }

  /** An optional protocol of the peer has said something; what is not the dht's is left alone. */
  perform(name: string, output: { readonly type: string }, now: Millis): void {
    if (name !== DHT) return;
    const said = output as Output;
    if (said.type !== 'event') return;
    const { event } = said;
    if (event.type !== 'result') return this.onEvent?.(event, now);
    const then = this.waiting.get(event.ticket);
    this.waiting.delete(event.ticket);
    then?.(event.outcome, now);
  }

  private ticket(then: Then): Ticket {
    const ticket = ++this.tickets;
    this.waiting.set(ticket, then);
    return ticket;
  }
}
