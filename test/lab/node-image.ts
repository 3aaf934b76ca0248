/** Images of programs of this checkout: this machine's node, their transpiled sources, and the packages that they import. */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { transpile } from "../support/transpile";
import { LAB_DIR, REPO_ROOT, run } from "./machine";

/** A program to make an image of. */
export interface NodeProgram {
  /** Of the image. */
  readonly name: string;
  /** Folders with its TypeScript. They keep their places, for relative imports. */
  readonly sources: readonly string[];
  readonly packages: readonly string[];
  /** The file to run. */
  readonly entry: string;
}

export const BACKEND: NodeProgram = {
  name: "lab.test/backend:1",
  sources: ["test/lab/backend", "migration/ring"],
  packages: ["ioredis", "prom-client"],
  entry: "test/lab/backend/server.ts",
};

/** What the Dockerfile makes an image of. */
export const ENGINE: NodeProgram = {
  name: "lab.test/engine:1",
  sources: ["migration"],
  packages: ["ioredis"],
  entry: "migration/entrypoints/engine-runner.ts",
};

/** @param env with the programs that the scripts need on PATH */
export async function makeNodeImage(program: NodeProgram, out: string, env: NodeJS.ProcessEnv): Promise<void> {
  const root = mkdtempSync(path.join(tmpdir(), "node-image-"));
  try {
    const script = (name: string) => path.join(LAB_DIR, "cluster", name);
    const command = JSON.stringify(["node", `/app/${program.entry.replace(/ts$/, "js")}`]);
    for (const dir of ["tmp", "proc", "sys", "dev", "etc"]) mkdirSync(path.join(root, dir));
    for (const source of program.sources) transpile(path.join(REPO_ROOT, source), path.join(root, "app", source));
    for (const name of dependenciesOf(program.packages)) {
      cpSync(path.join(REPO_ROOT, name), path.join(root, "app", name), { recursive: true });
    }
    await mustRun(script("copy-program.sh"), [process.execPath, root, "/usr/bin/node"], env);
    await mustRun(script("make-image.sh"), [program.name, root, out, command, "65532:65532"], env);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** The folders, relative to the root, of the packages and of all that they depend on. */
function dependenciesOf(packages: readonly string[], found = new Set<string>()): Set<string> {
  for (const name of packages) {
    const folder = path.join("node_modules", name);
    if (found.has(folder)) continue;
    found.add(folder);
    const manifest = JSON.parse(readFileSync(path.join(REPO_ROOT, folder, "package.json"), "utf8")) as {
      dependencies?: Record<string, string>;
    };
    dependenciesOf(Object.keys(manifest.dependencies ?? {}), found);
  }
  return found;
}

async function mustRun(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  if ((await run(command, args, { env })) !== 0) throw new Error(`${path.basename(command)} failed, see above`);
}
