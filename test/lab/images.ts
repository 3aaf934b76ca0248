/** The container images of the lab: each set of them is made once per version of what it is made of. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { CACHE_DIR, LAB_DIR, REPO_ROOT, run, timed } from "./machine";
import { BACKEND, ENGINE, makeNodeImage, type NodeProgram } from "./node-image";
import { sourceKey } from "./toolchain";

const SCRIPTS = path.join(LAB_DIR, "cluster");
/** Every edit of a program makes a new image of over 100 MB: a few are kept, for branches side by side. */
const KEPT = 3;

/** Images that are made together. */
interface ImageSet {
  readonly name: string;
  /** Files and folders that they are made of. */
  readonly inputs: readonly string[];
  readonly make: (dir: string, env: NodeJS.ProcessEnv) => Promise<void>;
}

const inputsOf = ({ sources }: NodeProgram): string[] => [
  ...sources.map((source) => path.join(REPO_ROOT, source)),
  ...["test/lab/node-image.ts", "test/support/transpile.ts", "package-lock.json"].map((file) =>
    path.join(REPO_ROOT, file),
  ),
  ...["make-image.sh", "copy-program.sh"].map((file) => path.join(SCRIPTS, file)),
];

const SETS: readonly ImageSet[] = [
  {
    name: "redis",
    inputs: ["redis-image.sh", "make-image.sh", "copy-program.sh"].map((file) => path.join(SCRIPTS, file)),
    make: async (dir, env) => {
      if ((await run(path.join(SCRIPTS, "redis-image.sh"), [dir], { env })) === 0) return;
      throw new Error("making the redis image failed, see above");
    },
  },
  {
    name: "backend",
    inputs: inputsOf(BACKEND),
    make: (dir, env) => makeNodeImage(BACKEND, path.join(dir, "backend.tar"), env),
  },
  {
    name: "engine",
    inputs: inputsOf(ENGINE),
    make: (dir, env) => makeNodeImage(ENGINE, path.join(dir, "engine.tar"), env),
  },
];

/** @returns the folders with all images, as .tar. */
export async function ensureImages(searchPath: string): Promise<readonly string[]> {
  const folders: string[] = [];
  for (const set of SETS) folders.push(await ensure(set, searchPath));
  return folders;
}

async function ensure({ name, inputs, make }: ImageSet, searchPath: string): Promise<string> {
  const all = path.join(CACHE_DIR, "images", name);
  const out = path.join(all, `${sourceKey(...inputs)}-node${process.versions.node}`);
  if (existsSync(out)) return out;
  await timed(`making the ${name} image`, async () => {
    mkdirSync(all, { recursive: true });
    removeOldest(all);
    const unfinished = mkdtempSync(`${out}-`);
    await make(unfinished, { ...process.env, PATH: searchPath });
    try {
      renameSync(unfinished, out);
    } catch {
      rmSync(unfinished, { recursive: true }); // another process was faster
    }
  });
  return out;
}

function removeOldest(dir: string): void {
  const sets = readdirSync(dir).map((name) => path.join(dir, name));
  sets.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const old of sets.slice(KEPT)) rmSync(old, { recursive: true, force: true });
}
