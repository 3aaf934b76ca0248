/** Names of the metrics by which a migration reports, as the program passes them in: the engines own them. */
export type MigrationMetrics = Readonly<
  Record<
    | "phase"
    | "edgesDone"
    | "edgesPlanned"
    | "keysDone"
    | "keysPlanned"
    | "keysPerSecond"
    | "throttle"
    | "checkpoint"
    | "errors"
    | "verifyChecked"
    | "verifyMissing"
    | "verifyDifferent"
    | "verifyExtra"
    | "verifyRepaired",
    string
  >
>;
