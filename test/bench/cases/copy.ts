/** Copying the movers of one source to the shard that joins. They are known beforehand: only the copying is timed. */
import { SOURCE, type BenchRing } from "../bench-ring";
import type { Contest } from "../contest";
import { Cluster } from "../peers/cluster";
import { migrateCopy } from "../peers/migrate-copy";
import { pipelinedCopy } from "../peers/pipelined-copy";
import { rawCopy } from "../peers/raw-copy";
import { copier, ownCopier } from "./copying";

const MIGRATE_SIZES = [100, 200, 500];

/** Of a cluster's slots: as much as a shard gives away to a fourth one. */
const SLOT_SHARE = 0.27;

export async function copy(ring: BenchRing): Promise<Contest> {
  const keys = await ring.moversOf(SOURCE);
  const cluster = await Cluster.start(async (server) =>
    rawCopy(ring.server(SOURCE), server, await ring.keysOf(SOURCE)),
  );
  const [from, to] = [ring.server(SOURCE), ring.server(ring.joining)];
  const contender = (name: string, run: () => Promise<unknown>) => copier(ring, keys.length, name, run);
  return {
    title: "Copying",
    task: "copy the movers of one source to an empty shard; each command is answered for each key",
    contenders: [
      ownCopier(ring, keys),
      contender("GET → SET PXAT NX on a raw socket", () => rawCopy(from, to, keys)),
      contender("DUMP → RESTORE, pipelined (ioredis)", () => pipelinedCopy(from, to, keys)),
      ...MIGRATE_SIZES.map((size) =>
        contender(`MIGRATE COPY KEYS by ${size}`, () => migrateCopy(from, to, keys, size)),
      ),
      {
        name: "redis-cli --cluster reshard, pipeline 100, which deletes too",
        hasOwnServers: true,
        prepare: () => cluster.moveBack(SLOT_SHARE),
        run: () => cluster.move(SLOT_SHARE),
      },
    ],
    stop: () => cluster.stop(),
  };
}
