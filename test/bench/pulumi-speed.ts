/**
 * What Pulumi itself costs, on the lab's Kubernetes: a preview and an `up` with nothing to do, of this program and of one
 * that declares a ConfigMap and nothing else; and the size of the state. `pulumi-speed.ts ROUNDS FILE` writes what it found.
 */
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { World } from "../e2e/world";
import { PulumiStack } from "../lab/pulumi-stack";
import type { RunResult } from "../lab/pulumi-run";
import { spread, type Spread } from "./contest";

const EMPTY_PROGRAM = path.join(__dirname, "empty-program");
const names = (count: number): string[] => Array.from({ length: count }, (_, i) => `shard-${i}`);
const RING = 3;
const LARGE_RING = 16;

/** Seconds that a command took. */
interface Times {
  readonly own: Spread;
  readonly empty: Spread;
}

/** What the state takes. */
interface StateSize {
  readonly shards: number;
  readonly bytes: number;
  /** As the file backend stores it with PULUMI_DIY_BACKEND_GZIP. */
  readonly gzippedBytes: number;
}

/** What was found. */
export interface PulumiSpeed {
  readonly preview: Times;
  /** With nothing to do. */
  readonly up: Times;
  readonly states: readonly StateSize[];
}

async function main([rounds = "", file = ""]: readonly string[]): Promise<void> {
  const found = await inWorld(RING, async ({ stack, namespace }) => {
    const empty = await PulumiStack.create({
      name: "empty",
      program: EMPTY_PROGRAM,
      config: { "kubernetes:namespace": namespace },
    });
    try {
      await empty.mustUp({ skipPreview: true });
      const preview = await sideBySide(Number(rounds), stack, empty, (it) => it.preview());
      const up = await sideBySide(Number(rounds), stack, empty, (it) => it.mustUp({ skipPreview: true }));
      return { preview, up, state: stateOf(stack, RING) };
    } finally {
      empty.removeFiles();
    }
  });
  const large = await inWorld(LARGE_RING, ({ stack }) => Promise.resolve(stateOf(stack, LARGE_RING)));
  const { preview, up, state } = found;
  writeFileSync(file, JSON.stringify({ preview, up, states: [state, large] } satisfies PulumiSpeed));
}

async function inWorld<T>(shards: number, work: (world: World) => Promise<T>): Promise<T> {
  const asAnOperatorHasIt = { program: "sources", config: { monitoring: { enabled: true } } } as const;
  const world = await World.create({
    ...{ namespace: `bench-${shards}`, shards: names(shards), keys: 0 },
    ...asAnOperatorHasIt,
  });
  try {
    return await work(world);
  } finally {
    await world.destroy();
  }
}

async function sideBySide(
  rounds: number,
  ownStack: PulumiStack,
  emptyStack: PulumiStack,
  run: (stack: PulumiStack) => Promise<RunResult>,
): Promise<Times> {
  const seconds = { own: [] as number[], empty: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const [name, stack] of [
      ["own", ownStack],
      ["empty", emptyStack],
    ] as const) {
      const { code, output, durationMs } = await run(stack);
      if (code !== 0) throw new Error(output);
      seconds[name].push(durationMs / 1_000);
    }
  }
  return { own: spread(seconds.own), empty: spread(seconds.empty) };
}

function stateOf({ dir, name }: PulumiStack, shards: number): StateSize {
  const state = readFileSync(path.join(dir, "backend/.pulumi/stacks/dedup-shards", `${name}.json`));
  return { shards, bytes: state.length, gzippedBytes: gzipSync(state).length };
}

main(process.argv.slice(2)).then(
  () => process.exit(0),
  (error: unknown) => {
    console.error(error);
    process.exit(1);
  },
);
