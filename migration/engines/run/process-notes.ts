import type { NotedProcess, RunningProcess } from "../../contract/shard-process";
import {
  readAbandonedRecord,
  readMigrationRecord,
  writeMigrationRecord,
  type MigrationRecord,
} from "../migration-record";
import type { Log } from "../runtime";
import type { FencingToken, ShardStore } from "../shard-store";
import { suspectsAmong } from "./suspect-shards";

/** The facts of the migration record that say which shards are trusted. */
export type ShardFacts = Required<Pick<MigrationRecord, "processes" | "lostWrites">>;

type Running = Readonly<Record<string, RunningProcess>>;

/** Notes in the migration record which server process answers for each shard of a run. */
export class ProcessNotes {
  /**
   * @param managed - shards that this program runs: they sync every write, also where they refuse to tell.
   */
  constructor(
    private readonly stores: readonly ShardStore[],
    private readonly managed: readonly string[],
  ) {}

  /** @returns the processes that answer now. */
  async running(): Promise<Running> {
    const found = this.stores.map(async (store) => [store.name, await store.process()] as const);
    return Object.fromEntries(await Promise.all(found));
  }

  /**
   * Notes in the open migration, if there is one, that both rings held the same while these processes ran.
   * @param more - what else the record says from now on.
   */
  async noteInStep(
    token: FencingToken,
    running: Running,
    more: Pick<MigrationRecord, "verifiedInEpoch"> = {},
  ): Promise<void> {
    const record = await readMigrationRecord(this.stores);
    if (record === undefined) return;
    const processes = { ...record.processes, ...(await this.noted(running)) };
    await writeMigrationRecord(this.stores, token, { ...record, ...more, processes, lostWrites: [] });
  }

  /** @returns what a record notes that nothing rests on yet. */
  async fresh(): Promise<ShardFacts> {
    return { processes: await this.noted(await this.running()), lostWrites: [] };
  }

  /**
   * Notes in the open migration which shards have lost writes, before their cards get a higher number; and the processes of
   * shards of which nothing is noted, as in a record of before.
   *
   * @param behind - shards whose cards are older than the others remember.
   * @returns what the record says from now on; what a new one is to say, where there is none.
   */
  async noteLosses(token: FencingToken, behind: readonly string[], log: Log): Promise<ShardFacts> {
    for (const shard of behind) log(lossOf(shard));
    const record = await readAbandonedRecord(this.stores);
    if (record === undefined) return this.fresh();
    const { processes = {}, lostWrites = [] } = record;
    const newlyLost = behind.filter((name) => !lostWrites.includes(name));
    const unnoted = this.stores.filter(({ name }) => !Object.hasOwn(processes, name));
    const found = await new ProcessNotes(unnoted, this.managed).fresh();
    const facts = { processes: { ...found.processes, ...processes }, lostWrites: [...lostWrites, ...newlyLost] };
    const isSaid = (name: string) => behind.includes(name);
    for (const name of await suspectsAmong(this.stores, { ...record, ...facts })) if (!isSaid(name)) log(doubtOf(name));
    if (newlyLost.length === 0 && unnoted.length === 0) return facts;
    await writeMigrationRecord(await this.knowing(record), token, { ...record, ...facts });
    return facts;
  }

  /** A shard that does not know the migration has lost its data, and must not seem to know it. */
  private async knowing({ id }: MigrationRecord): Promise<readonly ShardStore[]> {
    const records = await Promise.all(this.stores.map((store) => readAbandonedRecord([store])));
    return this.stores.filter((_, i) => records[i]?.id === id);
  }

  private async noted(running: Running): Promise<Readonly<Record<string, NotedProcess>>> {
    const stores = this.stores.filter(({ name }) => Object.hasOwn(running, name));
    const found = stores.map(async (store) => [store.name, await this.toNote(store, running)] as const);
    return Object.fromEntries(await Promise.all(found));
  }

  private async toNote(store: ShardStore, running: Running): Promise<NotedProcess> {
    const { isSoleWithAppendOnlyFile, ...process } = running[store.name] as RunningProcess;
    if (!isSoleWithAppendOnlyFile) return process;
    const syncsEveryWrite = (await store.syncsEveryWrite()) ?? this.managed.includes(store.name);
    return syncsEveryWrite ? { ...process, survivesRestart: true } : process;
  }
}

const doubtOf = (shard: string): string =>
  `warning: ${shard} is not the server process that it was when both rings last held the same, so its last writes may be ` +
  "missing. It decides nothing alone until a verify is clean. See docs/troubleshooting.md#lost-writes";

const lossOf = (shard: string): string =>
  `warning: ${shard} has lost writes: the other shards remember a later state of it than it has. It was restored from an ` +
  "older backup or snapshot, or failed over to a replica that lagged behind. See docs/troubleshooting.md#lost-writes";
