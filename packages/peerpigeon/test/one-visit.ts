// Joins the mesh at the URL given, says hello to the first peer it meets, and leaves; run by mesh.test.ts.
import { PeerPigeonMesh } from '../src/node.js';

const mesh = new PeerPigeonMesh();
mesh.on('peerConnected', ({ peerId }) => mesh.sendDirectMessage(peerId, 'hello'));
mesh.on('messageDelivered', ({ peerId }) => {
  console.log(peerId);
  mesh.disconnect();
});
void mesh.connect(process.argv[2] as string);
