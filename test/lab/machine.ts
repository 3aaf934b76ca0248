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

/** A program of each Debian package that the lab needs; a file where a package has no program of its own. */
const PACKAGES: readonly { readonly name: string; readonly provides: string }[] = [
  { name: "containerd", provides: "containerd" },
  { name: "runc", provides: "runc" },
  { name: "containernetworking-plugins", provides: "/usr/lib/cni/bridge" },
  { name: "nftables", provides: "nft" },
  { name: "busybox-static", provides: "busybox" },
  { name: "redis-server", provides: "redis-server" },
  { name: "redis-tools", provides: "redis-cli" },
  { name: "iproute2", provides: "ip" },
  { name: "procps", provides: "sysctl" },
  { name: "openssl", provides: "openssl" },
];

/** Installs the Debian packages that are missing. Starts none of their services. @throws Error where it cannot */
export async function ensurePackages(): Promise<void> {
  const systemPath = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;
  const missing = PACKAGES.filter(({ provides }) =>
    path.isAbsolute(provides) ? !existsSync(provides) : findProgram(provides, systemPath) === undefined,
  ).map(({ name }) => name);
  if (process.getuid?.() !== 0 || (missing.length > 0 && findProgram("apt-get") === undefined)) {
    const packages = missing.length === 0 ? "" : ` and these Debian packages: ${missing.join(" ")}`;
    throw new Error(`the local cluster needs root${packages}. Name a cluster with KUBECONFIG to use that instead.`);
  }
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
