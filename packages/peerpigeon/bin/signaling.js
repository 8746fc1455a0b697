#!/usr/bin/env node
// The signaling server where this package is installed: `npx peerpigeon-signaling`.
import { run } from '@peerpigeon/signaling';

await run(process.argv.slice(2));
