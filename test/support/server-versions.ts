/**
 * Redis servers of several versions: 7.0 is the system's, the others come from packages of Debian 13. Those are downloaded
 * and unpacked into the project's cache, with the libraries that they need, and run through their own loader. Nothing is
 * installed into the system.
 */
import { spawnSync, type SpawnSyncOptions } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { CACHE_DIR } from "../lab/machine";

/** The servers that tests run on. */
export const SERVER_KINDS = ["redis-7.0", "redis-8.0", "valkey-8.1"] as const;
export type ServerKind = (typeof SERVER_KINDS)[number];

/** @throws Error where there is no such kind. */
export function serverKindOf(name: string): ServerKind {
  const kind = SERVER_KINDS.find((one) => one === name);
  if (kind === undefined) throw new Error(`no server is called "${name}"; there are ${SERVER_KINDS.join(", ")}`);
  return kind;
}

const PROGRAMS = { "redis-8.0": "redis-server", "valkey-8.1": "valkey-server" } as const;

const SUITE = "trixie";
const PACKAGES: readonly string[] = [
  ...["redis-server", "redis-tools", "valkey-server", "valkey-tools"],
  // What `ldd` names.
  ...[
    "libatomic1",
    "libc6",
    "libcap2",
    "libgcc-s1",
    "libjemalloc2",
    "liblzf1",
    "libssl3t64",
    "libstdc++6",
    "libsystemd0",
  ],
  ...["zlib1g", "libzstd1", "locales"],
];
const LOCALE = "en_US.UTF-8";
const KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg";

/**
 * @returns the command line that begins a server of this kind; its settings follow.
 * @throws Error where the packages cannot be downloaded.
 */
export function serverCommand(kind: ServerKind): readonly string[] {
  if (kind === "redis-7.0") return ["redis-server"];
  const root = serverPackages();
  const [libraries = ""] = readdirSync(path.join(root, "usr/lib"))
    .map((name) => path.join(root, "usr/lib", name))
    .filter((folder) => folder.endsWith("-linux-gnu"));
  const [loader = ""] = readdirSync(libraries).filter((name) => name.startsWith("ld-linux"));
  return [path.join(libraries, loader), "--library-path", libraries, path.join(root, "usr/bin", PROGRAMS[kind])];
}

/** @returns the environment of a Redis 7.0 that sorts text as in English, and not by its bytes. */
export function englishLocale(): Readonly<Record<string, string>> {
  return { LOCPATH: path.join(serverPackages(), "locale"), LC_ALL: LOCALE };
}

/**
 * @returns the folder of the unpacked packages. Two processes may get here at once: the first to finish wins.
 * @throws Error where the packages cannot be downloaded.
 */
export function serverPackages(): string {
  const key = createHash("sha256")
    .update(JSON.stringify([SUITE, PACKAGES]))
    .digest("hex")
    .slice(0, 12);
  const folder = path.join(CACHE_DIR, "servers", `${SUITE}-${key}`);
  if (existsSync(folder)) return folder;
  mkdirSync(path.dirname(folder), { recursive: true });
  const work = mkdtempSync(`${folder}.`);
  try {
    const root = path.join(work, "root");
    for (const file of downloadPackages(work)) runQuietly("dpkg-deb", ["-x", file, root]);
    mkdirSync(path.join(root, "locale"));
    const source = { I18NPATH: path.join(root, "usr/share/i18n") };
    const compiled = path.join(root, "locale", LOCALE);
    runQuietly("localedef", ["--no-archive", "-i", "en_US", "-f", "UTF-8", compiled], { env: source });
    // Onto a folder that is there already this fails, and that one is as good.
    if (!existsSync(folder)) renameSync(root, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}

/** @returns the package files, downloaded with an apt configuration that knows the one suite only. */
function downloadPackages(work: string): readonly string[] {
  for (const folder of ["lists/partial", "archives/partial", "sources", "debs"]) {
    mkdirSync(path.join(work, folder), { recursive: true });
  }
  writeFileSync(path.join(work, "status"), "");
  const signed = existsSync(KEYRING) ? `[signed-by=${KEYRING}] ` : "";
  writeFileSync(path.join(work, "sources/suite.list"), `deb ${signed}${debianMirror()} ${SUITE} main\n`);
  const options = {
    "Dir::Etc::sourcelist": "/dev/null",
    "Dir::Etc::sourceparts": path.join(work, "sources"),
    "Dir::State::lists": path.join(work, "lists"),
    "Dir::State::status": path.join(work, "status"),
    "Dir::Cache": path.join(work, "archives"),
    "APT::Sandbox::User": "root",
  };
  const args = Object.entries(options).flatMap(([name, value]) => ["-o", `${name}=${value}`]);
  runQuietly("apt-get", [...args, "update"]);
  const debs = path.join(work, "debs");
  runQuietly("apt-get", [...args, "download", ...PACKAGES], { cwd: debs });
  return readdirSync(debs).map((name) => path.join(debs, name));
}

/** @returns where this machine's own packages come from. */
function debianMirror(): string {
  const release = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
  const format = "$(REPO_URI) $(RELEASE) $(COMPONENT)";
  const lines = runQuietly("apt-get", ["indextargets", "--no-release-info", "--format", format]).split("\n");
  const own = lines
    .map((line) => line.split(" "))
    .find(([, suite, component]) => suite === release && component === "main");
  if (own?.[0] === undefined) throw new Error(`apt has no source of Debian packages for "${release}"`);
  return own[0];
}

function runQuietly(command: string, args: readonly string[], { env = {}, ...options }: SpawnSyncOptions = {}): string {
  const all = { ...options, encoding: "utf8", env: { ...process.env, ...env } } as const;
  const { status, stdout, stderr } = spawnSync(command, args, all);
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${stderr}`);
  return stdout;
}
