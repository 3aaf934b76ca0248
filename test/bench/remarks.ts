/** What the figures do not say by themselves: why they are what they are, and what was tried. */
export const REMARKS: readonly string[] = `## Why not faster

Both cores of the machine are busy while the engines run at full speed, the servers with most of it: what is left is CPU time
for each key. A further source is then no faster; on machines of their own sources work side by side.

**Copying.** Keys that the target does not have travel in one piece: a script on the source packs some of them, one on the target
unpacks them (MessagePack, which Redis' Lua has built in), so that the client sees one answer and sends one command for a batch.
Before, a script read values and another one compared and wrote them, each key and value an argument of its own: half as fast.
The names of keys that a script is asked for are packed as well: each as an argument cost the client a microsecond. RedisShake's
newest source, which was measured here, has several writers at once; the version that the aim was taken from had not.

**Verify and catch-up** read every key on both servers, \`GET\` and \`PEXPIRETIME\` from a script: more work for them than a copy, which
reads a key once and writes it once, and both come behind a scan that a copy needs as well. What has been tried: a digest of sixteen
keys for an answer (before: a fingerprint of each); one \`EXISTS\` for the way back (before: a look at each key on both sides);
only shards that have movers are scanned (before: all). Not taken: the values of a group by one \`MGET\`, which saves a tenth of
the server's time and sets no limit to how much a script reads at once. To be twice as fast as a copy a catch-up would have to know what was written
since, without a look at everything: servers do not tell (keyspace notifications are lost with a connection).

**Other types** are compared member by member, each with a SHA-1 of its own, so that servers of different versions and locales agree
and a large value can be read in parts. One SHA-1 over all members, as in commit c900845, was cheaper. In the script of one server a
value of 20 members takes 30 µs (hash), 27 µs (sorted set), 21 µs (list), 17 µs (set) or 107 µs (stream with a group); it took 27, 24,
11, 13 and 68 µs. A string takes 1.75 µs and took 1.74 µs. These are the shortest of hundreds of calls of both scripts in turn, so
that other load of the machine does not count. \`npm run bench -- --only none --beside CHECKOUT\` compares whole batches in the same
rounds by this checkout and by another one, such as one of c900845. A hash of 300,000 fields is compared in parts of 500;
\`npx ts-node -T test/bench/large-values.ts\` measures how long others wait for that.

**Memory** stays flat because nothing is kept for each key of a shard: a page of a scan, the keys of the batches under way, and,
so that none is counted twice, the names of one window of 40 pages. What is measured is the engine as its image has it, compiled;
with ts-node and its compiler in the process it took 131 MiB before the work. With \`execution: local\`
the engine works in Pulumi's own provider process, which has them, and Pulumi's packages besides.

**Pulumi.** A dynamic provider is a process of its own, which Node takes three quarters of a second to start, beside the program;
the Kubernetes client, without which the gate knows nothing of the backend, takes half a second to load. What has been tried: the
provider starts while the program still loads the rest; each entrypoint is loaded when it is needed; the providers' text in the
state only loads them; the type check is left to \`npm run typecheck\`.

**The state** is larger than the 200 kB that were aimed at with 16 shards, unless it is compressed. Looked at with three shards
(307 kB): the dashboards take 147 kB, because a ConfigMap stands there three times; each shard 26 kB, of which its StatefulSet is
12 kB, which the Kubernetes provider keeps three times as well, with the managed fields. What has been tried: of a dynamic resource
the provider's text was 5.5 kB, which Pulumi keeps with inputs and with outputs, and is 1.7 kB since it takes its methods from the
program when it is configured (before that the state had 370 kB with three shards and 845 kB with 16).
`.split("\n");
