/** Time and stores that do as a test says. */
import type { Clock } from "../../../migration/engines/runtime";
import type { ScanPage, ShardStore } from "../../../migration/engines/shard-store";

/** A clock that stands still until somebody sleeps. */
export class FakeClock implements Clock {
  readonly slept: number[] = [];

  constructor(private ms = 1_000_000) {}

  now(): number {
    return this.ms;
  }

  sleep(ms: number): Promise<void> {
    this.slept.push(ms);
    this.ms += ms;
    return Promise.resolve();
  }

  /** Time that passes by itself. */
  pass(ms: number): void {
    this.ms += ms;
  }
}

/** A store that fails at every call but those given. */
export function fakeStore(name: string, methods: Partial<ShardStore>): ShardStore {
  return new Proxy({ name, ...methods } as ShardStore, {
    get: (target, property) => {
      const value: unknown = Reflect.get(target, property);
      if (value === undefined) throw new Error(`${name}: nobody expected ${String(property)}`);
      return value;
    },
  });
}

/** One page of a scan, as a script says it. */
export const page = (cursor: string, ...keys: readonly string[]): ScanPage => ({
  cursor,
  keys: keys.map((key) => Buffer.from(key)),
});
