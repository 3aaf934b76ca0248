import { World } from "./test/e2e/world";
import { mkdirSync } from "node:fs";
async function main() {
  const world = await World.create({ namespace: "explore", shards: ["shard-0","shard-1","shard-2"], keys: 0 });
  try {
    mkdirSync("/tmp/prof", {recursive:true});
    const s: any = world.stack;
    for (let i=0;i<2;i++) { const r = await world.stack.preview(); console.log("preview", r.code, r.durationMs); }
    s.extraEnv = { NODE_OPTIONS: "-r /tmp/prof.js" };
    process.env.NODE_OPTIONS="-r /tmp/prof.js";
    const r = await world.stack.preview(); console.log("preview", r.code, r.durationMs);
    delete process.env.NODE_OPTIONS; s.extraEnv={};
  } finally { await world.destroy(); }
}
main();
