/**
 * The policy pack: `pulumi preview --policy-pack policy`. A second line behind the gate, which an organisation owns: each
 * policy judges what the preview is about to declare, by rules written down here, and asks no engine for its verdict.
 */
import { PolicyPack } from "@pulumi/policy";
import { cleanupAfterVerify } from "./cleanup-after-verify";
import { copyRate } from "./copy-rate";
import { noEviction } from "./no-eviction";
import { noPhaseSkipped } from "./no-phase-skipped";
import { prodPassword } from "./prod-password";
import { ringShardsStay } from "./ring-shards-stay";

new PolicyPack("dedup-shards", {
  enforcementLevel: "mandatory",
  policies: [noPhaseSkipped, cleanupAfterVerify, ringShardsStay, noEviction, prodPassword, copyRate],
});
