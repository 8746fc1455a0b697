import type { Emit, Send, SetTimer, Violation } from '@peerpigeon/core';
import type { Event } from './event.js';
import type { Message } from './message.js';
import type { Timer } from './timer.js';

/** What a router asks of its interpreter. */
export type Output = Send<Message> | SetTimer<Timer> | Emit<Event> | Violation;
