import type { Diagnosis, DiagnosisFinding, IceServerDiagnosis } from './diagnosis.js';

/** RFC 8489 §14.8: the request needs credentials, or those given are wrong. */
const UNAUTHENTICATED = 401;
/** RFC 8489 §14.8, RFC 8656 §19: answers of a server; W3C WebRTC §4.8.2: 701 and above are of the browser. */
const LAST_ANSWER = 699;

/** What a diagnosis shows to be missing or wrong, the gravest first. */
export function findingsOf({
  webRtc,
  ice,
  signaling,
  connections,
}: Omit<Diagnosis, 'findings' | 'tookMs'>): DiagnosisFinding[] {
  const found: DiagnosisFinding[] = [];
  const add = (code: DiagnosisFinding['code'], message: string, url?: string): void => {
    found.push({ code, message, ...(url !== undefined && { url }) });
  };
  if (!webRtc.available) add('no-webrtc', webRtc.error ?? 'there is no WebRTC here');
  else if (webRtc.error !== null) add('webrtc-failed', `no connection can be made here: ${webRtc.error}`);
  for (const { url, reachable, reason } of signaling) {
    if (!reachable) add('signaling-unreachable', `the signaling server ${url} cannot be reached: ${reason}`, url);
  }
  const { mesh, max } = connections;
  if (mesh !== null && max !== null && mesh >= max) {
    add('connection-limit', `${mesh} connections are open, and no more are made: maxConnections is ${max}`);
  }
  if (ice.providerError !== null) {
    add('ice-servers-failed', `the provider of ICE servers fails: ${ice.providerError}`);
  }
  if (!webRtc.available || webRtc.error !== null) return found;
  for (const server of ice.servers) if (!server.works) found.push(whyNot(server));
  const { servers, candidates, policy } = ice;
  const turn = servers.filter(({ url }) => isTurn(url));
  if (policy === 'relay' && !turn.some(({ works }) => works)) {
    add('no-relay', "iceTransportPolicy is 'relay' and no TURN server gives a relay: no link can be made");
  }
  const overUdp = servers.filter(({ url }) => isUdp(url));
  const outside =
    signaling.some(({ reachable }) => reachable) || servers.some(({ url, works }) => works && !isUdp(url));
  if (outside && overUdp.length > 0 && overUdp.every((server) => !server.works && answerOf(server) === undefined)) {
    const hint = 'a TURN server over TLS (turns:…?transport=tcp) leads through such networks';
    add(
      'udp-blocked',
      `UDP seems to be blocked: no STUN or TURN server answers over it, and others are reached; ${hint}`,
    );
  }
  if (candidates.host === 0) add('no-addresses', 'no address of this machine can be used: is there a network?');
  if (ice.providerError === null && policy !== 'relay') {
    if (servers.length === 0) add('no-stun', 'no STUN server is configured: peers behind different NATs will not meet');
    else if (turn.length === 0) {
      add(
        'no-turn',
        'no TURN server is configured: peers behind strict NATs, or without UDP, are not reached directly',
      );
    }
  }
  if (ice.hidden) {
    const when =
      'peers of one network link directly only where such names are resolved, or through a STUN or TURN server';
    add('addresses-hidden', `the browser hides this machine's addresses behind names (mDNS): ${when}`);
  }
  return found;
}

function whyNot(server: IceServerDiagnosis): DiagnosisFinding {
  const { url, errors } = server;
  const answer = answerOf(server);
  if (answer?.code === UNAUTHENTICATED) {
    return { code: 'turn-credentials', message: `TURN server ${url} refuses the credentials (401)`, url };
  }
  const kind = isTurn(url) ? 'TURN' : 'STUN';
  if (answer !== undefined) {
    return { code: 'turn-refused', message: `${kind} server ${url} refuses: ${answer.text} (${answer.code})`, url };
  }
  const [error] = errors;
  const why = error === undefined ? 'no answer, or one that is not told' : `${error.text} (${error.code})`;
  return { code: 'ice-server-unreachable', message: `${kind} server ${url} gives no candidate: ${why}`, url };
}

/** What the server itself said, if it was heard at all. */
function answerOf({ errors }: IceServerDiagnosis): IceServerDiagnosis['errors'][number] | undefined {
  return errors.find(({ code }) => code === UNAUTHENTICATED) ?? errors.find(({ code }) => code <= LAST_ANSWER);
}

function isTurn(url: string): boolean {
  return /^turns?:/i.test(url);
}

/** `turns:` and `stuns:` are TLS over TCP, whatever the transport that is asked for. */
function isUdp(url: string): boolean {
  return /^(stun|turn):/i.test(url) && !/transport=tcp/i.test(url);
}
