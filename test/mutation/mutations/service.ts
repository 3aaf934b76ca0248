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
      name: "bake-moved-back",
      removed: "a ring that was moved back is not baked",
      find: "  await assertNotMovedBack(news);\n",
      replace: "",
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
      find: "const share = this.brake ? await this.brake.share() : 1;",
      replace: "const share = 1;",
    },
  ],
);

export const SERVICE = [GATE, GATES, BAKE, BRAKE, THROTTLE].flat();
