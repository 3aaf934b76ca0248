/** How the service is, while it can be asked for that. */
import { inFile } from "../mutation";

const GATE = inFile(
  "migration/engines/gate.ts",
  ["test/unit/engines/gate-metrics.test.ts"],
  [
    {
      name: "service-healthy",
      removed: "no cutover while the service is over its limits",
      find: "await assertHealthy(job.service, plannedRecord(job).baseline ?? {});",
      replace: "",
    },
    {
      name: "service-stable",
      removed: "dual-write does not go off before the service has been well for some time",
      find: "await assertStable(job.service, plannedRecord(job).baseline ?? {}, cutoverAtMs(job));",
      replace: "",
    },
  ],
);

const GATES = inFile(
  "migration/engines/service-gates.ts",
  ["test/unit/engines/service-gates.test.ts"],
  [
    {
      name: "service-since-cutover",
      removed: "only time since the cutover counts as well",
      find: "if (metrics.clock.now() < opensMs) {",
      replace: "if (metrics.clock.now() < 0) {",
    },
    {
      name: "service-unknown",
      removed: "what nobody can tell holds the phase",
      find: 'if (outcome === "pass") return;',
      replace: 'if (outcome !== "fail") return;',
    },
  ],
);

const BAKE = inFile(
  "migration/entrypoints/bake.ts",
  ["test/integration/metric-gates.test.ts"],
  [
    {
      name: "bake-once",
      removed: "a ring that has been baked is not judged again, and so not moved back long after",
      find: " || bakedEpoch === epoch",
      replace: "",
    },
  ],
);

const MOVED = inFile(
  "migration/entrypoints/open-run.ts",
  ["test/integration/metric-gates.test.ts"],
  [
    {
      name: "ring-moved-since",
      removed: "no step works by a ring that is no longer in force",
      find: "if (live === epoch) return { source, now };",
      replace: "if (live >= epoch) return { source, now };",
    },
  ],
);

const PAST_THE_GATE = inFile(
  "migration/entrypoints/open-run.ts",
  ["test/integration/moves.test.ts"],
  [
    {
      name: "past-the-gate",
      removed: "no step does the work of a phase that its gate has not let through",
      find: "configAt(epoch, configs) === podConfigOf(inputs.work as Phase)",
      replace: "podConfigOf(inputs.work as Phase)",
    },
  ],
);

const MOVE_BACK = inFile(
  "migration/entrypoints/move-back.ts",
  ["test/integration/metric-gates.test.ts"],
  [
    {
      name: "move-back-gate",
      removed: "a bake moves the ring back through the gate only",
      find: "  await askGate(here, there, secrets);\n",
      replace: "",
    },
    {
      name: "move-back-barrier",
      removed: "the ring is back when every pod runs it",
      find: "  await barrier(",
      replace: "  void (",
    },
  ],
);

const BRAKE = inFile(
  "migration/engines/service-brake.ts",
  ["test/unit/engines/service-brake.test.ts"],
  [
    {
      name: "brake-stops",
      removed: "the copy stops while the service stays over its limits",
      find: "return this.failures > this.metrics.settings.failureLimit ? 0 : this.level / 2;",
      replace: "return this.level / 2;",
    },
  ],
);

const THROTTLE = inFile(
  "migration/engines/throttle.ts",
  ["test/unit/engines/service-brake.test.ts"],
  [
    {
      name: "brake",
      removed: "the copy slows down while the service is over its limits",
      find: "this.share = this.brake ? await this.brake.share() : 1;",
      replace: "this.share = 1;",
    },
  ],
);

export const SERVICE = [GATE, GATES, BAKE, MOVED, PAST_THE_GATE, MOVE_BACK, BRAKE, THROTTLE].flat();
