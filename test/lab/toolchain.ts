/**
 * The Pulumi CLI, its plugins and a Kubernetes: what is on PATH is used, what is not is built from Go modules.
 *
 * Each tool is built once per version of its sources, into a folder of its own in the cache.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { CACHE_DIR, findProgram, LAB_DIR, run, timed } from "./machine";

interface Tool {
  readonly name: string;
  /** What it gives, to look for on PATH. */
  readonly program: string;
  /** For the message only: cold, on two cores. */
  readonly buildMinutes: number;
  /** Of a plugin: name and version, for those that the CLI has installed already. */
  readonly plugin?: { readonly name: string; readonly version: string };
}

const PULUMI_TOOLS: readonly Tool[] = [
  { name: "pulumi", program: "pulumi", buildMinutes: 3 },
  { name: "pulumi-nodejs", program: "pulumi-resource-pulumi-nodejs", buildMinutes: 0.5 },
  {
    name: "pulumi-kubernetes",
    program: "pulumi-resource-kubernetes",
    buildMinutes: 6,
    plugin: { name: "kubernetes", version: "4.25.0" },
  },
  {
    name: "pulumi-command",
    program: "pulumi-resource-command",
    buildMinutes: 0.5,
    plugin: { name: "command", version: "1.2.1" },
  },
];

const CLUSTER_TOOLS: readonly Tool[] = [
  { name: "kubernetes", program: "kubelet", buildMinutes: 5 },
  { name: "coredns", program: "coredns", buildMinutes: 1 },
];

/** The folder of the plugins that the user's own CLI has downloaded. */
export const USER_PLUGINS = path.join(process.env["PULUMI_HOME"] ?? path.join(homedir(), ".pulumi"), "plugins");

/** Returns the folders that must come first on PATH for `pulumi` and its plugins. */
export async function ensurePulumi(): Promise<string[]> {
  // A CLI of the machine's own can download official plugins; one that is built here is built because nothing can.
  const own = findProgram("pulumi") !== undefined;
  const missing = PULUMI_TOOLS.filter((tool) => findProgram(tool.program) === undefined && !(own && installed(tool)));
  return buildAll(missing);
}

/**
 * Returns the folders that must come first on PATH for the parts of Kubernetes. They are always of the lab's own
 * versions: a kubelet of the machine's may be of any.
 */
export function ensureKubernetes(): Promise<string[]> {
  return buildAll(CLUSTER_TOOLS);
}

function installed({ plugin }: Tool): boolean {
  if (plugin === undefined) return false;
  if (existsSync(path.join(USER_PLUGINS, `resource-${plugin.name}-v${plugin.version}`))) return true;
  const args = ["plugin", "install", "resource", plugin.name, plugin.version];
  return spawnSync("pulumi", args, { timeout: 60_000, stdio: "ignore" }).status === 0;
}

async function buildAll(tools: readonly Tool[]): Promise<string[]> {
  const dirs: string[] = [];
  for (const tool of tools) dirs.push(await build(tool));
  return dirs;
}

async function build({ name, buildMinutes }: Tool): Promise<string> {
  const script = path.join(LAB_DIR, "tools/build.sh");
  const out = path.join(CACHE_DIR, "tools", `${name}-${sourceKey(script, path.join(LAB_DIR, "tools", name))}`);
  if (existsSync(out)) return out;
  if (findProgram("go") === undefined) {
    throw new Error(`${name} is not on PATH, and there is no Go (1.26 or newer) to build it with: install one of them`);
  }
  await timed(`building ${name} (about ${buildMinutes} min when nothing is cached)`, async () => {
    if ((await run(script, [name, out])) !== 0) throw new Error(`building ${name} failed, see above`);
  });
  return out;
}

/** A hash of the files and of everything in the folders given: the version of what is made from them. */
export function sourceKey(...sources: readonly string[]): string {
  const hash = createHash("sha256");
  const add = (file: string) =>
    hash
      .update(`${path.basename(file)}\0`)
      .update(readFileSync(file))
      .update("\0");
  for (const source of sources) {
    const entries = source.match(/\.[a-z]+$/)
      ? [source]
      : readdirSync(source, { recursive: true, withFileTypes: true })
          .filter((entry) => entry.isFile())
          .map((entry) => path.join(entry.parentPath, entry.name))
          .sort();
    entries.forEach(add);
  }
  return hash.digest("hex").slice(0, 12);
}
