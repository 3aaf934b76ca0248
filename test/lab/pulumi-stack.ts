/**
 * A stack of this project, driven by the real Pulumi CLI as an operator does, without touching the checkout: backend,
 * CLI home and stack config live in a folder of their own.
 *
 * `pulumi stack init` and `pulumi config` run in that folder, which holds a Pulumi.yaml of the same project name, since
 * they write beside it; everything that runs the program runs in the root of the checkout with `--config-file`.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { REPO_ROOT } from "./machine";
import { PulumiRun, tail, type RunResult } from "./pulumi-run";
import { USER_PLUGINS } from "./toolchain";

const PROJECT = "dedup-shards";

/** Whatever JSON has, or a secret. A key without a colon is one of the project's. */
export type Config = Readonly<Record<string, unknown>>;

export interface StackOptions {
  readonly name: string;
  readonly config: Config;
  /** For backend, home and config: a new temporary folder unless given. Another folder is another backend. */
  readonly dir?: string;
  /** The folder of the Pulumi program. @default the checkout */
  readonly program?: string;
  /** Added to the CLI's environment. */
  readonly env?: NodeJS.ProcessEnv;
  /** Whether what runs the program is to stay out of others' way. See `RunOptions`. */
  readonly background?: boolean;
}

export interface UpOptions {
  readonly skipPreview?: boolean;
  readonly refresh?: boolean;
  readonly onLine?: (line: string) => void;
}

export interface PreviewOptions {
  readonly json?: boolean;
  readonly diff?: boolean;
  /** More of the command line. */
  readonly args?: readonly string[];
  /** Added to the CLI's environment, for this preview. */
  readonly env?: NodeJS.ProcessEnv;
  /** The folder of another version of the program. */
  readonly program?: string;
  readonly onLine?: (line: string) => void;
}

export class PulumiStack {
  private values: Record<string, unknown> = {};

  private constructor(
    readonly name: string,
    readonly dir: string,
    private program: string,
    private extraEnv: NodeJS.ProcessEnv,
    private readonly background: boolean,
  ) {}

  /** Creates the folder, the backend and the stack. @throws Error when the CLI cannot */
  static async create(options: StackOptions): Promise<PulumiStack> {
    const { name, config, dir, program = REPO_ROOT, env = {}, background = false } = options;
    const folder = dir ?? mkdtempSync(path.join(tmpdir(), "dedup-stack-"));
    const stack = new PulumiStack(name, folder, program, env, background);
    for (const sub of ["backend", "home"]) mkdirSync(path.join(folder, sub), { recursive: true });
    const plugins = path.join(folder, "home/plugins");
    if (existsSync(USER_PLUGINS) && !existsSync(plugins)) symlinkSync(USER_PLUGINS, plugins);
    writeFileSync(path.join(folder, "Pulumi.yaml"), `name: ${PROJECT}\nruntime: nodejs\n`);
    await must(stack.manage(["stack", "init", name]));
    await stack.setConfig(config);
    return stack;
  }

  /** Sets the keys given and leaves the others; undefined removes one. `{ secret: "…" }` is stored encrypted. */
  async setConfig(partial: Config): Promise<void> {
    for (const [key, value] of Object.entries(partial)) {
      const full = key.includes(":") ? key : `${PROJECT}:${key}`;
      if (value === undefined) delete this.values[full];
      else this.values[full] = await this.sealed(full, value);
    }
    this.writeConfig();
  }

  /** From now on runs another copy of the program. */
  runFrom({ program, env }: { readonly program: string; readonly env: NodeJS.ProcessEnv }): void {
    this.program = program;
    this.extraEnv = { ...this.extraEnv, ...env };
  }

  preview({ json, diff, args = [], onLine, ...other }: PreviewOptions = {}): Promise<RunResult> {
    const shown = [...(json ? ["--json", "--show-sames"] : []), ...(diff ? ["--diff"] : []), ...args];
    return this.operate("preview", shown, onLine, other).done;
  }

  up(options: UpOptions = {}): Promise<RunResult> {
    return this.startUp(options).done;
  }

  /** `up` that goes on, to be watched or killed. */
  startUp({ skipPreview, refresh, onLine }: UpOptions = {}): PulumiRun {
    const how = [...(skipPreview ? ["--skip-preview"] : []), ...(refresh ? ["--refresh"] : [])];
    return this.operate("up", ["--yes", ...how], onLine);
  }

  /** @throws Error with the end of the output when the run fails */
  mustUp(options: UpOptions = {}): Promise<RunResult> {
    return must(this.up(options));
  }

  refresh(): Promise<RunResult> {
    return this.operate("refresh", ["--yes", "--skip-preview"]).done;
  }

  destroy(): Promise<RunResult> {
    return this.operate("destroy", ["--yes", "--skip-preview"]).done;
  }

  /** Takes away the lock that a killed run left, and puts the state right if it died while it was writing that. */
  cancel(): Promise<RunResult> {
    this.mendState();
    return this.manage(["cancel", "--yes", this.name]);
  }

  /** The stack's outputs, secrets masked. */
  async outputs(): Promise<Record<string, unknown>> {
    const { stdout } = await must(this.manage(["stack", "output", "--json", "--stack", this.name]));
    return JSON.parse(stdout) as Record<string, unknown>;
  }

  /** The state as it is stored: secrets encrypted. */
  async exportState(): Promise<unknown> {
    return JSON.parse((await must(this.manage(["stack", "export", "--stack", this.name]))).stdout);
  }

  /** Any other command that needs no program. */
  manage(args: readonly string[], input = ""): Promise<RunResult> {
    return new PulumiRun([...args, "--non-interactive", "--color", "never"], { cwd: this.dir, env: this.env(), input })
      .done;
  }

  /** Forgets the stack, resources and all. Destroy it first if they matter. */
  removeFiles(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** The stack config file, as the CLI reads it. */
  get configFile(): string {
    return path.join(this.dir, `Pulumi.${this.name}.yaml`);
  }

  /** The environment in which an operator's shell knows this stack. */
  get operatorEnv(): NodeJS.ProcessEnv {
    return this.env();
  }

  private operate(
    command: string,
    args: readonly string[],
    onLine?: (line: string) => void,
    { env = {}, program = this.program }: { env?: NodeJS.ProcessEnv; program?: string } = {},
  ): PulumiRun {
    const stack = ["--stack", this.name, "--config-file", this.configFile];
    return new PulumiRun([command, ...stack, ...args, "--non-interactive", "--color", "never"], {
      cwd: program,
      env: { ...this.env(), ...env },
      onLine,
      background: this.background,
    });
  }

  private env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      PULUMI_HOME: path.join(this.dir, "home"),
      PULUMI_BACKEND_URL: `file://${path.join(this.dir, "backend")}`,
      PULUMI_CONFIG_PASSPHRASE: "lab",
      PULUMI_SKIP_UPDATE_CHECK: "true",
      ...this.extraEnv,
    };
  }

  /**
   * The CLI writes two files in place: the state, whose last version it leaves beside it, and attributes, which it can do
   * without but cannot read when they are empty.
   */
  private mendState(): void {
    const file = path.join(this.dir, "backend/.pulumi/stacks", PROJECT, `${this.name}.json`);
    if (!isJson(file)) copyFileSync(`${file}.bak`, file);
    if (!isJson(`${file}.attrs`)) rmSync(`${file}.attrs`, { force: true });
  }

  /** A value with its secrets encrypted, those of its fields too. */
  private async sealed(key: string, value: unknown): Promise<unknown> {
    if (isSecret(value)) return { secure: await this.encrypt(key, value.secret) };
    if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
    const fields: Record<string, unknown> = {};
    for (const [field, inner] of Object.entries(value)) fields[field] = await this.sealed(key, inner);
    return fields;
  }

  /** Lets the CLI encrypt, since only it knows the format, in a file that holds nothing else. */
  private async encrypt(key: string, plaintext: string): Promise<string> {
    const file = path.join(this.dir, "encrypt.yaml");
    writeFileSync(file, `encryptionsalt: ${this.salt()}\n`);
    await must(this.manage(["config", "set", "--secret", "--stack", this.name, "--config-file", file, key], plaintext));
    const ciphertext = /secure: *(\S+)/.exec(readFileSync(file, "utf8"))?.[1];
    if (ciphertext === undefined) throw new Error(`pulumi config set --secret wrote no ciphertext for ${key}`);
    rmSync(file);
    return ciphertext;
  }

  private salt(): string {
    const salt = /encryptionsalt"?: *"?([^\s",}]+)/.exec(readFileSync(this.configFile, "utf8"))?.[1];
    if (salt === undefined) throw new Error(`${this.configFile} has no encryptionsalt`);
    return salt;
  }

  /** JSON is YAML. The salt, which the CLI wrote, stays. */
  private writeConfig(): void {
    writeFileSync(this.configFile, JSON.stringify({ encryptionsalt: this.salt(), config: this.values }, undefined, 2));
  }
}

function isJson(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, "utf8"));
    return true;
  } catch {
    return false;
  }
}

function isSecret(value: unknown): value is { secret: string } {
  return typeof value === "object" && value !== null && "secret" in value && typeof value.secret === "string";
}

/** An error stands above the outputs, which are long. */
const FAILURE_LINES = 250;

async function must(run: Promise<RunResult>): Promise<RunResult> {
  const result = await run;
  if (result.code !== 0) throw new Error(`pulumi failed (exit ${result.code}):\n${tail(result.output, FAILURE_LINES)}`);
  return result;
}
