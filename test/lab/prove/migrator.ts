/** Takes a stack through phases by `pulumi up`, again and again until each has succeeded, however often it is killed. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Config, PulumiStack } from "../pulumi-stack";
import type { RunResult } from "../pulumi-run";
import type { Chaos } from "./chaos";

/** An `up` that fails so often has a cause that another try does not mend. */
const ATTEMPTS = 6;

/** A phase that was brought about. */
export interface PhaseRun {
  readonly journey: string;
  readonly phase: string;
  readonly startedMs: number;
  readonly endedMs: number;
  /** Runs of `pulumi up` that it took. */
  readonly runs: number;
  /** The errors of those that failed by themselves. */
  readonly failures: readonly string[];
}

export class Migrator {
  readonly phases: PhaseRun[] = [];

  constructor(
    private readonly stack: PulumiStack,
    private readonly chaos: Chaos | undefined,
    private readonly say: (line: string) => void,
  ) {}

  /** @throws Error with the output when a run fails in quiet times, or too often among the chaos */
  async to(journey: string, phase: string, config: Config = {}): Promise<void> {
    const startedMs = Date.now();
    const failures: string[] = [];
    await this.stack.setConfig({ migrationPhase: phase, ...config });
    for (let runs = 1; ; runs++) {
      const result = await this.up(phase, this.chaos?.killUpAfterMs());
      if (result?.code === 0) {
        this.phases.push({ journey, phase, startedMs, endedMs: Date.now(), runs, failures });
        this.say(`${journey}: ${phase} after ${((Date.now() - startedMs) / 1000).toFixed(1)} s, ${runs} run(s)`);
        return;
      }
      if (result !== undefined) {
        if (this.chaos === undefined || runs >= ATTEMPTS) throw new Error(`${phase} failed:\n${result.output}`);
        failures.push(errorIn(result));
        this.say(`${journey}: ${phase} failed, and is run again: ${errorIn(result)}`);
      }
    }
  }

  /** @returns undefined when it was killed */
  private async up(phase: string, killAfterMs: number | undefined): Promise<RunResult | undefined> {
    const run = this.stack.startUp({ skipPreview: true });
    if (killAfterMs === undefined) return run.done;
    const result = await Promise.race([run.done, sleep(killAfterMs)]);
    if (result !== undefined) return result;
    this.chaos?.upWasKilled(phase);
    await run.kill();
    await this.stack.cancel();
    return undefined;
  }
}

function errorIn({ output }: RunResult): string {
  const lines = output.split("\n").map((line) => line.trim());
  const errors = lines.filter((line) => line.startsWith("error:") && !/update failed|failed to register/.test(line));
  return errors.at(-1) ?? "no error line";
}
