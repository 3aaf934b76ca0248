/** One run of the Pulumi CLI. */
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { kill, killMarked, mark, marked } from "./processes";

/** The CLI says so many times a run for every plugin that it takes from PATH, which is where the lab has them all. */
const PLUGIN_FROM_PATH = /warning: using \S+ from \$PATH at /;

export interface RunResult {
  readonly code: number;
  /** stdout and stderr, in the order of their lines. */
  readonly output: string;
  /** stdout alone: what `--json` prints. */
  readonly stdout: string;
  readonly durationMs: number;
}

export interface RunOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Written to stdin: secrets must not be arguments. */
  readonly input?: string;
  readonly onLine?: ((line: string) => void) | undefined;
  /** Leaves the processors to whoever else wants them, as if it ran on another machine. */
  readonly background?: boolean;
}

/** A run that goes on. */
export class PulumiRun {
  /** Resolves when the CLI has ended, however it did. Never rejects, unless the CLI cannot be started. */
  readonly done: Promise<RunResult>;
  private readonly id = randomUUID();
  private readonly lines: string[] = [];
  private readonly stdoutLines: string[] = [];
  private readonly listeners = new Set<() => void>();
  private readonly pid: number | undefined;
  private ended = false;

  constructor(args: readonly string[], options: RunOptions) {
    const startedMs = Date.now();
    const command = [...(options.background ? ["nice", "-n", "19"] : []), "pulumi", ...args];
    const child = spawn(command[0] as string, command.slice(1), {
      cwd: options.cwd,
      env: { ...options.env, ...mark(this.id) },
      // Its own group, so that Ctrl-C in the terminal of the tests is the tests' own business.
      detached: true,
    });
    this.pid = child.pid;
    child.stdin.on("error", () => undefined); // it may end without reading
    child.stdin.end(options.input ?? "");
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        if (PLUGIN_FROM_PATH.test(line)) return;
        this.lines.push(line);
        if (stream === child.stdout) this.stdoutLines.push(line);
        options.onLine?.(line);
        this.notify();
      });
    }
    this.done = new Promise((resolve, reject) => {
      child.on("error", reject);
      // Not "close": a plugin that outlives a killed CLI holds its pipes open.
      child.on("exit", (code) => {
        setTimeout(() => {
          this.ended = true;
          this.notify();
          const stdout = this.stdoutLines.join("\n");
          resolve({ code: code ?? 137, output: this.output(), stdout, durationMs: Date.now() - startedMs });
        }, 50);
      });
    });
  }

  output(): string {
    return this.lines.join("\n");
  }

  /** Resolves with the first line that matches, also an earlier one; rejects when the run ends without it. */
  waitForLine(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const line = this.lines.find((text) => pattern.test(text));
        if (line === undefined && !this.ended) return;
        this.listeners.delete(look);
        if (line !== undefined) resolve(line);
        else reject(new Error(`the run ended without a line like ${String(pattern)}:\n${tail(this.output())}`));
      };
      this.listeners.add(look);
      look();
    });
  }

  /** Pids of the CLI, its plugins, the language host, dynamic providers, and whatever they started. */
  pids(): number[] {
    return marked(this.id);
  }

  /** SIGKILL to all of pids(), until none is left. The stack's lock stays. */
  async kill(): Promise<void> {
    // The CLI first, by its pid: on a busy machine it would take its next steps while the others are looked for.
    if (this.pid !== undefined) kill(this.pid, "SIGKILL");
    await killMarked(this.id);
    await this.done;
  }

  /** SIGKILL to the CLI alone, as when its terminal or CI job dies: plugins are orphaned. */
  async killCli(): Promise<void> {
    if (this.pid !== undefined) kill(this.pid, "SIGKILL");
    await this.done;
  }

  /** What one Ctrl-C does. */
  interrupt(): void {
    if (this.pid !== undefined) kill(this.pid, "SIGINT");
  }

  private notify(): void {
    for (const listener of [...this.listeners]) listener();
  }
}

/** The end of a long output. */
export function tail(output: string, lines = 60): string {
  return output.split("\n").slice(-lines).join("\n");
}
