import { useState } from 'preact/hooks';
import type { Demo } from '../demo.js';
import { shortId } from '../format.js';

const EVERYONE = '';

export function Composer({ demo }: { readonly demo: Demo }) {
  const { store } = demo;
  const [text, setText] = useState('');
  const recipient = store.recipient.value;
  const ids = store.roster.value.map(({ id }) => id);
  // Who was chosen may have left the roster; the choice stays until the person changes it.
  const options = recipient === null || ids.includes(recipient) ? ids : [...ids, recipient];
  const send = (event: Event): void => {
    event.preventDefault();
    if (text.trim() === '') return;
    demo.session.say(text, recipient);
    setText('');
  };
  return (
    <form class="composer" onSubmit={send}>
      <label class="recipient">
        <span class="hidden">To</span>
        <select
          data-testid="recipient"
          value={recipient ?? EVERYONE}
          onChange={({ currentTarget: { value } }) => (store.recipient.value = value === EVERYONE ? null : value)}
        >
          <option value={EVERYONE}>everyone</option>
          {options.map((id) => (
            <option key={id} value={id}>
              {shortId(id)}
            </option>
          ))}
        </select>
      </label>
      <label class="line">
        <span class="hidden">Message</span>
        <input
          data-testid="chat-input"
          value={text}
          placeholder={`Write to ${recipient === null ? 'everyone' : shortId(recipient)}`}
          autocomplete="off"
          enterkeyhint="send"
          onInput={({ currentTarget: { value } }) => setText(value)}
        />
      </label>
      <button type="submit" class="primary" data-testid="chat-send" disabled={text.trim() === ''}>
        Send
      </button>
    </form>
  );
}
