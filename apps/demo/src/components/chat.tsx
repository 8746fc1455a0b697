import type { Demo } from '../demo.js';
import { clockTime, count, shortId } from '../format.js';
import type { ChatMessage, Fate } from '../store.js';
import { Composer } from './composer.js';
import { Swatch } from './swatch.js';
import { useFollow } from './use-follow.js';

export function Chat({ demo }: { readonly demo: Demo }) {
  const messages = demo.store.messages.value;
  const list = useFollow<HTMLDivElement>(messages);
  return (
    <section class="card chat" aria-labelledby="chat-title">
      <div class="card-head">
        <h2 id="chat-title">Messages</h2>
      </div>
      <div
        class="messages scroll"
        ref={list}
        role="log"
        aria-labelledby="chat-title"
        tabIndex={0}
        data-testid="messages"
      >
        {messages.length === 0 ? (
          <p class="empty">Nothing said yet. What you write to everyone reaches every peer of the mesh.</p>
        ) : (
          <ol>
            {messages.map((message) => (
              <MessageRow key={message.id} message={message} />
            ))}
          </ol>
        )}
      </div>
      <Composer demo={demo} />
    </section>
  );
}

function MessageRow({ message }: { readonly message: ChatMessage }) {
  const { id, from, to, text, mine, at } = message;
  const direct = to !== null;
  return (
    <li
      class={`message ${mine ? 'mine' : ''} ${direct ? 'direct' : ''}`}
      data-testid="chat-message"
      data-id={id}
      data-from={from}
      data-direct={direct}
    >
      <p class="byline">
        <Swatch id={from} />
        <span class="id" title={from}>
          {mine ? 'you' : shortId(from)}
        </span>
        {direct && <span class="to">to {mine ? shortId(to) : 'you alone'}</span>}
        <time dateTime={new Date(at).toISOString()}>{clockTime(at)}</time>
      </p>
      <p class="text">{text}</p>
      <p class="fate">{note(message)}</p>
    </li>
  );
}

/** The small print: how a message came, or what became of it. */
function note({ mine, hops, verified, fate }: ChatMessage): string {
  if (fate !== undefined) return fateText(fate);
  if (mine) return '';
  return `${count(hops, 'hop')}${verified ? ' · verified' : ''}`;
}

function fateText(fate: Fate): string {
  switch (fate.state) {
    case 'travelling':
      return 'on its way…';
    case 'delivered':
      return `delivered over ${count(fate.hops, 'hop')} in ${Math.round(fate.ms)} ms`;
    case 'failed':
      return `not delivered: ${fate.reason}`;
  }
}
