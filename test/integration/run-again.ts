/** Runs test files once more, on other servers than Redis 7.0. */
import type { ServerKind } from "../support/server-versions";
import { setUsualServer } from "./redis-servers";

/** What touches values, rights, connections and whole moves. */
export const ON_OTHER_SERVERS = [
  "acl",
  "bundles",
  "catch-up",
  "close",
  "connections",
  "drain",
  "fencing",
  "later-phases",
  "managed-redis",
  "moves",
  "plan",
  "pre-copy",
  "safety/fingerprints",
  "values",
  "verify",
  "watched-values",
];

/** @param files - names in this folder, without `.test.ts`. */
export function runAgainOn(kind: ServerKind, files: readonly string[]): void {
  describe(`on ${kind}`, () => {
    let usual: ServerKind;
    before(() => void (usual = setUsualServer(kind)));
    after(() => void setUsualServer(usual));
    files.forEach(declareAgain);
  });
}

/** Mocha loads the file too, before or after: neither may find it loaded, since a file declares its tests when it is. */
function declareAgain(name: string): void {
  const file = require.resolve(`./${name}.test.ts`);
  const loaded = require.cache[file];
  delete require.cache[file];
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- an import would not run it a second time
  require(file);
  delete require.cache[file];
  if (loaded) require.cache[file] = loaded;
}
