/** The container images of the lab: each set of them is made once per version of what it is made of. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import { serverPackages } from "../support/server-versions";
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
  /** Whether only some end-to-end tests need them: a machine that cannot make them still runs everything else. */
  readonly optional?: boolean;
}

const scripts = (...names: readonly string[]): string[] => names.map((name) => path.join(SCRIPTS, name));
const mustRun = async (script: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> => {
  if ((await run(path.join(SCRIPTS, script), args, { env })) !== 0) throw new Error(`${script} failed, see above`);
};

const inputsOf = ({ sources }: NodeProgram): string[] => [
  ...sources.map((source) => path.join(REPO_ROOT, source)),
  ...["test/lab/node-image.ts", "test/support/transpile.ts", "package-lock.json"].map((file) =>
    path.join(REPO_ROOT, file),
  ),
  ...scripts("make-image.sh", "copy-program.sh"),
];

const SETS: readonly ImageSet[] = [
  {
    name: "redis",
    inputs: scripts("redis-image.sh", "make-image.sh", "copy-program.sh"),
    make: (dir, env) => mustRun("redis-image.sh", [dir], env),
  },
  {
    name: "other-servers",
    inputs: [
      ...scripts("other-server-images.sh", "make-image.sh", "copy-program.sh"),
      path.join(REPO_ROOT, "test/support/server-versions.ts"),
    ],
    make: (dir, env) => mustRun("other-server-images.sh", [dir, serverPackages()], env),
    optional: true,
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
  for (const set of SETS) {
    try {
      folders.push(await ensure(set, searchPath));
    } catch (error) {
      if (set.optional !== true) throw error;
      console.error(`lab: no ${set.name} images, so that end-to-end tests which need them fail: ${String(error)}`);
    }
  }
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
