/** The image lab.test/backend:1: this machine's node, the transpiled backend, and the packages that it imports. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync, cpSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import ts from "typescript";
import { LAB_DIR, REPO_ROOT, run } from "./machine";

/** The folders with TypeScript that the backend is made of. They keep their places, for relative imports. */
const SOURCES = ["test/lab/backend", "migration/ring"];
const PACKAGES = ["ioredis", "prom-client"];

/** @param env with the programs that the scripts need on PATH */
export async function makeBackendImage(out: string, env: NodeJS.ProcessEnv): Promise<void> {
  const root = mkdtempSync(path.join(tmpdir(), "backend-image-"));
  try {
    const script = (name: string) => path.join(LAB_DIR, "cluster", name);
    const image = ["lab.test/backend:1", root, out, '["node", "/app/test/lab/backend/server.js"]', "65532:65532"];
    for (const dir of ["tmp", "proc", "sys", "dev", "etc"]) mkdirSync(path.join(root, dir));
    for (const source of SOURCES) transpile(path.join(REPO_ROOT, source), path.join(root, "app", source));
    for (const name of dependenciesOf(PACKAGES)) {
      cpSync(path.join(REPO_ROOT, name), path.join(root, "app", name), { recursive: true });
    }
    await mustRun(script("copy-program.sh"), [process.execPath, root, "/usr/bin/node"], env);
    await mustRun(script("make-image.sh"), image, env);
  } finally {
    rmSync(root, { recursive: true });
  }
}

function transpile(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(from).filter((name) => name.endsWith(".ts"))) {
    const { outputText } = ts.transpileModule(readFileSync(path.join(from, file), "utf8"), {
      compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022, esModuleInterop: true },
    });
    writeFileSync(path.join(to, file.replace(/ts$/, "js")), outputText);
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
