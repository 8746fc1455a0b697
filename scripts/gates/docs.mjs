/** Every relative link in the documents resolves, anchors included, and every command they name exists. */
import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from '../process.mjs';
import { rootManifest } from '../workspace.mjs';
import { conclude, filesBelow, read } from './sources.mjs';

/** pnpm's and npm's own commands; any other word after `pnpm` must be a script. */
const OWN_COMMANDS = new Set(
  'add audit ci create dlx exec help i init install link ls outdated pack publish remove up update view why'.split(' '),
);
/** npm runs these without `run`. */
const NPM_SHORTCUTS = new Set(['start', 'stop', 'test']);

/** The anchor that a heading gets on the usual forges. @param {string} heading */
export function slug(heading) {
  return heading
    .toLowerCase()
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');
}

/** The document without its code. @param {string} text */
function prose(text) {
  return text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, (code) => code.replace(/[[\]()#]/g, ' '));
}

/** The document's code: fenced blocks and inline spans, one entry a line. @param {string} text */
function codeLines(text) {
  const fenced = [...text.matchAll(/^(```|~~~)[^\n]*\n([\s\S]*?)^\1/gm)].flatMap((match) =>
    (match[2] ?? '').split('\n'),
  );
  const rest = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '');
  return [...fenced, ...[...rest.matchAll(/`([^`\n]+)`/g)].map((match) => match[1] ?? '')];
}

/** Anchors of a document; a repeated heading gets -1, -2, … @param {string} text */
function anchors(text) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  return [...prose(text).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map((match) => {
    const anchor = slug(match[1] ?? '');
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  });
}

/**
 * The scripts that a line of code calls through npm or pnpm.
 * @param {string} line
 * @returns {string[]}
 */
export function calledScripts(line) {
  /** @type {string[]} */
  const called = [];
  for (const [, tool, rest] of line.matchAll(
    /(?:^|[\s;&|(]|npx (?:--yes )?)(npm|pnpm)(?:@[\d.]+)?((?:\s+[^\s;&|)]+)+)/g,
  )) {
    const words = (rest ?? '').trim().split(/\s+/);
    while (words[0]?.startsWith('-')) {
      // Of another package: not a script of the root.
      if (/^(--filter|-F|-C|--dir|-r|--recursive)/.test(words[0])) return called;
      words.shift();
    }
    const [first, second] = words;
    if (first === undefined) continue;
    if (first === 'run') called.push(...(second === undefined ? [] : [second]));
    else if (tool === 'npm' ? NPM_SHORTCUTS.has(first) : !OWN_COMMANDS.has(first)) called.push(first);
  }
  return called.filter((name) => /^[a-z][\w:-]*$/.test(name));
}

/**
 * @param {string} path Of the document, relative to the root.
 * @param {string} text
 * @param {string[]} scripts Scripts that exist.
 * @param {string} [root]
 */
export function documentProblems(path, text, scripts, root = ROOT) {
  /** @type {string[]} */
  const problems = [];
  const links = [...prose(text).matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)].map((match) => match[1] ?? '');
  for (const link of links) {
    if (/^[a-z][a-z0-9+.-]*:/i.test(link)) continue;
    const [file = '', anchor] = decodeURI(link).split('#');
    const target = file === '' ? path : normalize(join(dirname(path), file));
    if (target.startsWith('..') || !existsSync(join(root, target))) problems.push(`${path}: ${link} leads nowhere`);
    else if (anchor !== undefined && target.endsWith('.md')) {
      const headings = anchors(target === path ? text : read(target, root));
      if (!headings.includes(anchor)) problems.push(`${path}: ${link}: no such heading`);
    }
  }
  for (const line of codeLines(text)) {
    for (const script of calledScripts(line)) {
      if (!scripts.includes(script))
        problems.push(`${path}: \`${line.trim()}\`: package.json has no script "${script}"`);
    }
  }
  return problems;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const documents = filesBelow('.', /\.md$/).filter((path) => !path.startsWith('docs/api/'));
  const scripts = Object.keys(rootManifest().scripts);
  conclude(
    documents.flatMap((path) => documentProblems(path, read(path), scripts)),
    `${documents.length} documents`,
  );
}
