/** What the lab knows of the machine: folders, processes, and the packages that it needs. */
import { spawn, spawnSync, type SpawnOptions } from "node:child_process";
import { accessSync, constants, existsSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";

/** The root of the checkout. */
export const REPO_ROOT = path.resolve(__dirname, "../..");
export const LAB_DIR = path.join(REPO_ROOT, "test/lab");

/** Everything that is built or that runs lives here, outside the checkout. */
export const CACHE_DIR = path.join(process.env["XDG_CACHE_HOME"] ?? path.join(homedir(), ".cache"), "dedup-shards");

/** The program's full path in `searchPath`, or undefined. */
export function findProgram(name: string, searchPath = process.env["PATH"] ?? ""): string | undefined {
  return searchPath
    .split(path.delimiter)
    .map((dir) => path.join(dir, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Runs a program with this process's stdio and returns its exit code (128 + n for signal n). */
export function run(command: string, args: readonly string[], options: SpawnOptions = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: "inherit", ...options });
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(exitCode(code, signal)));
  });
}

/** Runs a program. @returns its exit code, and what it printed to stdout and stderr, which nobody sees otherwise. */
export async function runQuietly(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<{ readonly code: number; readonly output: string }> {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  const code = await new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(exitCode(code, signal)));
  });
  return { code, output };
}

export function exitCode(code: number | null, signal: NodeJS.Signals | null): number {
  if (signal === null) return code ?? 1;
  return 128 + ({ SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 } as Record<string, number>)[signal]!;
}

/** Says what takes long, before and after. */
export async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  console.log(`lab: ${what} …`);
  const startedMs = Date.now();
  const result = await work();
  console.log(`lab: ${what}: done in ${((Date.now() - startedMs) / 1000).toFixed(1)} s`);
  return result;
}

/** A Debian package, and a program of it; a file where it has no program of its own. */
interface DebianPackage {
  readonly name: string;
  readonly provides: string;
}

/** In the image of the shards' sidecar, and beside the servers of integration tests. */
const EXPORTER: DebianPackage = { name: "prometheus-redis-exporter", provides: "prometheus-redis-exporter" };

/** Servers and programs of integration tests. */
const TEST_PACKAGES: readonly DebianPackage[] = [
  { name: "redis-server", provides: "redis-server" },
  { name: "redis-tools", provides: "redis-cli" },
  EXPORTER,
  { name: "openssl", provides: "openssl" },
];

/** What the lab needs. */
const PACKAGES: readonly DebianPackage[] = [
  ...TEST_PACKAGES,
  { name: "containerd", provides: "containerd" },
  { name: "runc", provides: "runc" },
  { name: "containernetworking-plugins", provides: "/usr/lib/cni/bridge" },
  { name: "nftables", provides: "nft" },
  { name: "busybox-static", provides: "busybox" },
  { name: "iproute2", provides: "ip" },
  { name: "procps", provides: "sysctl" },
];

/** What shows and watches the service. */
const MONITORING_PACKAGES: readonly DebianPackage[] = [
  { name: "prometheus", provides: "promtool" },
  { name: "prometheus-pushgateway", provides: "prometheus-pushgateway" },
  EXPORTER,
];

/** Installs the lab's packages that are missing. Starts none of their services. @throws Error where it cannot */
export async function ensurePackages(): Promise<void> {
  const missing = missingOf(PACKAGES);
  if (!canInstall(missing)) {
    const packages = missing.length === 0 ? "" : ` and these Debian packages: ${missing.join(" ")}`;
    throw new Error(`the local cluster needs root${packages}. Name a cluster with KUBECONFIG to use that instead.`);
  }
  await install(missing);
}

/** Installs the servers of integration tests that are missing, and starts none. @throws Error where it cannot */
export const ensureTestPackages = (): Promise<void> => ensure(TEST_PACKAGES);

/** Installs Prometheus, its exporter and its Pushgateway where they are missing. @throws Error where it cannot */
export const ensureMonitoringPackages = (): Promise<void> => ensure(MONITORING_PACKAGES);

/** Installs Chromium, and a font, where they are missing. @throws Error where it cannot */
export const ensureChromium = (): Promise<void> =>
  ensure([
    { name: "chromium", provides: "chromium" },
    { name: "fonts-dejavu-core", provides: "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf" },
  ]);

/** As files: no service starts. */
async function ensure(packages: readonly DebianPackage[]): Promise<void> {
  const missing = missingOf(packages);
  if (missing.length > 0 && !canInstall(missing)) {
    throw new Error(`this needs ${missing.join(" and ")} on PATH, or root on Debian to install them`);
  }
  await install(missing);
}

function missingOf(packages: readonly DebianPackage[]): readonly string[] {
  const systemPath = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
  const there = ({ provides }: DebianPackage) =>
    path.isAbsolute(provides) ? existsSync(provides) : findProgram(provides, systemPath) !== undefined;
  return packages.filter((wanted) => !there(wanted)).map(({ name }) => name);
}

const canInstall = (missing: readonly string[]): boolean =>
  process.getuid?.() === 0 && (missing.length === 0 || findProgram("apt-get") !== undefined);

async function install(missing: readonly string[]): Promise<void> {
  if (missing.length === 0) return;
  await timed(`installing ${missing.join(", ")}`, () => Promise.resolve(withoutServices(() => aptInstall(missing))));
}

/** https://people.debian.org/~hmh/invokerc.d-policyrc.d-specification.txt: 101 forbids the start of services. */
function withoutServices(work: () => void): void {
  const policy = "/usr/sbin/policy-rc.d";
  if (existsSync(policy)) return work();
  writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  try {
    work();
  } finally {
    rmSync(policy);
  }
}

function aptInstall(packages: readonly string[]): void {
  const apt = (...args: string[]) =>
    spawnSync("apt-get", ["-qq", "-o", "DPkg::Lock::Timeout=300", ...args], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      encoding: "utf8",
    });
  const install = () => apt("install", "-y", "--no-install-recommends", ...packages);
  let result = install();
  if (result.status !== 0) {
    apt("update"); // the lists of a fresh machine are empty or old
    result = install();
  }
  if (result.status !== 0) throw new Error(`apt-get install ${packages.join(" ")} failed:\n${result.stderr}`);
}
