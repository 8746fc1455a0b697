// A client that sends so many offers at once, in a process of its own, and stays until it is closed, or all were taken. Prints what
// became of it as JSON.
import { WebSocket } from 'ws';

const [url, peerId, target, count] = process.argv.slice(2);
const socket = new WebSocket(`${url}/?peerId=${peerId}`, { perMessageDeflate: false });
const errors = [];
socket.on('message', (/** @type {Buffer} */ data) => {
  const { type, data: content } = JSON.parse(data.toString('utf8'));
  if (type === 'error') errors.push(content);
});
socket.on('open', () => {
  for (let n = 0; n < Number(count); n++) {
    socket.send(JSON.stringify({ type: 'offer', targetPeerId: target, data: { burst: n } }));
  }
  if (Number(count) < 200) socket.close();
});
socket.on('error', () => {});
socket.on('close', (code) => console.log(JSON.stringify({ code, errors })));
