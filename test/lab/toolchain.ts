/**
 * The Pulumi CLI, its plugins and a Kubernetes: what is on PATH is used, what is not is built from Go modules.
 *
 * Each tool is built once per version of its sources, into a folder of its own in the cache.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism, freemem, homedir } from "node:os";
import path from "node:path";
import { CACHE_DIR, findProgram, LAB_DIR, runQuietly, timed } from "./machine";

interface Tool {
  readonly name: string;
  /** What it gives, to look for on PATH. */
  readonly program: string;
  readonly kind: ToolKind;
  /** Cold, on two cores. */
  readonly buildMinutes: number;
  /** Of a plugin: name and version, for those that the CLI has installed already. */
  readonly plugin?: { readonly name: string; readonly version: string };
}

/** `pulumi`: the CLI and its plugins. `cluster`: the parts of a local Kubernetes. */
type ToolKind = "pulumi" | "cluster";

/** What takes longest comes first: builds run side by side. */
const TOOLS: readonly Tool[] = [
  {
    ...{ name: "pulumi-kubernetes", program: "pulumi-resource-kubernetes", kind: "pulumi", buildMinutes: 6 },
    plugin: { name: "kubernetes", version: "4.25.0" },
  },
  { name: "kubernetes", program: "kubelet", kind: "cluster", buildMinutes: 5 },
  { name: "pulumi", program: "pulumi", kind: "pulumi", buildMinutes: 3 },
  { name: "coredns", program: "coredns", kind: "cluster", buildMinutes: 1 },
  { name: "pulumi-nodejs", program: "pulumi-resource-pulumi-nodejs", kind: "pulumi", buildMinutes: 0.5 },
  {
    ...{ name: "pulumi-command", program: "pulumi-resource-command", kind: "pulumi", buildMinutes: 0.5 },
    plugin: { name: "command", version: "1.2.1" },
  },
];

/** What makes a build of a kind's tools unnecessary. */
const INSTEAD: Readonly<Record<ToolKind, string>> = {
  pulumi: "there is no pulumi on PATH",
  cluster: "KUBECONFIG names no cluster",
};

/** What one build takes at its peak: the largest of them was seen with 2.1 GB. */
const BUILD_BYTES = 3 * 2 ** 30;

/** The folder of the plugins that the user's own CLI has downloaded. */
export const USER_PLUGINS = path.join(process.env["PULUMI_HOME"] ?? path.join(homedir(), ".pulumi"), "plugins");

/**
 * Builds the tools of some kinds that are missing. A `pulumi` on PATH is used; the parts of a local Kubernetes are always of
 * the versions named here, because a kubelet of the machine may be of any.
 *
 * @returns the folders that must come first on PATH.
 * @throws Error when a build fails, or there is no Go to build with
 */
export async function ensureTools(...kinds: readonly ToolKind[]): Promise<string[]> {
  // A CLI of the machine's own can download official plugins; one that is built here is built because nothing can.
  const ownCli = findProgram("pulumi") !== undefined;
  const isThere = (tool: Tool) =>
    tool.kind === "pulumi" && (findProgram(tool.program) !== undefined || (ownCli && installed(tool)));
  const wanted = TOOLS.filter((tool) => kinds.includes(tool.kind) && !isThere(tool));
  const folders = wanted.map((tool) => [tool, folderOf(tool)] as const);
  const missing = folders.filter(([, folder]) => !existsSync(folder));
  if (missing.length > 0) announce(missing.map(([tool]) => tool));
  await buildSideBySide(missing);
  return folders.map(([, folder]) => folder);
}

function announce(tools: readonly Tool[]): void {
  const reasons = [...new Set(tools.map(({ kind }) => INSTEAD[kind]))].join(", and ");
  const minutes = tools.reduce((sum, { buildMinutes }) => sum + buildMinutes, 0);
  console.log(
    `lab: ${tools.map(({ name }) => name).join(", ")} must be built from Go modules, because ${reasons}. ` +
      `This happens once and takes about ${Math.ceil(minutes)} min on two cores.`,
  );
}

async function buildSideBySide(missing: readonly (readonly [Tool, string])[]): Promise<void> {
  const queue = [...missing];
  const worker = async () => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) await build(...next);
  };
  const atOnce = Math.max(1, Math.min(availableParallelism(), Math.floor(freemem() / BUILD_BYTES)));
  await Promise.all(Array.from({ length: atOnce }, worker));
}

function installed({ plugin }: Tool): boolean {
  if (plugin === undefined) return false;
  if (existsSync(path.join(USER_PLUGINS, `resource-${plugin.name}-v${plugin.version}`))) return true;
  const args = ["plugin", "install", "resource", plugin.name, plugin.version];
  return spawnSync("pulumi", args, { timeout: 60_000, stdio: "ignore" }).status === 0;
}

const SCRIPT = path.join(LAB_DIR, "tools/build.sh");

const folderOf = ({ name }: Tool): string =>
  path.join(CACHE_DIR, "tools", `${name}-${sourceKey(SCRIPT, path.join(LAB_DIR, "tools", name))}`);

async function build({ name, buildMinutes }: Tool, folder: string): Promise<void> {
  if (findProgram("go") === undefined) {
    throw new Error(`${name} is not on PATH, and there is no Go (1.26 or newer) to build it with: install one of them`);
  }
  await timed(`building ${name} (about ${buildMinutes} min)`, async () => {
    const { code, output } = await runQuietly(SCRIPT, [name, folder]);
    if (code !== 0) throw new Error(`building ${name} failed:\n${output}`);
  });
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
