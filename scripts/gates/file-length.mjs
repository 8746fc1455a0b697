/** A source file is one noun of at most 400 lines. */
import { conclude, filesBelow, read } from './sources.mjs';

const MAX_LINES = 400;

const files = filesBelow('packages', /\.ts$/).filter((path) => /^packages\/[^/]+\/src\//.test(path));
const problems = files.flatMap((path) => {
  const lines = read(path).trimEnd().split('\n').length;
  return lines > MAX_LINES ? [`${path}: ${lines} lines, at most ${MAX_LINES}`] : [];
});
conclude(problems, `${files.length} files of at most ${MAX_LINES} lines`);
