import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { MemoryBackplane, PeerPigeonServer } from '@peerpigeon/server';
import { validate } from 'dockerfile-utils';
import { parse as parseToml } from 'smol-toml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { parse as parseYaml, parseAllDocuments } from 'yaml';
import { readCommandLine } from '../src/command-line.js';
import { FILE_SUFFIX, mayStandInFile, serverOptions, SETTINGS, textOf } from '../src/settings.js';

// No container engine runs where this is developed: what can be checked of the files without one is checked here.

const APP = fileURLToPath(new URL('..', import.meta.url));
const ROOT = join(APP, '..', '..');
const DEPLOY = join(APP, 'deploy');
const SECRET = 'a secret of thirty-two bytes or more';
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'peerpigeon-deploy-'));
  writeFileSync(join(folder, 'secret'), SECRET);
});

afterAll(() => rmSync(folder, { recursive: true }));

const read = (path: string): string => readFileSync(join(DEPLOY, path), 'utf8');
const KNOWN = new Set(
  SETTINGS.flatMap((setting) => [
    setting.variable,
    ...(mayStandInFile(setting) ? [setting.variable + FILE_SUFFIX] : []),
  ]),
);

/** What the server makes of these variables; they are all known to it, and their values are right. */
function settingsOf(variables: Readonly<Record<string, unknown>>): ReturnType<typeof readCommandLine>['settings'] {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(variables)) {
    if (name === 'NODE_ENV') continue;
    expect(KNOWN).toContain(name);
    environment[name] = name.endsWith(FILE_SUFFIX) ? join(folder, 'secret') : String(value);
  }
  const { settings } = readCommandLine([], environment);
  expect(new PeerPigeonServer(serverOptions(settings)).getStats().isRunning).toBe(false);
  return settings;
}

/** The folders of the packages of this workspace that the app runs on, itself included. */
function closure(): Set<string> {
  const found = new Set<string>();
  const add = (where: string): void => {
    if (found.has(where)) return;
    found.add(where);
    const manifest = JSON.parse(readFileSync(join(ROOT, where, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    for (const name of Object.keys(manifest.dependencies ?? {})) {
      if (name.startsWith('@peerpigeon/')) add(name.replace('@peerpigeon/', 'packages/'));
    }
  };
  add('apps/signaling');
  return found;
}

describe('the image', () => {
  const text = read('Dockerfile');

  test('is well-formed', () => {
    expect(validate(text).map(({ message, range }) => [range.start.line + 1, message])).toEqual([]);
  });

  test('holds every package that the app runs on', () => {
    const copied = Array.from(text.matchAll(/^COPY --from=build \/repo\/(\S+)\/dist \1\/dist$/gm), ([, path]) => path);
    expect(new Set(copied)).toEqual(closure());
    const ignore = read('Dockerfile.dockerignore');
    for (const path of closure()) expect(ignore).toContain(`!${path}\n`);
  });

  test('runs as nobody in particular, needs no shell, and its variables are options', () => {
    const final = text.slice(text.lastIndexOf('\nFROM'));
    expect(final).toMatch(/^USER node$/m);
    for (const [, command] of text.matchAll(/^(?:RUN|ENTRYPOINT|HEALTHCHECK.* CMD) (.*)$/gm)) {
      expect(JSON.parse(command ?? '')).toBeInstanceOf(Array);
    }
    const [, variables = ''] = /^ENV (.*)$/m.exec(final) ?? [];
    settingsOf(Object.fromEntries(variables.split(' ').map((pair) => pair.split('=', 2) as [string, string])));
  });

  test('has the entry that it names', () => {
    const entry = /^ENTRYPOINT \["node", "(.*)"\]$/m.exec(text)?.[1] ?? '';
    const { bin } = JSON.parse(readFileSync(join(APP, 'package.json'), 'utf8')) as { bin: Record<string, string> };
    expect(Object.values(bin)).toEqual([entry.replace('apps/signaling', '.')]);
    expect(text).toContain(`CMD ["node", "${entry}", "--health"]`);
  });
});

describe('Compose', () => {
  interface Service {
    readonly image?: string;
    readonly build?: { readonly context: string; readonly dockerfile: string };
    readonly environment?: Readonly<Record<string, unknown>>;
    readonly volumes?: readonly string[];
    readonly networks?: readonly string[];
    readonly stop_grace_period?: string;
  }
  const example = Object.fromEntries(
    Array.from(read('compose/env.example').matchAll(/^([A-Z_]+)=(.*)$/gm), ([, name, value]) => [
      name,
      value || SECRET,
    ]),
  ) as Record<string, string>;
  const filled = read('compose/compose.yaml').replace(/\$\{([A-Z_]+)(:\?[^}]*)?\}/g, (_all, name: string) => {
    const value = example[name];
    if (value === undefined) throw new Error(`${name} is not in env.example`);
    return value;
  });
  const { services, networks } = parseYaml(filled, { merge: true }) as {
    services: Readonly<Record<string, Service>>;
    networks: { inside: { ipam: { config: [{ subnet: string }] } } };
  };

  test('has two servers, Valkey, coturn and a proxy, each of a chosen version', () => {
    expect(Object.keys(services)).toEqual(['signaling-a', 'signaling-b', 'valkey', 'coturn', 'caddy']);
    for (const { image, build } of Object.values(services)) {
      expect(build !== undefined || /^[\w/]+:\d/.test(image ?? '')).toBe(true);
    }
  });

  test.each(['signaling-a', 'signaling-b'])('%s: its variables are options, and right', (name) => {
    const { environment = {}, build, stop_grace_period: grace = '' } = services[name] ?? {};
    const settings = settingsOf(environment);
    expect(textOf(settings, 'trustedProxies')).toBe(networks.inside.ipam.config[0].subnet);
    expect(new URL(textOf(settings, 'redisUrl')).hostname).toBe('valkey');
    expect(1_000 * Number.parseInt(grace, 10)).toBeGreaterThan(Number(textOf(settings, 'drainTime')));
    const context = join(DEPLOY, 'compose', build?.context ?? '');
    expect(existsSync(join(context, build?.dockerfile ?? ''))).toBe(true);
    expect(join(context, 'x')).toBe(join(ROOT, 'x'));
  });

  test('what it mounts is there, and the proxy leads to the servers that there are', () => {
    const mounted = Object.values(services).flatMap(({ volumes = [] }) => volumes.map((each) => each.split(':', 1)[0]));
    for (const path of mounted) if (path?.startsWith('.')) expect(existsSync(join(DEPLOY, 'compose', path))).toBe(true);
    const proxied = /reverse_proxy (.*) \{/.exec(read('compose/Caddyfile'))?.[1]?.split(' ') ?? [];
    expect(proxied).toEqual(['signaling-a:3000', 'signaling-b:3000']);
    const open = read('compose/Caddyfile').match(/\{(?!\$)/g)?.length;
    expect(read('compose/Caddyfile').match(/(?<!\{\$[A-Z_]+)\}/g)?.length).toBe(open);
  });

  test('coturn takes the credentials of /ice, relays to no inner network, and each line is one setting', () => {
    const lines = read('compose/turnserver.conf')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines).toEqual(expect.arrayContaining(['use-auth-secret', 'no-multicast-peers', 'no-cli']));
    expect(new Set(lines).size).toBe(lines.length);
    for (const line of lines) expect(line).toMatch(/^[a-z0-9-]+(=[\w.:/-]+)?$/);
    const denied = lines.flatMap((line) => (line.startsWith('denied-peer-ip=') ? [line.slice(15)] : []));
    for (const inner of [
      '10.0.0.0',
      '127.0.0.0',
      '169.254.0.0',
      '172.16.0.0',
      '192.168.0.0',
      '::1',
      'fc00::',
      'fe80::',
    ]) {
      expect(denied.some((range) => range.startsWith(inner))).toBe(true);
    }
  });
});

describe('Kubernetes', () => {
  interface Resource {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly labels?: object };
    readonly spec: Readonly<Record<string, unknown>>;
  }
  interface Container {
    readonly env?: readonly { readonly name: string; readonly value: unknown }[];
    readonly ports: readonly { readonly name: string }[];
    readonly [probe: string]: unknown;
  }
  interface Pods {
    readonly selector: { readonly matchLabels: object };
    readonly template: {
      readonly metadata: { readonly labels: object };
      readonly spec: { readonly containers: readonly Container[]; readonly terminationGracePeriodSeconds?: number };
    };
  }
  const files = readdirSync(join(DEPLOY, 'kubernetes')).filter((name) => name !== 'kustomization.yaml');
  const resources = files.flatMap((name) =>
    parseAllDocuments(read(join('kubernetes', name))).map((document) => {
      expect(document.errors).toEqual([]);
      return document.toJS() as Resource;
    }),
  );
  const one = (kind: string, name: string): Resource => {
    const found = resources.find((each) => each.kind === kind && each.metadata.name === name);
    if (found === undefined) throw new Error(`no ${kind} ${name}`);
    return found;
  };
  const pods = (name: string): Pods => one('Deployment', name).spec as unknown as Pods;

  test('every file is in the kustomization, every resource has what the API wants of all', () => {
    const { resources: listed } = parseYaml(read('kubernetes/kustomization.yaml')) as { resources: string[] };
    expect(new Set(listed)).toEqual(new Set(files));
    for (const { apiVersion, kind, metadata } of resources) {
      expect(apiVersion).toMatch(/^([a-z0-9.]+\/)?v\d(beta\d)?$/);
      expect(kind).toMatch(/^[A-Z]/);
      expect(metadata.name).toMatch(/^[a-z-]+$/);
    }
    const names = resources.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(new Set(names).size).toBe(names.length);
  });

  test('selectors find the pods that are meant', () => {
    for (const name of ['signaling', 'valkey']) {
      expect(pods(name).template.metadata.labels).toEqual(pods(name).selector.matchLabels);
      expect(one('Service', name).spec['selector']).toEqual(pods(name).selector.matchLabels);
    }
    expect(one('PodDisruptionBudget', 'signaling').spec['selector']).toEqual(pods('signaling').selector);
    expect(one('HorizontalPodAutoscaler', 'signaling').spec['scaleTargetRef']).toMatchObject({ name: 'signaling' });
    expect(one('NetworkPolicy', 'valkey').spec['podSelector']).toEqual(pods('valkey').selector);
  });

  test('the server: two replicas, its variables are options, its probes are answered, there is time to drain', () => {
    const { template } = pods('signaling');
    const [container] = template.spec.containers;
    expect(one('Deployment', 'signaling').spec['replicas']).toBe(2);
    const settings = settingsOf(Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value])));
    expect(new URL(textOf(settings, 'redisUrl')).hostname).toBe(one('Service', 'valkey').metadata.name);
    for (const [probe, path] of [
      ['livenessProbe', '/health'],
      ['readinessProbe', '/ready'],
      ['startupProbe', '/health'],
    ] as const) {
      expect(container?.[probe]).toMatchObject({ httpGet: { path, port: container?.ports[0]?.name } });
    }
    const preStopMs = 5_000;
    expect(JSON.stringify(container?.['lifecycle'])).toContain(String(preStopMs));
    const graceMs = 1_000 * (template.spec.terminationGracePeriodSeconds ?? 0);
    expect(graceMs).toBeGreaterThan(preStopMs + Number(textOf(settings, 'drainTime')));
  });
});

test('Fly: its variables are options, its check is answered, there is time to drain', () => {
  const fly = parseToml(read('fly/fly.toml')) as {
    readonly env: Record<string, string>;
    readonly build: Record<string, string>;
    readonly kill_signal: string;
    readonly kill_timeout: number;
    readonly http_service: Readonly<Record<string, unknown>>;
  };
  const settings = settingsOf({ ...fly.env, TURN_SECRET: SECRET });
  expect(fly.kill_signal).toBe('SIGTERM');
  expect(1_000 * fly.kill_timeout).toBeGreaterThan(Number(textOf(settings, 'drainTime')));
  expect(fly.http_service).toMatchObject({
    internal_port: Number(textOf(settings, 'port')),
    auto_stop_machines: 'off',
    checks: [{ path: '/ready' }],
  });
  for (const path of Object.values(fly.build)) expect(existsSync(join(DEPLOY, 'fly', path))).toBe(true);
});

describe('systemd', () => {
  const unit = read('systemd/peerpigeon-signaling.service');

  test('its variables are options, and there is time to drain', () => {
    const pairs = Array.from(unit.matchAll(/^#?Environment=([A-Z_]+)=(.*)$/gm), ([, name, value]) => [name, value]);
    const settings = settingsOf(Object.fromEntries(pairs) as Record<string, string>);
    const [, seconds = '0'] = /^TimeoutStopSec=(\d+)$/m.exec(unit) ?? [];
    expect(1_000 * Number(seconds)).toBeGreaterThan(Number(textOf(settings, 'drainTime')));
    expect(unit).toMatch(/^ExecStart=\/usr\/bin\/node \/opt\/peerpigeon\/apps\/signaling\/dist\/main\.js$/m);
  });

  test('systemd itself has nothing to say against it, where there is one', () => {
    const path = join(folder, 'peerpigeon-signaling.service');
    writeFileSync(path, unit.replace('/usr/bin/node', process.execPath));
    const { error, status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', path], { encoding: 'utf8' });
    const isThere = error === undefined || !('code' in error && error.code === 'ENOENT');
    expect(isThere ? { status, said: `${stdout}${stderr}` } : { status: 0, said: '' }).toEqual({ status: 0, said: '' });
  });
});

test('Prometheus: every figure that the alerts name is one that the server has', async () => {
  const server = new PeerPigeonServer({ port: 0, host: '127.0.0.1', backplane: new MemoryBackplane() });
  const { port } = await server.start();
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  await server.stop();
  const names = new Set(Array.from(text.matchAll(/^# TYPE (\S+)/gm), ([, name]) => name));
  const { groups } = parseYaml(read('prometheus/alerts.yaml')) as {
    groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  const used = rules.flatMap(({ expr }) => expr.match(/\b(?:pp|nodejs|process)_\w+/g) ?? []);
  expect(used.length).toBeGreaterThan(4);
  for (const name of used) expect(names).toContain(name.replace(/_(bucket|sum|count)$/, ''));
  expect(parseYaml(read('prometheus/prometheus.yaml'))).toMatchObject({
    scrape_configs: [{ metrics_path: '/metrics' }],
  });
});

test('DEPLOYMENT.md lists every option, as it is', () => {
  const text = readFileSync(join(ROOT, 'docs', 'DEPLOYMENT.md'), 'utf8');
  const listed = text
    .slice(text.indexOf('\n## All options'))
    .split('\n')
    .filter((line) => line.startsWith('| `'));
  const rows = SETTINGS.map(({ variable, description, choices }) => {
    const { value, unit, text: what, secret } = description;
    const preset = value === '*' ? '`*`' : `${String(value)}${value !== '' && unit !== undefined ? ` ${unit}` : ''}`;
    const sentence = what.replace(/(^|\s)\*(\s|$)/g, '$1`*`$2');
    const rest = `${choices === undefined ? '' : `: ${choices.join(', ')}`}${secret ? ' (secret)' : ''}`;
    return `| \`${variable}\` | ${preset} | ${sentence}${rest} |`;
  });
  expect(listed).toEqual(rows);
});

test('the token of DEPLOYMENT.md opens the network that it names, and no other', async () => {
  const code = /```js\n(import \{ createHmac \}[\s\S]*?)```/.exec(
    readFileSync(join(ROOT, 'docs', 'DEPLOYMENT.md'), 'utf8'),
  );
  writeFileSync(join(folder, 'token.mjs'), code?.[1] ?? '');
  const { tokenFor } = (await import(pathToFileURL(join(folder, 'token.mjs')).href)) as {
    tokenFor: (user: string, secret: string) => string;
  };
  const server = new PeerPigeonServer({ port: 0, host: '127.0.0.1', jwtSecret: SECRET });
  const { url } = await server.start();
  /** The type of the first message, or the HTTP status of the refusal. */
  const enter = async (network: string, token: string): Promise<unknown> => {
    const address = `${url}/?peerId=${'a'.repeat(40)}&network=${network}`;
    const socket = new WebSocket(address, ['peerpigeon.v1', `peerpigeon.jwt.${token}`]);
    const answer = await new Promise((resolve) => {
      socket.once('message', (text: Buffer) => resolve((JSON.parse(text.toString()) as { type: string }).type));
      socket.once('unexpected-response', (_request, response) => resolve(response.statusCode));
    });
    socket.on('error', () => {});
    socket.terminate();
    return answer;
  };
  expect(await enter('lobby', tokenFor('alice', SECRET))).toBe('connected');
  expect(await enter('elsewhere', tokenFor('alice', SECRET))).toBe(403);
  expect(await enter('lobby', tokenFor('alice', `not ${SECRET}`))).toBe(401);
  await server.stop();
});
